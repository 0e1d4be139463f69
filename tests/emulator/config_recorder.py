"""AWS Config's recorder: the calls that change what is recorded, and CloudTrail's record of them.

- https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingMode.html
- https://docs.aws.amazon.com/config/latest/APIReference/API_AssociateResourceTypes.html
- https://docs.aws.amazon.com/config/latest/APIReference/API_DisassociateResourceTypes.html
- Events: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html

A trail that logs management events is assumed to exist: calls on the recorder that succeed reach EventBridge.
"""

import uuid
from typing import Any

from moto.config.exceptions import NoSuchConfigurationRecorderException, ValidationException
from moto.config.models import ConfigBackend, ConfigRecorder
from moto.config.responses import ConfigResponse
from moto.core.responses import ActionResult

from tests.emulator import eventbridge
from tests.emulator.config_delivery import PRINCIPAL
from tests.emulator.config_store import now
from tests.emulator.moto_methods import extends


def record_call(backend: ConfigBackend, call: str, parameters: dict[str, Any]) -> None:
    """Send an event about a call on the recorder to EventBridge, as CloudTrail does."""
    detail = {
        "eventVersion": "1.09",
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{backend.account_id}:user/administrator"},
        "eventTime": now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": PRINCIPAL,
        "eventName": call,
        "awsRegion": backend.region_name,
        "requestParameters": parameters,
        "responseElements": None,
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
    }
    eventbridge.publish(
        backend.region_name, "aws.config", "AWS API Call via CloudTrail", detail, account=backend.account_id
    )


@extends(ConfigBackend)
def put_configuration_recorder(self: ConfigBackend, config_recorder: dict[str, Any]) -> None:
    """PutConfigurationRecorder; moto keeps neither the recording mode nor an ARN."""
    before = self.recorders.get(config_recorder["name"])
    put_configuration_recorder.replaced(self, config_recorder)
    name = config_recorder["name"]
    place = f"arn:aws:config:{self.region_name}:{self.account_id}:configuration-recorder"
    vars(self.recorders[name]).update(
        arn=vars(before)["arn"] if before else f"{place}/{name}/{uuid.uuid4().hex[:16]}",
        recording_mode={"recordingFrequency": "CONTINUOUS"} | config_recorder.get("recordingMode", {}),
    )
    record_call(self, "PutConfigurationRecorder", {"configurationRecorder": config_recorder})


@extends(ConfigBackend)
def stop_configuration_recorder(self: ConfigBackend, recorder_name: str) -> None:
    """StopConfigurationRecorder."""
    stop_configuration_recorder.replaced(self, recorder_name)
    record_call(self, "StopConfigurationRecorder", {"configurationRecorderName": recorder_name})


@extends(ConfigBackend)
def delete_configuration_recorder(self: ConfigBackend, recorder_name: str) -> None:
    """DeleteConfigurationRecorder."""
    delete_configuration_recorder.replaced(self, recorder_name)
    record_call(self, "DeleteConfigurationRecorder", {"configurationRecorderName": recorder_name})


@extends(ConfigResponse)
def associate_resource_types(self: ConfigResponse) -> ActionResult:
    """AssociateResourceTypes."""
    return change_types(self, "AssociateResourceTypes", is_recorded=True)


@extends(ConfigResponse)
def disassociate_resource_types(self: ConfigResponse) -> ActionResult:
    """DisassociateResourceTypes."""
    return change_types(self, "DisassociateResourceTypes", is_recorded=False)


def change_types(response: ConfigResponse, call: str, *, is_recorded: bool) -> ActionResult:
    """Start or stop recording some types."""
    backend = response.config_backend
    arn, types = response._get_param("ConfigurationRecorderArn"), response._get_param("ResourceTypes")
    group = recorder_with(backend, arn).recording_group
    strategy = (group.recording_strategy or {}).get("useOnly")
    if strategy == "INCLUSION_BY_RESOURCE_TYPES":
        group.resource_types = changed(group.resource_types or [], types, is_listed=is_recorded)
    elif strategy == "EXCLUSION_BY_RESOURCE_TYPES":
        excluded = (group.exclusion_by_resource_types or {}).get("resourceTypes", [])
        group.exclusion_by_resource_types = {"resourceTypes": changed(excluded, types, is_listed=not is_recorded)}
    else:
        raise ValidationException(f"The recording strategy {strategy} does not support {call}.")
    record_call(backend, call, {"configurationRecorderArn": arn, "resourceTypes": types})
    return ActionResult({"ConfigurationRecorder": recorder_with(backend, arn).to_dict()})


def recorder_with(backend: ConfigBackend, arn: str) -> ConfigRecorder:
    """The recorder with an ARN."""
    found = next((each for each in backend.recorders.values() if vars(each)["arn"] == arn), None)
    if found is None:
        raise NoSuchConfigurationRecorderException(arn)
    return found


def changed(listed: list[str], types: list[str], *, is_listed: bool) -> list[str]:
    """A list of types with some added or removed."""
    others = [each for each in listed if each not in types]
    return others + types if is_listed else others
