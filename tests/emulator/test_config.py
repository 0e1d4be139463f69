"""AWS Config as its API reference describes it: recording, rules, evaluations and queries."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import EmbeddedAws, config, scenarios
from tests.emulator.conftest import REGION, Region, refused

NOW = datetime.now(UTC)


def evaluation(resource_id: str, verdict: str = "COMPLIANT", at: datetime = NOW, **more: Any) -> dict[str, Any]:
    """An evaluation as PutEvaluations takes it."""
    return {
        "ComplianceResourceType": "AWS::EC2::Instance",
        "ComplianceResourceId": resource_id,
        "ComplianceType": verdict,
        "OrderingTimestamp": at,
    } | more


def test_rule_needs_a_recorder(aws: EmbeddedAws) -> None:
    """A region without a recorder takes no rule."""
    made = Region(aws)
    made.add_function()

    with pytest.raises(ClientError) as error:
        made.put_rule()

    assert refused(error) == "NoAvailableConfigurationRecorderException"


def test_rule_needs_the_permission(aws: EmbeddedAws) -> None:
    """A function whose policy does not admit AWS Config of this account can't be a rule's."""
    made = Region(aws)
    aws.switch_on_config(REGION)
    made.add_function(source_account="999999999999")

    with pytest.raises(ClientError) as error:
        made.put_rule()

    assert refused(error) == "InsufficientPermissionsException"


def test_unknown_rule_is_not_described(aws: EmbeddedAws) -> None:
    """A name that no rule has is an error, and not an empty answer."""
    with pytest.raises(ClientError) as error:
        aws.client("config", REGION).describe_config_rules(ConfigRuleNames=["rule"])

    assert refused(error) == "NoSuchConfigRuleException"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        pytest.param('{"a":"  "}', "InvalidParameterValueException", id="blank"),
        pytest.param('{"a":7}', "InvalidParameterValueException", id="number"),
        pytest.param('{"a":""}', "InvalidParameterValueException", id="empty"),
        pytest.param('["a"]', "InvalidParameterValueException", id="list"),
        pytest.param("{", "InvalidParameterValueException", id="no JSON"),
        pytest.param('{"a":"' + "x" * 1017 + '"}', "ValidationException", id="1025 characters"),
    ],
)
def test_input_parameters_are_bounded(region: Region, parameters: str, code: str) -> None:
    """Parameters are a JSON object of strings that are not blank, 1,024 characters in all."""
    with pytest.raises(ClientError) as error:
        region.put_rule(parameters)

    assert refused(error) == code


def test_input_parameters_may_hold_blanks(region: Region) -> None:
    """A blank inside, before or behind a value is taken, and handed to the function."""
    region.put_rule('{"a":"443, 53","b":" c "}')
    region.launch()

    assert region.received[-1]["ruleParameters"] == '{"a":"443, 53","b":" c "}'


def test_longest_input_parameters(region: Region) -> None:
    """1,024 characters are taken, and handed to the function."""
    longest = '{"a":"' + "x" * 1016 + '"}'
    region.put_rule(longest)
    region.launch()

    assert len(longest) == 1024
    assert region.received[-1]["ruleParameters"] == longest


def test_instance_changes_are_delivered(region: Region) -> None:
    """Launch, stop, tagging and termination each send an item; the last carries no configuration."""
    ec2 = region.aws.client("ec2", REGION)
    instance = region.launch(KeyName="ops")
    ec2.stop_instances(InstanceIds=[instance])
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "a", "Value": "b"}])
    ec2.terminate_instances(InstanceIds=[instance])
    region.aws.settle()

    items = [each["configurationItem"] for each in region.items()]
    assert [item["configurationItemStatus"] for item in items] == ["ResourceDiscovered", "OK", "OK", "ResourceDeleted"]
    assert [(item["configuration"] or {}).get("state", {}).get("name") for item in items] == [
        "running",
        "stopped",
        "stopped",
        None,
    ]
    assert items[0]["configuration"]["keyName"] == "ops"
    assert items[2]["tags"] == {"a": "b"}
    times = [item["configurationItemCaptureTime"] for item in items]
    assert times == sorted(set(times))


def test_instance_without_a_key_pair(region: Region) -> None:
    """Its configuration has no key name."""
    region.launch()

    assert "keyName" not in region.items()[-1]["configurationItem"]["configuration"]


def test_oversized_item(region: Region) -> None:
    """An item that is too large is announced by a summary, and can be fetched from the history."""
    instance = region.launch(KeyName="ops")
    scenarios.send_oversized(REGION, instance)
    region.aws.client("ec2", REGION).stop_instances(InstanceIds=[instance])
    region.aws.settle()

    notification = region.items()[-1]
    assert notification["messageType"] == "OversizedConfigurationItemChangeNotification"
    assert "configurationItem" not in notification
    summary = notification["configurationItemSummary"]
    [item] = region.config.get_resource_config_history(
        resourceType="AWS::EC2::Instance",
        resourceId=instance,
        laterTime=datetime.fromisoformat(summary["configurationItemCaptureTime"]),
        limit=1,
    )["configurationItems"]
    assert json.loads(item["configuration"])["state"]["name"] == "stopped"


@pytest.mark.parametrize(("excluded", "recorded"), [("AWS::EC2::Volume", True), ("AWS::EC2::Instance", False)])
def test_recorder_leaves_out_what_it_excludes(region: Region, excluded: str, *, recorded: bool) -> None:
    """A recorder of everything but some types records the others."""
    [recorder] = region.config.describe_configuration_recorders()["ConfigurationRecorders"]
    group = {
        "exclusionByResourceTypes": {"resourceTypes": [excluded]},
        "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
    }
    region.config.put_configuration_recorder(ConfigurationRecorder=recorder | {"recordingGroup": group})
    region.launch()

    assert bool(region.items()) is recorded


def test_recording_mode_is_told(region: Region) -> None:
    """A recorder records continuously unless it is told to record daily, and says so."""
    [recorder] = region.config.describe_configuration_recorders()["ConfigurationRecorders"]
    assert recorder["recordingMode"] == {"recordingFrequency": "CONTINUOUS"}
    override = {"resourceTypes": ["AWS::EC2::Instance"], "recordingFrequency": "CONTINUOUS"}
    mode = {"recordingFrequency": "DAILY", "recordingModeOverrides": [override]}
    region.config.put_configuration_recorder(ConfigurationRecorder=recorder | {"recordingMode": mode})

    assert region.config.describe_configuration_recorders()["ConfigurationRecorders"][0]["recordingMode"] == mode


def test_stopped_recorder_records_nothing(region: Region) -> None:
    """While the recorder is stopped, AWS Config is blind."""
    region.config.stop_configuration_recorder(ConfigurationRecorderName="default")
    region.launch()

    assert region.received == []


@pytest.mark.parametrize("call", ["PutConfigRule", "StartConfigRulesEvaluation"])
def test_recorded_items_are_sent_again(region: Region, call: str) -> None:
    """A rule that changes or is evaluated on demand gets the last items again, old and deleted ones too."""
    kept, gone = region.launch(), region.launch()
    region.aws.client("ec2", REGION).terminate_instances(InstanceIds=[gone])
    region.aws.settle()
    recorded = [scenarios.history_of(REGION, each)[-1] for each in (kept, gone)]
    region.received.clear()
    asked_at = config.now()
    if call == "PutConfigRule":
        region.put_rule('{"a":"b"}')
    else:
        region.config.start_config_rules_evaluation(ConfigRuleNames=["rule"])
    region.aws.settle()

    items = [each["configurationItem"] for each in region.items()]
    assert [(each["resourceId"], each["configurationItemStatus"]) for each in items] == [
        (kept, "ResourceDiscovered"),
        (gone, "ResourceDeleted"),
    ]
    assert [each["configurationItemCaptureTime"] for each in items] == [
        config.iso(each.captured_at) for each in recorded
    ]
    assert all(each["notificationCreationTime"] >= config.iso(asked_at) for each in region.items())


def test_schedule_of_a_new_rule_fires_at_once(region: Region) -> None:
    """A rule with a schedule is evaluated as soon as it exists; one that changes waits for its schedule."""
    region.config.delete_config_rule(ConfigRuleName="rule")
    region.put_rule(schedule=True)
    assert [each["messageType"] for each in region.items()] == ["ScheduledNotification"]

    region.put_rule('{"a":"b"}', schedule=True)
    assert len(region.received) == 1


def test_results(region: Region) -> None:
    """What is reported can be asked for by rule and by resource."""
    region.put(evaluation("i-1", Annotation="because"), evaluation("i-2", "NON_COMPLIANT"))

    by_rule = region.config.get_compliance_details_by_config_rule(ConfigRuleName="rule")["EvaluationResults"]
    assert {
        each["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"]: each["ComplianceType"]
        for each in by_rule
    } == {"i-1": "COMPLIANT", "i-2": "NON_COMPLIANT"}
    [by_resource] = region.config.get_compliance_details_by_resource(
        ResourceType="AWS::EC2::Instance", ResourceId="i-1", ComplianceTypes=["COMPLIANT"]
    )["EvaluationResults"]
    assert by_resource["Annotation"] == "because"
    [rule] = region.config.describe_compliance_by_config_rule()["ComplianceByConfigRules"]
    assert rule["Compliance"]["ComplianceType"] == "NON_COMPLIANT"
    assert rule["Compliance"]["ComplianceContributorCount"] == {"CappedCount": 1, "CapExceeded": False}
    [resource] = region.config.describe_compliance_by_resource(ResourceId="i-1", ResourceType="AWS::EC2::Instance")[
        "ComplianceByResources"
    ]
    assert resource["Compliance"]["ComplianceType"] == "COMPLIANT"


def test_results_come_in_pages(region: Region) -> None:
    """At most 100 results come at once."""
    token = region.token()
    for start in (0, 100):
        region.put(*(evaluation(f"i-{n}") for n in range(start, start + 100)), token=token)

    first = region.config.get_compliance_details_by_config_rule(ConfigRuleName="rule", Limit=100)
    second = region.config.get_compliance_details_by_config_rule(
        ConfigRuleName="rule", Limit=100, NextToken=first["NextToken"]
    )
    assert (len(first["EvaluationResults"]), len(second["EvaluationResults"])) == (100, 100)
    assert "NextToken" not in second


def test_deleted_results(region: Region) -> None:
    """DeleteEvaluationResults and DeleteConfigRule forget the rule's results."""
    region.put(evaluation("i-1"))
    region.config.delete_evaluation_results(ConfigRuleName="rule")
    assert region.verdicts() == {}

    region.put(evaluation("i-1"))
    region.config.delete_config_rule(ConfigRuleName="rule")
    assert region.verdicts() == {}


