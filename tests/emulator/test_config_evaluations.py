"""AWS Config: evaluations, the results that they leave, and the events of changed verdicts."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import EmbeddedAws, config_control
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
    config_control.enforce_order(REGION, enforced=False)
    region.put(evaluation("i-1", at=NOW))
    region.put(evaluation("i-1", "NON_COMPLIANT", at=NOW - timedelta(seconds=1)))

    assert region.verdicts() == {"i-1": "NON_COMPLIANT"}


@pytest.mark.parametrize("renewed", [True, False])
def test_time_of_a_repeated_verdict(region: Region, *, renewed: bool) -> None:
    """A repeated verdict has a new recording time or that of the first. AWS does not say which."""
    config_control.renew_results(REGION, renewed)
    times = []
    for seconds in range(2):
        region.put(evaluation("i-1", at=NOW + timedelta(seconds=seconds)))
        [found] = region.config.get_compliance_details_by_config_rule(ConfigRuleName="rule")["EvaluationResults"]
        times.append(found["ResultRecordedTime"])

    assert (times[1] > times[0]) is renewed


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


def test_times_can_arrive_in_whole_seconds(region: Region) -> None:
    """Of two results of one second the later call's stays, and a history is asked for up to that second."""
    instance = region.launch()
    [item] = config_control.history_of(REGION, instance)
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    later = item.captured_at.replace(microsecond=0) + timedelta(milliseconds=999)

    def items_until(moment: datetime) -> int:
        asked = {"resourceType": "AWS::EC2::Instance", "resourceId": instance, "laterTime": moment}
        return len(region.config.get_resource_config_history(**asked)["configurationItems"])

    with config_control.whole_seconds(REGION):
        region.put(evaluation("i-1", "NON_COMPLIANT", noon + timedelta(milliseconds=900)))
        region.put(evaluation("i-1", "COMPLIANT", noon + timedelta(milliseconds=100)))
        assert region.verdicts()["i-1"] == "COMPLIANT"
        assert items_until(later) == (item.captured_at.microsecond == 0)
        assert items_until(later + timedelta(seconds=1)) == 1
    assert items_until(later) == 1


def test_a_history_that_was_forgotten_can_be_asked_for(region: Region) -> None:
    """A resource without items has an empty history and is not evaluated again."""
    instance = region.launch()
    config_control.forget_history(REGION, instance)
    region.received.clear()
    region.config.start_config_rules_evaluation(ConfigRuleNames=["rule"])
    region.aws.settle()

    asked = {"resourceType": "AWS::EC2::Instance", "resourceId": instance}
    assert region.config.get_resource_config_history(**asked)["configurationItems"] == []
    assert region.received == []
