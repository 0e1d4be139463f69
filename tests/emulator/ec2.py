"""EC2: every change of an instance of moto's becomes a configuration item of AWS Config.

The item's ``configuration`` is what DescribeInstances says, in the names of
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html with a small first letter, as AWS Config has
it; the fields that moto does not know are left out. An instance without a key pair has no ``keyName``
(https://github.com/awslabs/aws-config-resource-schema/issues/2).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.models.tags import TagBackend

from tests.emulator import config_delivery, config_store
from tests.emulator.moto_methods import extends

INSTANCE = "AWS::EC2::Instance"


def configuration(instance: Instance) -> dict[str, Any]:
    """What AWS Config records of an instance."""
    return {
        "amiLaunchIndex": instance.ami_launch_index,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.instance_type,
        "launchTime": config_store.iso(instance.launch_time.replace(tzinfo=UTC)),
        "networkInterfaces": [
            # The first one is attached at launch and stays, whenever the instance is started again.
            {"attachment": {"attachTime": first_launch(instance), "deviceIndex": 0}, "networkInterfaceId": nic.id}
            for nic in list(instance.nics.values())[:1]
        ],
        "placement": {"availabilityZone": instance.availability_zone, "tenancy": "default"},
        "privateIpAddress": instance.private_ip,
        "state": {"code": instance.state_code, "name": instance.state},
        "subnetId": instance.subnet_id,
        "vpcId": instance.vpc_id,
        "architecture": instance.architecture,
        "rootDeviceType": instance.root_device_type,
        "tags": [{"key": tag["key"], "value": tag["value"]} for tag in instance.get_tags()],
    } | ({"keyName": instance.key_name} if instance.key_name else {})


def first_launch(instance: Instance) -> str:
    """When an instance was launched for the first time."""
    launched: datetime = vars(instance).setdefault("embedded_first_launch", instance.launch_time)
    return config_store.iso(launched.replace(tzinfo=UTC))


def record(backend: EC2Backend, instances: Iterable[Instance]) -> None:
    """Record the present state of instances."""
    recorder = config_store.backend_of(backend.region_name, backend.account_id)
    for instance in instances:
        is_terminated = instance.state == "terminated"
        known = config_store.store_of(recorder).items.get((INSTANCE, instance.id))
        status = "ResourceDeleted" if is_terminated else "OK" if known else "ResourceDiscovered"
        item = config_store.Item(
            resource_type=INSTANCE,
            resource_id=instance.id,
            status=status,
            captured_at=config_store.now(),
            configuration=None if is_terminated else configuration(instance),
            tags={} if is_terminated else {tag["key"]: tag["value"] for tag in instance.get_tags()},
            resource={
                "arn": f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:instance/{instance.id}",
                "availabilityZone": instance.availability_zone or "",
                "creationTime": config_store.iso(instance.launch_time.replace(tzinfo=UTC)),
            },
        )
        config_delivery.record(recorder, item)


def named(backend: EC2Backend, resource_ids: Iterable[str]) -> list[Instance]:
    """The instances among resource ids. One that is still being created is left out."""
    found = (backend.get_instance_by_id(each) for each in resource_ids)
    return [instance for instance in found if instance]


@extends(InstanceBackend)
def run_instances(self: EC2Backend, *args: Any, **kwargs: Any) -> Any:
    """RunInstances; moto forgets the key pair of the launch configuration that a group launches from."""
    if configuration := kwargs.get("launch_config"):
        kwargs.setdefault("key_name", configuration.key_name)
    reservation = run_instances.replaced(self, *args, **kwargs)
    record(self, reservation.instances)
    return reservation


@extends(InstanceBackend)
def start_instances(self: EC2Backend, instance_ids: list[str]) -> Any:
    """StartInstances."""
    answer = start_instances.replaced(self, instance_ids)
    record(self, named(self, instance_ids))
    return answer


@extends(InstanceBackend)
def stop_instances(self: EC2Backend, instance_ids: list[str]) -> Any:
    """StopInstances."""
    answer = stop_instances.replaced(self, instance_ids)
    record(self, named(self, instance_ids))
    return answer


@extends(InstanceBackend)
def terminate_instances(self: EC2Backend, instance_ids: list[str]) -> Any:
    """TerminateInstances."""
    answer = terminate_instances.replaced(self, instance_ids)
    record(self, named(self, instance_ids))
    return answer


@extends(TagBackend)
def create_tags(self: EC2Backend, resource_ids: list[str], tags: dict[str, str]) -> Any:
    """CreateTags."""
    answer = create_tags.replaced(self, resource_ids, tags)
    record(self, named(self, resource_ids))
    return answer


@extends(TagBackend)
def delete_tags(self: EC2Backend, resource_ids: list[str], tags: dict[str, str]) -> Any:
    """DeleteTags."""
    answer = delete_tags.replaced(self, resource_ids, tags)
    record(self, named(self, resource_ids))
    return answer