@pytest.mark.parametrize(
    ("evaluations", "code"),
    [
        ([], "InvalidParameterValueException"),
        ([evaluation(f"i-{n}") for n in range(101)], "ValidationException"),
        ([evaluation("i-1", Annotation="x" * 257)], "ValidationException"),
        ([evaluation("i-1", "INSUFFICIENT_DATA")], "InvalidParameterValueException"),
    ],
    ids=["none", "101", "annotation of 257", "not a verdict to give"],
)
def test_evaluations_are_checked(region: Region, evaluations: list[dict[str, Any]], code: str) -> None:
    """A call takes 1 to 100 evaluations, and an annotation 256 characters."""
    with pytest.raises(ClientError) as error:
        region.put(*evaluations)

    assert refused(error) == code
    assert region.verdicts() == {}


def test_token_is_checked(region: Region) -> None:
    """Nothing is stored under a token that AWS Config has not given out."""
    with pytest.raises(ClientError) as error:
        region.put(evaluation("i-1"), token="made-up")  # noqa: S106

    assert refused(error) == "InvalidResultTokenException"


def test_token_of_a_deleted_rule(region: Region) -> None:
    """The rule must still exist when its function reports."""
    token = region.token()
    region.config.delete_config_rule(ConfigRuleName="rule")

    with pytest.raises(ClientError) as error:
        region.put(evaluation("i-1"), token=token)

    assert refused(error) == "NoSuchConfigRuleException"


