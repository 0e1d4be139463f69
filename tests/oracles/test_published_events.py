"""The parsers read the events that AWS publishes.

``recordings/published_events.json`` has them, their long lists cut:

- a change, an oversized one, a schedule:
  https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config_develop-rules_example-events.html
- an instance's change with what differs:
  https://docs.aws.amazon.com/config/latest/developerguide/example-sns-notification.html
- a change of verdict:
  https://docs.aws.amazon.com/config/latest/developerguide/example-config-rule-compliance-notification.html
- the log of a call that stops the recorder, and a role's identity in one:
  https://docs.aws.amazon.com/config/latest/developerguide/cloudtrail-log-files-for-aws-config.html
- a service's identity, which has no ARN:
  https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from evaluator.compliance import Instance
from evaluator.config_events import (
    InvalidEventError,
    InvalidRuleParametersError,
    OversizedChange,
    ResourceChange,
    RuleEvent,
    Schedule,
    parse,
)
from notifier import events

from tests.oracles.tally import judged

EVENTS: dict[str, Any] = json.loads((Path(__file__).parent / "recordings" / "published_events.json").read_text())
INSTANCE = "AWS::EC2::Instance"


def invocation(name: str, **changed: Any) -> dict[str, Any]:
    """The event that AWS Config sends to a function, with one of its published notifications."""
    return {
        "invokingEvent": json.dumps(EVENTS[name]),
        "ruleParameters": "{}",
        "resultToken": "myResultToken",
        "eventLeftScope": False,
        "executionRoleArn": "arn:aws:iam::123456789012:role/config-role",
        "configRuleArn": "arn:aws:config:us-east-2:123456789012:config-rule/config-rule-0123456",
        "configRuleName": "periodic-config-rule",
        "configRuleId": "config-rule-6543210",
        "accountId": "123456789012",
        "version": "1.0",
        **changed,
    }


def read(name: str) -> RuleEvent:
    """A published notification as the evaluator reads it."""
    judged("published events of AWS")
    return parse(invocation(name))


def test_change() -> None:
    """The published configuration is a placeholder, which is refused; with a state in it the whole item is read.

    Without a notification's time, the capture time counts.
    """
    with pytest.raises(InvalidEventError, match="state is missing"):
        read("change")

    published = EVENTS["change"]["configurationItem"]
    whole = {**published, "configuration": {**published["configuration"], "state": {"code": 16, "name": "running"}}}
    notification = json.dumps({**EVENTS["change"], "configurationItem": whole})
    event = parse(invocation("change", invokingEvent=notification))
    captured = datetime(2016, 2, 17, 1, 36, 34, 43000, UTC)
    assert event.trigger == ResourceChange(INSTANCE, "i-00000000", captured, Instance(None, "running", {"Foo": "Bar"}))
    assert (event.notified_at, event.today) == (captured, date(2016, 2, 17))


def test_oversized() -> None:
    """The summary of an oversized item names what is to be fetched."""
    captured = datetime(2016, 10, 6, 16, 46, 16, 261000, UTC)
    assert read("oversized").trigger == OversizedChange(INSTANCE, "i-00000000", captured)


def test_schedule() -> None:
    """A schedule has its rule and its time."""
    notified = datetime(2016, 7, 13, 21, 50, 0, 373000, UTC)
    assert read("schedule").trigger == Schedule("periodic-config-rule", notified)


def test_change_with_a_diff() -> None:
    """The difference from the last item does not matter, only the item itself."""
    trigger = read("change_with_a_diff").trigger
    assert isinstance(trigger, ResourceChange)
    assert trigger.resource_id == "i-007d374c8912e3e90"
    assert trigger.instance == Instance("ec2-micro", "running", {"Name": "value"})


def test_parameters_of_another_rule() -> None:
    """The parameters on AWS's page are not this rule's, and the error names them."""
    with pytest.raises(InvalidRuleParametersError, match="myParameterKey"):
        parse(invocation("change", ruleParameters='{"myParameterKey":"myParameterValue"}'))


def compliance_change(**detail: Any) -> str:
    """The published change of verdict as EventBridge delivers it."""
    return enveloped("aws.config", "Config Rules Compliance Change", EVENTS["compliance_change"] | detail)


def enveloped(source: str, kind: str, detail: dict[str, Any], account: str = "123456789012") -> str:
    """The event for a detail, with the fields that the notifier reads."""
    judged("published events of AWS")
    return json.dumps(
        {"source": source, "detail-type": kind, "account": account, "region": detail["awsRegion"], "detail": detail}
    )


@pytest.mark.parametrize("mode", [{}, {"evaluationMode": "DETECTIVE"}])
def test_compliance_change(mode: dict[str, str]) -> None:
    """Nulls for annotation and token, an old result, and a mode in the qualifier change nothing in what is read."""
    new = json.loads(json.dumps(EVENTS["compliance_change"]["newEvaluationResult"]))
    new["evaluationResultIdentifier"]["evaluationResultQualifier"] |= mode
    change = events.parse(compliance_change(resourceId="i-00000000", resourceType=INSTANCE, newEvaluationResult=new))
    assert isinstance(change, events.Change)
    assert (change.instance_id, change.verdict, change.annotation) == ("i-00000000", "COMPLIANT", None)
    assert change[:3] == ("123456789012", "us-east-2", "cloudtrail-enabled")
    assert change.recorded_at == datetime(2016, 9, 27, 19, 48, 41, 405000, UTC)


def test_compliance_change_of_no_instance() -> None:
    """The page's own resource is an account, which is refused by its name."""
    with pytest.raises(events.InvalidEventError, match="resourceType is 'AWS::::Account'"):
        events.parse(compliance_change())


@pytest.mark.parametrize(
    ("identity", "caller"),
    [
        (None, "arn:aws:iam::222222222222:user/JohnDoe"),
        ("assumed_role", EVENTS["assumed_role"]["arn"]),
        ("aws_service", None),
    ],
)
def test_recorder_call(identity: str | None, caller: str | None) -> None:
    """The published log of a call names a user, a role's session, or a service that has no ARN."""
    log = EVENTS["recorder_call"] | ({"userIdentity": EVENTS[identity]} if identity else {})

    call = events.parse(enveloped("aws.config", "AWS API Call via CloudTrail", log, account="222222222222"))

    assert isinstance(call, events.RecorderCall)
    assert (call.call, call.caller, call.region) == ("StopConfigurationRecorder", caller, "us-west-2")
    assert call.key == log["eventID"]
