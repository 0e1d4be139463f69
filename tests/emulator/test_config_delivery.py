"""AWS Config: what is recorded, and what rules are sent of it."""

import json
from datetime import datetime

import pytest

from tests.emulator import config_control, config_store
from tests.emulator.conftest import REGION, Region


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
    config_control.send_oversized(REGION, instance)
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
    recorded = [config_control.history_of(REGION, each)[-1] for each in (kept, gone)]
    region.received.clear()
    asked_at = config_store.now()
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
        config_store.iso(each.captured_at) for each in recorded
    ]
    assert all(each["notificationCreationTime"] >= config_store.iso(asked_at) for each in region.items())


def test_schedule_of_a_new_rule_fires_at_once(region: Region) -> None:
    """A rule with a schedule is evaluated as soon as it exists; one that changes waits for its schedule."""
    region.config.delete_config_rule(ConfigRuleName="rule")
    region.put_rule(schedule=True)
    assert [each["messageType"] for each in region.items()] == ["ScheduledNotification"]

    region.put_rule('{"a":"b"}', schedule=True)
    assert len(region.received) == 1
