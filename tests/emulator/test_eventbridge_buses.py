"""EventBridge: events that go to a bus of another account or region, and those that may not."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws, cloudwatch_metrics, eventbridge, organization
from tests.support.queues import messages

REGION, ELSEWHERE = "eu-west-1", "eu-central-1"
HUB, THIRD = "222222222222", "333333333333"
ORGANIZATION = "o-a1b2c3d4e5"
UNIT = f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/"
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/sender"
OF_ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}


def document(principal: Any, action: str, resource: str | None = None, condition: Any = None) -> str:
    """A policy of one statement, which is not in a list."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": action}
    statement |= {"Principal": principal} if principal else {}
    statement |= {"Resource": resource} if resource else {}
    statement |= {"Condition": condition} if condition else {}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def bus_arn(region: str = REGION, account: str = HUB) -> str:
    """The hub's bus."""
    return f"arn:aws:events:{region}:{account}:event-bus/hub"


def queue(aws: EmbeddedAws, name: str, region: str = REGION, account: str = ACCOUNT_ID) -> str:
    """A new queue that admits EventBridge."""
    arn = f"arn:aws:sqs:{region}:{account}:{name}"
    policy = document({"Service": "events.amazonaws.com"}, "sqs:SendMessage", arn)
    aws.client("sqs", region, account).create_queue(QueueName=name, Attributes={"Policy": policy})
    return arn


def make_hub(
    aws: EmbeddedAws, region: str = REGION, account: str = HUB, condition: Any = OF_ORGANIZATION, principal: Any = "*"
) -> str:
    """A bus with a policy, and a rule that sends everything of the service "test" to a queue, whose ARN it gives."""
    client = aws.client("events", region, account)
    client.create_event_bus(Name="hub")
    policy = document(principal, "events:PutEvents", bus_arn(region, account), condition)
    client.put_permission(EventBusName="hub", Policy=policy)
    arrived = queue(aws, "arrived", region, account)
    client.put_rule(Name="all", EventBusName="hub", EventPattern=json.dumps({"source": ["test"]}))
    client.put_targets(Rule="all", EventBusName="hub", Targets=[{"Id": "queue", "Arn": arrived}])
    return arrived


def make_role(aws: EmbeddedAws, target: str, service: str = "events.amazonaws.com") -> None:
    """The role with which the member's rule sends."""
    iam = aws.client("iam", REGION)
    iam.create_role(RoleName="sender", AssumeRolePolicyDocument=document({"Service": service}, "sts:AssumeRole"))
    iam.put_role_policy(RoleName="sender", PolicyName="send", PolicyDocument=document(None, "events:PutEvents", target))


def make_member(aws: EmbeddedAws, target: str, **more: Any) -> str:
    """A rule of the member that sends events of "test" to a bus; gives the ARN of its dead-letter queue."""
    client, dead = aws.client("events", REGION), queue(aws, "dead")
    client.put_rule(Name="forward", EventPattern=json.dumps({"source": ["test"]}))
    forward = {"Id": "hub", "Arn": target, "RoleArn": ROLE, "DeadLetterConfig": {"Arn": dead}}
    client.put_targets(Rule="forward", Targets=[forward | more])
    return dead


def fire(aws: EmbeddedAws, **place: Any) -> None:
    """Let the service "test" emit an event in the member, and wait for what comes of it."""
    eventbridge.publish(REGION, "test", "A Change", {"name": "value"}, resources=["arn:one"], time=WHEN, **place)
    aws.settle()


def dead_letter(aws: EmbeddedAws, arn: str) -> str:
    """The error code of the one dead letter, which was not tried again."""
    [message] = messages(aws, arn)
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert "RETRY_ATTEMPTS" not in attributes
    assert json.loads(message["Body"])["source"] == "test"
    return str(attributes["ERROR_CODE"])


@pytest.fixture
def member(aws: EmbeddedAws) -> EmbeddedAws:
    """The first account is in the organization."""
    organization.join({ACCOUNT_ID: UNIT})
    return aws