def test_test_mode_stores_nothing(region: Region) -> None:
    """TestMode checks and forgets."""
    region.config.put_evaluations(Evaluations=[evaluation("i-1")], ResultToken="TESTMODE", TestMode=True)

    assert region.verdicts() == {}


@pytest.mark.parametrize(
    ("later", "verdict"), [(timedelta(seconds=1), "NON_COMPLIANT"), (-timedelta(seconds=1), "COMPLIANT")]
)
def test_newer_result_stays(region: Region, later: timedelta, verdict: str) -> None:
    """Of two results the one with the newer ordering timestamp stays."""
    region.put(evaluation("i-1", at=NOW))
    region.put(evaluation("i-1", "NON_COMPLIANT", at=NOW + later))

    assert region.verdicts() == {"i-1": verdict}


def test_later_call_stays_where_order_is_not_enforced(region: Region) -> None:
    """A test can have an older ordering timestamp replace a newer one, for AWS documents no order."""
    scenarios.enforce_order(REGION, enforced=False)
    region.put(evaluation("i-1", at=NOW))
    region.put(evaluation("i-1", "NON_COMPLIANT", at=NOW - timedelta(seconds=1)))

    assert region.verdicts() == {"i-1": "NON_COMPLIANT"}


def test_changes_of_verdict_are_events(region: Region) -> None:
    """A first verdict and each change of it is an event in AWS's shape; a verdict that stays is none."""
    queue_url = catch_events(region.aws)
    for seconds, verdict in enumerate(["COMPLIANT", "COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"]):
        region.put(evaluation("i-1", verdict, NOW + timedelta(seconds=seconds), Annotation=f"{seconds}"))
    region.put(evaluation("i-2", "NOT_APPLICABLE"))

    first, second, third = received(region.aws, queue_url)
    assert (first["source"], first["detail-type"]) == ("aws.config", "Config Rules Compliance Change")
    assert first["detail"]["messageType"] == "ComplianceChangeNotification"
    assert (first["detail"]["resourceId"], first["detail"]["configRuleName"]) == ("i-1", "rule")
    assert "oldEvaluationResult" not in first["detail"]
    changes = [each["detail"]["newEvaluationResult"] for each in (first, second, third)]
    assert [each["complianceType"] for each in changes] == ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"]
    assert [each.get("annotation") for each in changes] == ["0", "2", None]
    assert second["detail"]["oldEvaluationResult"]["complianceType"] == "COMPLIANT"


