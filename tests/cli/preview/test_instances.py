"""How instances are read: a page of DescribeInstances in the command's own way, and rows of the inventory."""

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from ec2_key_pair_monitor.compliance import Instance
from ec2_key_pair_monitor.preview import instances
from ec2_key_pair_monitor.preview.instances import Found, from_config

from benchmarks.stub import described

KEYS = {"region_name": "eu-central-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}


class Answer:
    """An HTTP response of urllib3."""

    status_code = 200
    headers: dict[str, str] = {}  # noqa: RUF012  (nothing is added)
    raw = None

    def __init__(self, content: bytes) -> None:
        self.content = content


def read(page: bytes) -> list[Found]:
    """The instances on a page, as EC2 answers it."""
    client = boto3.client("ec2", **KEYS)
    client.meta.events.register("before-send.ec2.DescribeInstances", lambda **_: Answer(page))
    return list(instances.from_ec2(client))


def test_own_way_of_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command reads a page of real size as botocore does."""
    page = described(20, 0)
    ours = read(page)
    monkeypatch.setattr(instances, "_read_what_is_needed", lambda **_: None)

    assert len(ours) == 20
    assert ours == read(page)
    assert ours[1].instance == Instance("ops", "running", {f"team:key-{n}": f"value-{n}" for n in range(8)})
    assert ours[1].launched_at == datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_own_way_of_paging() -> None:
    """The token of the next page is not lost."""
    pages = iter([described(1_001, 0), described(1_001, 1)])
    client = boto3.client("ec2", **KEYS)
    client.meta.events.register("before-send.ec2.DescribeInstances", lambda **_: Answer(next(pages)))

    assert len(list(instances.from_ec2(client))) == 1_001


def test_without_launch_time() -> None:
    """An instance without a time of launch is judged all the same."""
    page = (
        b"<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>"
        b"<instanceState><name>running</name></instanceState></item></instancesSet></item></reservationSet>"
        b"</DescribeInstancesResponse>"
    )
    assert read(page) == [Found("i-1", Instance(None, "running", {}))]


def rows(*found: dict[str, Any]) -> list[Found]:
    """What rows of the inventory say."""
    client = boto3.client("config", **KEYS)
    with Stubber(client) as stub:
        stub.add_response("select_resource_config", {"Results": [json.dumps(each) for each in found]})
        return list(from_config(client))


def test_inventory() -> None:
    """A row without a state says nothing of the key pair: that the instance has none would be a guess.

    A row that comes twice counts once. Tags are a list or a map.
    """
    running = {
        "resourceId": "i-1",
        "configuration": {"state": {"name": "running"}, "launchTime": "2026-01-31T12:00:00Z"},
    }
    tagged = running | {"resourceId": "i-4", "tags": [{"key": "team", "value": "web", "tag": "team=web"}]}

    mapped = tagged | {"resourceId": "i-5", "tags": {"team": "web"}}

    assert rows(
        running, running, tagged, mapped, {"resourceId": "i-2"}, {"resourceId": "i-3", "configuration": {}}
    ) == [
        Found("i-1", Instance(None, "running", {}), datetime(2026, 1, 31, 12, tzinfo=UTC)),
        Found("i-4", Instance(None, "running", {"team": "web"}), datetime(2026, 1, 31, 12, tzinfo=UTC)),
        Found("i-5", Instance(None, "running", {"team": "web"}), datetime(2026, 1, 31, 12, tzinfo=UTC)),
        Found("i-2", None),
        Found("i-3", None),
    ]
