"""The module applied in two regions of one account."""

import json
from pathlib import Path

import pytest

from tests.emulator import EmbeddedAws, sns
from tests.support.terraform import Root

pytestmark = pytest.mark.slow

REGIONS = ("eu-central-1", "us-east-1")
ROOT = """
provider "aws" {
  region = "eu-central-1"
}

provider "aws" {
  alias  = "other"
  region = "us-east-1"
}

module "here" {
  source              = "../../"
  notification_emails = ["here@example.com"]
}

module "there" {
  source              = "../../"
  notification_emails = ["there@example.com"]
  providers           = { aws = aws.other }
}
"""


def test_two_regions(module_copy: Path, terraform_environment: dict[str, str], embedded_aws: EmbeddedAws) -> None:
    """Nothing collides, and an instance in one region is notified there and not in the other."""
    embedded_aws.reset()
    for region in REGIONS:
        embedded_aws.switch_on_config(region)
    directory = module_copy / "examples" / "two-regions"
    directory.mkdir()
    (directory / "main.tf").write_text(ROOT)
    root = Root(directory, terraform_environment)
    root.init()
    root.apply()
    try:
        plan = root.plan()
        assert plan.is_empty, plan.changes
        for region in REGIONS:
            sns.confirm_all(region)
        embedded_aws.client("ec2", "us-east-1").run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)
        embedded_aws.settle()

        mails = {region: [mail for mail in sns.outbox(region) if mail.token is None] for region in REGIONS}
        assert mails["eu-central-1"] == []
        [mail] = mails["us-east-1"]
        assert mail.to == "there@example.com"
        assert json.loads(mail.body.partition("\n\n--\n")[0])["region"] == "us-east-1"
    finally:
        root.destroy()