def catch_events(aws: EmbeddedAws) -> str:
    """Send every compliance change to a queue; returns its URL."""
    events, queues = aws.client("events", REGION), aws.client("sqs", REGION)
    admit = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:*", "Resource": "*"}
    url: str = queues.create_queue(QueueName="caught", Attributes={"Policy": json.dumps({"Statement": [admit]})})[
        "QueueUrl"
    ]
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.config"]}))
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": f"arn:aws:sqs:{REGION}:123456789012:caught"}])
    return url


def received(aws: EmbeddedAws, queue_url: str) -> list[dict[str, Any]]:
    """The events that a queue holds, oldest first."""
    answer = aws.client("sqs", REGION).receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
    return [json.loads(each["Body"]) for each in answer.get("Messages", [])]


@pytest.mark.parametrize(
    ("service", "action", "arguments"),
    [
        ("config", "get_stored_query", {"QueryName": "x"}),
        ("sns", "verify_sms_sandbox_phone_number", {"PhoneNumber": "+1", "OneTimePassword": "12345"}),
    ],
)
def test_missing_api_is_named_at_once(aws: EmbeddedAws, service: str, action: str, arguments: dict[str, Any]) -> None:
    """An API that the embedded AWS lacks answers with its name, and no server error that would be tried again."""
    with pytest.raises(ClientError, match="The embedded AWS does not have") as error:
        getattr(aws.client(service, REGION), action)(**arguments)

    assert refused(error) == "NotImplementedException"


def test_times_can_arrive_in_whole_seconds(region: Region) -> None:
    """Of two results of one second the later call's stays, and a history is asked for up to that second."""
    instance = region.launch()
    [item] = scenarios.history_of(REGION, instance)
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    later = item.captured_at.replace(microsecond=0) + timedelta(milliseconds=999)

    def items_until(moment: datetime) -> int:
        asked = {"resourceType": "AWS::EC2::Instance", "resourceId": instance, "laterTime": moment}
        return len(region.config.get_resource_config_history(**asked)["configurationItems"])

    with scenarios.whole_seconds(REGION):
        region.put(evaluation("i-1", "NON_COMPLIANT", noon + timedelta(milliseconds=900)))
        region.put(evaluation("i-1", "COMPLIANT", noon + timedelta(milliseconds=100)))
        assert region.verdicts()["i-1"] == "COMPLIANT"
        assert items_until(later) == (item.captured_at.microsecond == 0)
        assert items_until(later + timedelta(seconds=1)) == 1
    assert items_until(later) == 1


def test_a_history_that_was_forgotten_can_be_asked_for(region: Region) -> None:
    """A resource without items has an empty history and is not evaluated again."""
    instance = region.launch()
    scenarios.forget_history(REGION, instance)
    region.received.clear()
    region.config.start_config_rules_evaluation(ConfigRuleNames=["rule"])
    region.aws.settle()

    asked = {"resourceType": "AWS::EC2::Instance", "resourceId": instance}
    assert region.config.get_resource_config_history(**asked)["configurationItems"] == []
    assert region.received == []
