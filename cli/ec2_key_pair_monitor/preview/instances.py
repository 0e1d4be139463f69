"""Reads the instances of a region, one by one, from EC2 or from AWS Config's inventory. Knows no policy."""

import json
import xml.etree.ElementTree as ET  # nosec B405
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ec2_key_pair_monitor.compliance import Instance

# A terminated instance stays visible for about an hour, and gets no verdict.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
_EXISTING = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
_INVENTORY = (
    "SELECT resourceId, configuration.keyName, configuration.state.name, configuration.launchTime, tags "
    "WHERE resourceType = 'AWS::EC2::Instance'"
)


class Found(NamedTuple):
    """An instance, or None if its configuration is missing. It was launched at ``launched_at`` or earlier."""

    id: str
    instance: Instance | None
    launched_at: datetime | None = None


def from_ec2(client: Any) -> Iterator[Found]:
    """Yield the existing instances, from DescribeInstances."""
    client.meta.events.register("before-parse.ec2.DescribeInstances", _read_what_is_needed)
    pages = client.get_paginator("describe_instances").paginate(
        Filters=[_EXISTING], PaginationConfig={"PageSize": 1000}
    )
    for page in pages:
        for reservation in page["Reservations"]:
            yield from map(_described, reservation["Instances"])


def from_config(client: Any) -> Iterator[Found]:
    """Yield the instances that AWS Config has recorded, from SelectResourceConfig."""
    pages = client.get_paginator("select_resource_config").paginate(
        Expression=_INVENTORY, PaginationConfig={"PageSize": 100}
    )
    # A page can contain a row twice, or repeat a row of the last page.
    before: dict[str, Found] = {}
    for page in pages:
        found = {each.id: each for each in map(_recorded, page["Results"])}
        yield from (each for each in found.values() if each.id not in before)
        before = found


def _described(instance: Mapping[str, Any]) -> Found:
    # A start changes LaunchTime. The first network interface is attached at launch and never detached.
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
    times = [
        each["Attachment"]["AttachTime"]
        for each in instance.get("NetworkInterfaces", [])
        if each.get("Attachment", {}).get("DeviceIndex") == 0
    ]
    if started := instance.get("LaunchTime"):
        times.append(started)
    tags = {each["Key"]: each.get("Value", "") for each in instance.get("Tags", [])}
    return Found(
        instance["InstanceId"],
        Instance(instance.get("KeyName"), instance.get("State", {}).get("Name"), tags),
        min(times, default=None),
    )


def _recorded(text: str) -> Found:
    row = json.loads(text)
    configuration = row.get("configuration") or {}
    state = (configuration.get("state") or {}).get("name")
    if not state:
        # Every instance has a state. Without it the data is incomplete, and a missing key name proves nothing.
        return Found(row["resourceId"], None)
    tags = row.get("tags") or {}
    if isinstance(tags, list):
        tags = {each["key"]: each["value"] for each in tags}
    started = configuration.get("launchTime")
    return Found(
        row["resourceId"],
        Instance(configuration.get("keyName"), state, tags),
        _time(started) if started else None,
    )


def _read_what_is_needed(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Read a page of DescribeInstances instead of botocore, which reads every field and takes ten times as long.

    DescribeInstances cannot return only some fields. Without this hook the result is the same.
    """
    if response_dict["status_code"] != 200:  # noqa: PLR2004  (OK)
        return
    # AWS's response, which botocore reads with the same library.
    root = ET.fromstring(response_dict["body"])  # noqa: S314  # nosec B314
    namespace = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    reader = _Reader(namespace)
    customized_response_dict["Reservations"] = [
        {
            "Instances": [
                reader.instance(each) for each in root.iterfind(reader.path("reservationSet/item/instancesSet/item"))
            ]
        }
    ]
    for reservations in root.findall(reader.path("reservationSet")):
        root.remove(reservations)
    response_dict["body"] = ET.tostring(root)


class _Reader:
    """Reads the fields of an instance, by the names in https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._paths: dict[str, str] = {}

    def path(self, path: str) -> str:
        """Return a path with the namespace in its names."""
        if path not in self._paths:
            self._paths[path] = "/".join(self._namespace + name for name in path.split("/"))
        return self._paths[path]

    def text(self, element: ET.Element, path: str) -> str | None:
        """Return the text at a path, or None if there is no such element."""
        return element.findtext(self.path(path))

    def instance(self, element: ET.Element) -> dict[str, Any]:
        """Return an instance like botocore, with fewer fields."""
        tags = element.iterfind(self.path("tagSet/item"))
        interfaces = element.iterfind(self.path("networkInterfaceSet/item"))
        return {
            "InstanceId": self.text(element, "instanceId"),
            "KeyName": self.text(element, "keyName"),
            "State": {"Name": self.text(element, "instanceState/name")},
            "LaunchTime": _time(launched) if (launched := self.text(element, "launchTime")) else None,
            "Tags": [{"Key": self.text(each, "key"), "Value": self.text(each, "value") or ""} for each in tags],
            "NetworkInterfaces": [
                {"Attachment": {"DeviceIndex": int(index), "AttachTime": _time(attached)}}
                for each in interfaces
                if (index := self.text(each, "attachment/deviceIndex"))
                and (attached := self.text(each, "attachment/attachTime"))
            ],
        }


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
