"""The demo of an organization: one hub, three accounts with two regions each, on the embedded AWS.

It launches an instance without a key pair in each of the six, switches off a recorder in one, and lets a function fail
in another. A fourth account has an instance and no monitor, which only the hub's report shows. Then it shows the
e-mails of the hub as they arrived.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from demo.cloud import show_notification, step
from demo.embedded import Demo, email
from demo.walkthrough import complain
from tests.emulator import EmbeddedAws, organization, scheduler, sns
from tests.emulator.accounts import administrator
from tests.emulator.cloudwatch_alarms import evaluate_alarms
from tests.emulator.sns import Mail
from tests.support.providers import provider_environment
from tests.support.terraform import Root, copy_module

ORGANIZATION = "o-a1b2c3d4e5"
HUB = "123456789012"
HUB_NAME = "key-pair-hub"
FORGOTTEN = "444444444444"
NAMES = {HUB: "security", "222222222222": "shop", "333333333333": "research", FORGOTTEN: "archive"}
REGIONS = ("eu-central-1", "us-east-1")
MEMBERS = tuple(product([account for account in NAMES if account != FORGOTTEN], REGIONS))
REPORT = """
  report_schedule = { expression = "cron(0 8 ? * MON *)" }
  aggregator      = {}
"""
EVALUATOR_ROLE = "ec2-key-pair-monitor-evaluator-{region}"


def root_text(members: Sequence[tuple[str, str]], hub: str = "") -> str:
    """Return the root module, with further arguments of the hub.

    Each member is written out, because Terraform has no ``for_each`` for providers.
    """
    names = "".join(f'    "{account}" = "{name}"\n' for account, name in NAMES.items())
    written = "".join(
        f"""
provider "aws" {{
  alias      = "member_{account}_{region}"
  region     = "{region}"
  access_key = "{administrator(account)}"
  secret_key = "{administrator(account)}"
}}

module "member_{account}_{region}" {{
  source    = "../"
  providers = {{ aws = aws.member_{account}_{region} }}

  central = {{ event_bus_arn = module.hub.event_bus_arn }}
}}
"""
        for account, region in members
    )
    return f"""
module "hub" {{
  source = "../modules/hub"

  organization        = {{ id = "{ORGANIZATION}" }}
  notification_emails = ["security@example.com"]
  account_names = {{
{names}  }}
{hub}
}}
{written}
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Organization:
    """The applied organization."""

    aws: EmbeddedAws
    root: Root
    members: Sequence[tuple[str, str]]

    def inbox(self) -> list[Mail]:
        """Return the hub's new e-mails since the last call, without requests for confirmation."""
        self.aws.settle()
        mails = [mail for mail in sns.outbox(REGIONS[0], HUB) if mail.token is None]
        sns.outbox(REGIONS[0], HUB).clear()
        return mails

    def launch(self, account: str, region: str) -> str:
        """Launch an instance without a key pair. Returns its id."""
        ec2 = self.aws.client("ec2", region, account)
        image = "ami-0123456789abcdef0"
        return str(ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"])

    def launch_everywhere(self) -> dict[tuple[str, str], str]:
        """Launch one instance in each account and region, within one window of the digest. Returns the ids."""
        with self.aws.at_once():
            return {member: self.launch(*member) for member in self.members}

    def report(self) -> list[Mail]:
        """Let a week pass, so that the hub's schedule starts a report. Returns the new e-mails."""
        scheduler.pass_weeks(REGIONS[0], account=HUB)
        return self.inbox()

    def stop_recorder(self, account: str, region: str) -> None:
        """Switch off the recorder of a member."""
        config: Any = self.aws.client("config", region, account)
        config.stop_configuration_recorder(ConfigurationRecorderName="default")

    def break_function(self, account: str, region: str) -> None:
        """Remove the permissions of a member's function, let it fail on an instance, and let CloudWatch count that."""
        role = EVALUATOR_ROLE.format(region=region)
        iam: Any = self.aws.client("iam", region, account)
        policy = iam.get_role_policy(RoleName=role, PolicyName="evaluator")["PolicyDocument"]
        left = [each for each in policy["Statement"] if each["Sid"] != "EvaluateAndReport"]
        iam.put_role_policy(
            RoleName=role, PolicyName="evaluator", PolicyDocument=json.dumps({**policy, "Statement": left})
        )
        self.launch(account, region)
        self.aws.settle()
        evaluate_alarms(region, account=account)


@contextmanager
def applied(
    aws: EmbeddedAws, folder: Path, console: Console, members: Sequence[tuple[str, str]] = MEMBERS, hub: str = ""
) -> Iterator[Organization]:
    """Apply the hub and its members to a running embedded AWS, and destroy them in the end."""
    organization.join(dict.fromkeys(NAMES, f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/"))
    for account, region in members:
        aws.switch_on_config(region, account=account)
    directory = copy_module(folder / "module") / "organization"
    directory.mkdir()
    (directory / "main.tf").write_text(root_text(members, hub), encoding="utf-8")
    root = Root(directory, aws.environment(REGIONS[0], HUB) | provider_environment(folder, os.environ))
    with step(console, "Initializing Terraform"):
        root.init()
    try:
        with step(console, f"Applying a hub and {len(members)} members"):
            root.apply()
        aws.settle()
        sns.confirm_all(REGIONS[0], HUB)
        sns.outbox(REGIONS[0], HUB).clear()
        yield Organization(aws, root, members)
    finally:
        with step(console, "Destroying what was created"):
            root.destroy()


def show(console: Console, title: str, mails: list[Mail]) -> None:
    """Show e-mails as they arrived."""
    for mail in mails:
        show_notification(console, email(title, mail))


def main() -> int:
    """Run the demo. Returns the exit status: 0 if each e-mail is about the expected subject."""
    console = Console()
    with TemporaryDirectory() as folder, EmbeddedAws() as aws, applied(aws, Path(folder), console, hub=REPORT) as there:
        with step(console, "Launching an instance without a key pair in each account and region"):
            instances = there.launch_everywhere()
            launched = there.inbox()
        with step(console, f"Switching off the recorder in {NAMES['222222222222']}"):
            there.stop_recorder("222222222222", REGIONS[1])
            blind = there.inbox()
        with step(console, f"Breaking the function in {NAMES['333333333333']}"):
            there.break_function("333333333333", REGIONS[0])
            failing = there.inbox()
        with step(console, f"Launching an instance in {NAMES[FORGOTTEN]}, without a monitor, and starting the report"):
            aws.switch_on_config(REGIONS[0], account=FORGOTTEN)
            there.launch(FORGOTTEN, REGIONS[0])
            there.inbox()
            reported = there.report()
        show(console, "Six instances in three accounts", launched)
        show(console, "A recorder that is off", blind)
        show(console, "A function that fails", failing)
        show(console, "The report of the hub", reported)
    right = (
        len(launched) == 1
        and all(instance in launched[0].body for instance in instances.values())
        and any("StopConfigurationRecorder" in mail.body for mail in blind)
        and any("evaluator-errors" in mail.body for mail in failing)
        and len(reported) == 1
        and f"account {NAMES[FORGOTTEN]} ({FORGOTTEN}), {REGIONS[0]}: 1 instance" in reported[0].body
    )
    if right:
        console.print(Demo.closing, style="green", highlight=False)
    else:
        complain(console, "✗ The e-mails are not about what they should be")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