@pytest.mark.parametrize(("region", "account"), [(REGION, HUB), (ELSEWHERE, HUB), (ELSEWHERE, ACCOUNT_ID)])
def test_an_event_stays_the_members(member: EmbeddedAws, region: str, account: str) -> None:
    """It arrives as it was sent, and has another id in another region only."""
    sent = queue(member, "sent")
    arrived = make_hub(member, region, account)
    make_role(member, bus_arn(region, account))
    dead = make_member(member, bus_arn(region, account))
    member.client("events", REGION).put_targets(Rule="forward", Targets=[{"Id": "queue", "Arn": sent}])
    fire(member)

    [local], [remote] = ([json.loads(each["Body"]) for each in messages(member, arn)] for arn in (sent, arrived))
    assert (remote["account"], remote["region"], remote["time"]) == (ACCOUNT_ID, REGION, "2026-01-02T03:04:05Z")
    assert (remote["id"] == local["id"]) is (region == REGION)
    assert {**remote, "id": ""} == {**local, "id": ""}
    assert messages(member, dead) == []


CHILDREN = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": [f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/*"]}}


@pytest.mark.parametrize(
    ("condition", "principal", "path", "admitted"),
    [
        pytest.param(OF_ORGANIZATION, "*", f"{ORGANIZATION}/r-ab12/", True, id="organization"),
        pytest.param(OF_ORGANIZATION, "*", "o-ffffffffff/r-ab12/", False, id="another organization"),
        pytest.param(OF_ORGANIZATION, "*", None, False, id="no organization"),
        pytest.param(CHILDREN, "*", UNIT, True, id="path"),
        pytest.param(CHILDREN, "*", f"{UNIT}ou-ab12-22222222/", True, id="path below"),
        pytest.param(CHILDREN, "*", f"{ORGANIZATION}/r-ab12/ou-ab12-99999999/", False, id="another path"),
        pytest.param(CHILDREN, "*", None, False, id="no path"),
        pytest.param(None, {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}, None, True, id="account"),
        pytest.param(None, {"AWS": ACCOUNT_ID}, None, True, id="account's number"),
        pytest.param(None, {"AWS": THIRD}, UNIT, False, id="another account"),
        pytest.param({"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}}, "*", None, True, id="source account"),
        pytest.param(
            {"ArnLike": {"aws:SourceArn": f"arn:aws:events:*:{THIRD}:rule/*"}}, "*", None, False, id="another rule"
        ),
    ],
)
def test_the_bus_says_who_may_send(
    aws: EmbeddedAws, condition: Any, principal: Any, path: str | None, *, admitted: bool
) -> None:
    """PutTargets is refused where the policy of the bus does not admit the role, and nothing arrives later either."""
    if path:
        organization.join({ACCOUNT_ID: path})
    arrived = make_hub(aws, condition=condition, principal=principal)
    make_role(aws, bus_arn())
    if admitted:
        make_member(aws, bus_arn())
        fire(aws)
    else:
        with pytest.raises(ClientError, match=r"AccessDeniedException.*not authorized to perform: events:PutEvents"):
            make_member(aws, bus_arn())

    assert len(messages(aws, arrived)) == admitted


@pytest.mark.parametrize(
    ("target", "said"),
    [
        pytest.param({"Arn": bus_arn(), "RoleArn": None}, "RoleArn is required", id="no role to an account"),
        pytest.param(
            {"Arn": bus_arn(ELSEWHERE, ACCOUNT_ID), "RoleArn": None}, "RoleArn is required", id="no role to a region"
        ),
        pytest.param({"Arn": f"{bus_arn()}s"}, "AccessDeniedException", id="no such bus"),
        pytest.param({"Arn": bus_arn(), "InputPath": "$.detail"}, "Modifying the input", id="input"),
    ],
)
def test_targets_that_are_refused(member: EmbeddedAws, target: dict[str, Any], said: str) -> None:
    """A bus elsewhere needs a role, must be there, and takes events as they are."""
    make_hub(member)
    make_role(member, "*")
    client = member.client("events", REGION)
    client.put_rule(Name="forward", EventPattern=json.dumps({"source": ["test"]}))
    given = {"Id": "hub", "RoleArn": ROLE} | target

    with pytest.raises(ClientError, match=said):
        client.put_targets(Rule="forward", Targets=[{name: value for name, value in given.items() if value}])


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ("bus deleted", "NO_RESOURCE"),
        ("policy without the member", "NO_PERMISSIONS"),
        ("member has left", "NO_PERMISSIONS"),
        ("role without permission", "NO_PERMISSIONS"),
        ("role of another service", "FAILED_TO_ASSUME_ROLE"),
        ("role deleted", "FAILED_TO_ASSUME_ROLE"),
    ],
)
def test_what_cannot_be_sent_is_a_dead_letter_at_once(member: EmbeddedAws, broken: str, code: str) -> None:
    """The event lies in the member's queue, untried again, and is counted for the member's rule."""
    arrived = make_hub(member)
    make_role(member, bus_arn())
    dead = make_member(member, bus_arn())
    hub, iam = member.client("events", REGION, HUB), member.client("iam", REGION)
    match broken:
        case "bus deleted":
            hub.remove_targets(Rule="all", EventBusName="hub", Ids=["queue"])
            hub.delete_rule(Name="all", EventBusName="hub")
            hub.delete_event_bus(Name="hub")
        case "policy without the member":
            hub.put_permission(EventBusName="hub", Policy=document({"AWS": THIRD}, "events:PutEvents", bus_arn()))
        case "member has left":
            organization.leave(ACCOUNT_ID)
        case "role without permission":
            iam.delete_role_policy(RoleName="sender", PolicyName="send")
        case "role of another service":
            trust = document({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")
            iam.update_assume_role_policy(RoleName="sender", PolicyDocument=trust)
        case "role deleted":
            iam.delete_role_policy(RoleName="sender", PolicyName="send")
            iam.delete_role(RoleName="sender")
    fire(member)

    assert dead_letter(member, dead) == code
    assert messages(member, arrived) == []
    counted = {(each.name, *each.dimensions.items()) for each in cloudwatch_metrics.points(REGION)}
    assert counted == {(name, ("RuleName", "forward")) for name in ("FailedInvocations", "InvocationsSentToDlq")}
    assert cloudwatch_metrics.points(REGION, HUB) == []


def test_a_bus_that_fails_for_a_while_gets_the_event_later(member: EmbeddedAws) -> None:
    """What is no matter of permissions is tried again."""
    arrived = make_hub(member)
    make_role(member, bus_arn())
    make_member(member, bus_arn())
    eventbridge.outages(REGION)[bus_arn()] = timedelta(minutes=1)
    fire(member)

    assert len(messages(member, arrived)) == 1


def test_there_is_no_second_hop(member: EmbeddedAws) -> None:
    """What has come from another bus is not sent on to a third."""
    make_hub(member)
    third = make_hub(member, account=THIRD, condition=None)
    make_role(member, bus_arn())
    make_member(member, bus_arn())
    iam, hub = member.client("iam", REGION, HUB), member.client("events", REGION, HUB)
    trust = document({"Service": "events.amazonaws.com"}, "sts:AssumeRole")
    role = iam.create_role(RoleName="hub", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="hub", PolicyName="send", PolicyDocument=document(None, "events:PutEvents", "*"))
    dead = queue(member, "dead", account=HUB)
    onward = {"Id": "on", "Arn": bus_arn(account=THIRD), "RoleArn": role, "DeadLetterConfig": {"Arn": dead}}
    hub.put_targets(Rule="all", EventBusName="hub", Targets=[onward])
    fire(member)

    assert dead_letter(member, dead) == "THIRD_ACCOUNT_HOP_DETECTED"
    assert messages(member, third) == []
    dimensions = {tuple(sorted(each.dimensions.items())) for each in cloudwatch_metrics.points(REGION, HUB)}
    assert dimensions == {(("EventBusName", "hub"), ("RuleName", "all"))}


def test_a_policy_replaces_the_one_before(aws: EmbeddedAws) -> None:
    """PutPermission with a policy leaves nothing of the old one, and one by parameters adds a statement."""
    make_hub(aws)
    client = aws.client("events", REGION, HUB)
    new = json.loads(document({"AWS": f"arn:aws:iam::{THIRD}:root"}, "events:PutEvents", bus_arn()))
    new["Statement"]["Sid"] = "Other"
    client.put_permission(EventBusName="hub", Policy=json.dumps(new))

    told = json.loads(client.describe_event_bus(Name="hub")["Policy"])
    assert told["Statement"] == [new["Statement"]]

    client.put_permission(EventBusName="hub", Action="events:PutEvents", Principal=ACCOUNT_ID, StatementId="one")
    told = json.loads(client.describe_event_bus(Name="hub")["Policy"])
    assert [each["Principal"]["AWS"].split(":")[4] for each in told["Statement"]] == [THIRD, ACCOUNT_ID]

    client.remove_permission(EventBusName="hub", RemoveAllPermissions=True)
    assert "Policy" not in client.describe_event_bus(Name="hub")
    with pytest.raises(ClientError, match="PolicyLengthExceededException"):
        client.put_permission(EventBusName="hub", Policy=document("*", "events:PutEvents", "a" * 10_240))


def test_nobody_can_put_events_of_an_aws_service(aws: EmbeddedAws) -> None:
    """PutEvents refuses AWS's own sources on every bus."""
    make_hub(aws, principal="*", condition=None)
    entry = {"DetailType": "Config Rules Compliance Change", "Detail": "{}", "EventBusName": bus_arn()}
    client = aws.client("events", REGION)

    answer = client.put_events(Entries=[entry | {"Source": "aws.config"}, entry | {"Source": "mine"}])

    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_who_may_put_events_of_their_own(aws: EmbeddedAws) -> None:
    """An account that the policy admits puts an event of its own on the bus; another is refused."""
    arrived = make_hub(aws, principal={"AWS": ACCOUNT_ID}, condition=None)
    entry = {"Source": "test", "DetailType": "Mine", "Detail": "{}", "EventBusName": bus_arn()}
    aws.client("events", REGION).put_events(Entries=[entry])
    with pytest.raises(ClientError, match="AccessDeniedException"):
        aws.client("events", REGION, THIRD).put_events(Entries=[entry])
    aws.settle()

    assert [json.loads(each["Body"])["account"] for each in messages(aws, arrived)] == [ACCOUNT_ID]


def test_a_replay_goes_to_the_rules_that_it_names(member: EmbeddedAws) -> None:
    """What an archive has kept comes back to one rule, marked, and is not archived once more."""
    arrived = make_hub(member)
    client, other = member.client("events", REGION, HUB), queue(member, "other", account=HUB)
    client.put_rule(Name="other", EventBusName="hub", EventPattern=json.dumps({"source": ["test"]}))
    client.put_targets(Rule="other", EventBusName="hub", Targets=[{"Id": "queue", "Arn": other}])
    client.create_archive(ArchiveName="kept", EventSourceArn=bus_arn())
    make_role(member, bus_arn())
    make_member(member, bus_arn())
    fire(member)
    assert (len(messages(member, arrived)), len(messages(member, other))) == (1, 1)

    client.start_replay(
        ReplayName="again",
        EventSourceArn=f"arn:aws:events:{REGION}:{HUB}:archive/kept",
        EventStartTime=WHEN - timedelta(hours=1),
        EventEndTime=WHEN + timedelta(hours=1),
        Destination={"Arn": bus_arn(), "FilterArns": [f"arn:aws:events:{REGION}:{HUB}:rule/hub/all"]},
    )
    member.settle()

    [message] = messages(member, arrived)
    assert json.loads(message["Body"])["replay-name"] == "again"
    assert messages(member, other) == []
    assert client.describe_archive(ArchiveName="kept")["EventCount"] == 1
    listed = {rule["Name"]: rule.get("ManagedBy") for rule in client.list_rules(EventBusName="hub")["Rules"]}
    assert listed == {"all": None, "other": None, "Events-Archive-kept": "prod.vhs.events.aws.internal"}
