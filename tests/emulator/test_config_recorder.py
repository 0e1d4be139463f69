"""AWS Config's recorder as its API reference describes it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import EmbeddedAws

REGION = "eu-central-1"
INSTANCE, VOLUME = "AWS::EC2::Instance", "AWS::EC2::Volume"
INCLUDED: dict[str, Any] = {"allSupported": False, "resourceTypes": [INSTANCE, VOLUME]}
EXCLUDED: dict[str, Any] = {
    "allSupported": False,
    "exclusionByResourceTypes": {"resourceTypes": [VOLUME]},
    "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
}


@pytest.fixture
def client(aws: EmbeddedAws) -> Any:
    """AWS Config with a recorder."""
    aws.switch_on_config(REGION)
    return aws.client("config", REGION)


def recorder(client: Any, **changes: Any) -> dict[str, Any]:
    """The recorder, after changes if there are any."""
    [found] = client.describe_configuration_recorders()["ConfigurationRecorders"]
    if changes:
        client.put_configuration_recorder(ConfigurationRecorder=found | changes)
        return recorder(client)
    return dict(found)


def types(group: dict[str, Any]) -> list[str]:
    """The types that a recording group names."""
    return list(group["resourceTypes"] or group["exclusionByResourceTypes"]["resourceTypes"])


@pytest.mark.parametrize(("group", "left"), [(INCLUDED, [VOLUME]), (EXCLUDED, [VOLUME, INSTANCE])])
def test_types_are_taken_out_and_put_back(client: Any, group: dict[str, Any], left: list[str]) -> None:
    """DisassociateResourceTypes stops the recording of types, and AssociateResourceTypes begins it again."""
    arn = recorder(client, recordingGroup=group)["arn"]
    before = types(recorder(client)["recordingGroup"])

    client.disassociate_resource_types(ConfigurationRecorderArn=arn, ResourceTypes=[INSTANCE])
    assert types(recorder(client)["recordingGroup"]) == left
    answer = client.associate_resource_types(ConfigurationRecorderArn=arn, ResourceTypes=[INSTANCE])
    assert sorted(types(recorder(client)["recordingGroup"])) == sorted(before)
    assert answer["ConfigurationRecorder"]["arn"] == arn


def test_recorder_keeps_its_arn(client: Any) -> None:
    """A recorder that is changed is still the same."""
    arn = recorder(client)["arn"]

    assert arn.startswith(f"arn:aws:config:{REGION}:123456789012:configuration-recorder/default/")
    assert recorder(client, recordingGroup=INCLUDED)["arn"] == arn


def test_refusals(client: Any) -> None:
    """A recorder of all types has none to take out, and a recorder that is not there has none at all."""
    arn = recorder(client, recordingGroup={"allSupported": True})["arn"]
    for named, code in ((arn, "ValidationException"), (f"{arn}-other", "NoSuchConfigurationRecorderException")):
        with pytest.raises(ClientError) as error:
            client.disassociate_resource_types(ConfigurationRecorderArn=named, ResourceTypes=[INSTANCE])
        assert error.value.response["Error"]["Code"] == code
