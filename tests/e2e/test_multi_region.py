"""examples/multi-region: one root, three regions of one account."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import IMAGE
from tests.emulator import EmbeddedAws, sns
from tests.support.terraform import Root

pytestmark = pytest.mark.slow

REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")


@pytest.fixture(scope="module")
def regions(module_copy: Path, terraform_environment: dict[str, str], embedded_aws: EmbeddedAws) -> Iterator[Root]:
    """The example applied in one go, and destroyed."""
    embedded_aws.reset()
    for region in REGIONS:
        embedded_aws.switch_on_config(region)
    root = Root(module_copy / "examples" / "multi-region", terraform_environment)
    root.init()
    root.apply()
    yield root
    root.destroy()


def test_second_plan_is_empty(regions: Root) -> None:
    """Nothing collides: what was applied in each region is what is planned."""
    plan = regions.plan()

    assert plan.is_empty, plan.changes


def test_each_region_has_its_own_topic(regions: Root) -> None:
    """The outputs list the topic of each region."""
    assert regions.outputs()["topic_arns"] == {
        region: f"arn:aws:sns:{region}:123456789012:ec2-key-pair-monitor" for region in REGIONS
    }


def test_instances_are_notified_in_their_own_region(regions: Root, embedded_aws: EmbeddedAws) -> None:
    """An instance without a key pair in each region gives one notification there, and none elsewhere."""
    assert regions.outputs()["topic_arns"].keys() == set(REGIONS)
    launched = {}
    for region in REGIONS:
        sns.confirm_all(region)
        answer = embedded_aws.client("ec2", region).run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)
        launched[region] = [answer["Instances"][0]["InstanceId"]]
    embedded_aws.settle()

    told: dict[str, list[str]] = {region: [] for region in REGIONS}
    for region in REGIONS:
        for mail in sns.outbox(region):
            if mail.token is None:
                message = json.loads(mail.body.partition("\n\n--\n")[0])
                assert message["region"] == region
                told[region].append(message["instance"])
    assert told == launched
