"""What the walkthrough needs from an AWS, embedded or real: clients, a subnet, and how long to wait.

A cloud is a context manager. It is ready when entered. When left, it removes everything that was created in it.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from rich.console import Console

INSTANCE = "AWS::EC2::Instance"
INSTANCE_TYPE = "t4g.nano"
IMAGE_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
TAG_KEY = "ec2-key-pair-monitor-verify"
TEMPORARY = {TAG_KEY: "temporary"}


class RefusalError(RuntimeError):
    """The walkthrough cannot run here. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The elapsed time in seconds, and how to wait."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a cloud takes, in seconds.

    Attributes:
        every: the time between two calls that ask for results.
        evaluated_within: the time in which AWS Config must evaluate the instances.
        tell_every: how often to show the elapsed time; None means never.
    """

    every: float
    evaluated_within: float
    tell_every: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An instance of the walkthrough with AWS Config's result. ``verdict`` is None until there is a result."""

    instance_id: str
    key_name: str | None
    verdict: str | None = None
    annotation: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification as it arrived: the lines above the message, such as an e-mail's subject, and the message."""

    title: str
    body: str
    heading: str = ""


class Cloud(ABC):
    """The differences between the embedded AWS and a real account.

    Attributes:
        closing: the last line of a successful run.
        notified: the verdicts that are notified.
        remaining: what could not be removed.
    """

    closing: str

    notified: Collection[str] = ("NON_COMPLIANT",)
    pace: Pace
    key_name: str
    subnet_id: str

    def __init__(self) -> None:
        self.remaining: list[str] = []

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(self, *error: object) -> None: ...

    @abstractmethod
    def client(self, service: str) -> Any:
        """Return a boto3 client for the region."""

    @abstractmethod
    def deploy(self) -> str:
        """Deploy a monitor if there is none, and prepare to read its notifications. Returns its rule's name."""

    @abstractmethod
    def notifications(self, instances: Sequence[Evaluated]) -> list[Notification]:
        """Return the notifications about the instances, after they have had time to arrive."""

    @abstractmethod
    def made(self, kind: str, name: str) -> None:
        """Note what was created, so that it is removed even if it is no longer listed."""


@contextmanager
def step(console: Console, text: str) -> Iterator[None]:
    """Say what is being done, and then how long it took; with a spinner on a terminal."""
    start = time.monotonic()
    if console.is_terminal:
        with console.status(f"{text} …"):
            yield
    else:
        console.print(f"  {text} …")
        yield
    console.print(f"[green]✓[/] {text} ({time.monotonic() - start:.1f} s)", highlight=False)


def show_notification(console: Console, notification: Notification) -> None:
    """Show a notification as it arrived.

    It has no frame, and its lines are not wrapped or cut, so that you can copy links and JSON documents.
    """
    console.print(f"\n[bold]{notification.title}[/]\n", highlight=False)
    console.out(notification.heading + notification.body.rstrip() + "\n", highlight=False)


def tag_specifications(*resource_types: str) -> list[dict[str, Any]]:
    """Return the tags, in EC2's form, that mark everything that the walkthrough creates."""
    tags = [{"Key": key, "Value": value} for key, value in (TEMPORARY | {"Name": TAG_KEY}).items()]
    return [{"ResourceType": each, "Tags": tags} for each in resource_types]


def launch_options(cloud: Cloud) -> dict[str, Any]:
    """Return the arguments of RunInstances: small, tagged, unreachable instances that a shutdown terminates."""
    image = cloud.client("ssm").get_parameter(Name=IMAGE_PARAMETER)["Parameter"]["Value"]
    return {
        "ImageId": image,
        "InstanceType": INSTANCE_TYPE,
        "InstanceInitiatedShutdownBehavior": "terminate",
        "MetadataOptions": {"HttpTokens": "required"},
        "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": cloud.subnet_id, "AssociatePublicIpAddress": False}],
        "TagSpecifications": tag_specifications("instance", "volume", "network-interface"),
    }


def launch(cloud: Cloud) -> list[Evaluated]:
    """Launch two instances with a new key pair and one without. The private key is discarded."""
    ec2, options = cloud.client("ec2"), launch_options(cloud)
    ec2.create_key_pair(KeyName=cloud.key_name, TagSpecifications=tag_specifications("key-pair"))
    cloud.made("key pair", cloud.key_name)
    instances = []
    for key_name, count in ((cloud.key_name, 2), (None, 1)):
        key = {"KeyName": key_name} if key_name else {}
        answer = ec2.run_instances(MinCount=count, MaxCount=count, **options, **key)
        for each in answer["Instances"]:
            cloud.made("instance", each["InstanceId"])
            instances.append(Evaluated(each["InstanceId"], key_name))
    return instances


def find_subnet(ec2: Any, subnet_id: str | None) -> str:
    """Find the subnet to launch in: the given one, or else one of the default VPC.

    Raises:
        RefusalError: there is none, or no Availability Zone of one has the instance type.
    """
    if subnet_id is None and not ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]:
        raise RefusalError(
            "The region has no default VPC. Name a subnet to launch in with SUBNET=subnet-…, "
            "or make a default VPC: aws ec2 create-default-vpc"
        )
    name, value = ("subnet-id", subnet_id) if subnet_id else ("default-for-az", "true")
    subnets = ec2.describe_subnets(Filters=[{"Name": name, "Values": [value]}])["Subnets"]
    if not subnets:
        missing = f"no subnet {subnet_id}" if subnet_id else "no subnet in its default VPC"
        raise RefusalError(f"The region has {missing}. Name a subnet to launch in with SUBNET=subnet-…")
    wanted = [{"Name": "instance-type", "Values": [INSTANCE_TYPE]}]
    offers = ec2.describe_instance_type_offerings(LocationType="availability-zone", Filters=wanted)
    zones = {each["Location"] for each in offers["InstanceTypeOfferings"]}
    fitting = sorted(each["SubnetId"] for each in subnets if each["AvailabilityZone"] in zones)
    if not fitting:
        where = ", ".join(sorted({each["AvailabilityZone"] for each in subnets}))
        other = f"in {', '.join(sorted(zones))}" if zones else "in another region"
        raise RefusalError(f"{where} has no {INSTANCE_TYPE}. Name a subnet {other} with SUBNET=subnet-…")
    return str(fitting[0])
