"""The walkthrough that a person runs: from `terraform apply` to the mail about an instance without a key pair.

It does what the last chapter of AWS's pattern "Monitor EC2 instance key pairs using AWS Config" asks for, on the
embedded AWS: launch two instances with a key pair and one without, and see what AWS Config and the inbox say. With
``digest`` as its argument it applies the example of that name, whose one mail tells of all three.
"""

import json
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from tests.emulator import EmbeddedAws, sns
from tests.emulator.sns import Mail
from tests.support.providers import ProviderNotFoundError, provider_environment
from tests.support.terraform import Root, TerraformError, copy_module

REGION = "eu-central-1"
EVALUATION_BOUND_SECONDS = 60.0
INSTANCE = "AWS::EC2::Instance"
IMAGE_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
NOTIFIED = {"minimal": {"NON_COMPLIANT"}, "digest": {"COMPLIANT", "NON_COMPLIANT"}}  # by each example
VERDICT_STYLES = {"COMPLIANT": "green", "NON_COMPLIANT": "red"}


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An instance of the walkthrough with what AWS Config says of it; ``verdict`` is None until it says something."""

    instance_id: str
    key_name: str | None
    verdict: str | None = None
    annotation: str = ""


@contextmanager
def step(console: Console, text: str) -> Iterator[None]:
    """Say what is being done, and then how long it took; with a spinner where there is a terminal."""
    start = time.monotonic()
    if console.is_terminal:
        with console.status(f"{text} …"):
            yield
    else:
        console.print(f"  {text} …")
        yield
    console.print(f"[green]✓[/] {text} ({time.monotonic() - start:.1f} s)", highlight=False)


def launch(ec2: Any, ssm: Any, key_names: list[str | None]) -> list[Evaluated]:
    """Launch one instance for each key name, or without a key pair where that is None."""
    image = ssm.get_parameter(Name=IMAGE_PARAMETER)["Parameter"]["Value"]
    for name in sorted({name for name in key_names if name}):
        ec2.create_key_pair(KeyName=name)
    instances = []
    for key_name in key_names:
        options = {"KeyName": key_name} if key_name else {}
        answer = ec2.run_instances(ImageId=image, InstanceType="t4g.nano", MinCount=1, MaxCount=1, **options)
        instances.append(Evaluated(answer["Instances"][0]["InstanceId"], key_name))
    return instances


def follow(console: Console, config: Any, rule_name: str, instances: list[Evaluated]) -> list[Evaluated]:
    """Ask AWS Config until it has evaluated every instance, or the time is up."""
    deadline = time.monotonic() + EVALUATION_BOUND_SECONDS
    counted = -1
    while True:
        verdicts = results(config, rule_name)
        instances = [
            Evaluated(each.instance_id, each.key_name, *verdicts.get(each.instance_id, (None, "")))
            for each in instances
        ]
        evaluated = sum(each.verdict is not None for each in instances)
        if evaluated != counted:
            counted = evaluated
            console.print(f"  {evaluated} of {len(instances)} instances are evaluated", highlight=False)
        if evaluated == len(instances) or time.monotonic() > deadline:
            return instances
        time.sleep(0.25)


def results(config: Any, rule_name: str) -> dict[str, tuple[str, str]]:
    """The verdict and annotation of every instance that the rule has a result for."""
    found: dict[str, tuple[str, str]] = {}
    query = {"ConfigRuleName": rule_name, "Limit": 100}
    while True:
        page = config.get_compliance_details_by_config_rule(**query)
        for result in page["EvaluationResults"]:
            qualifier = result["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
            if qualifier["ResourceType"] == INSTANCE:
                found[qualifier["ResourceId"]] = (result["ComplianceType"], result.get("Annotation", ""))
        if not page.get("NextToken"):
            return found
        query["NextToken"] = page["NextToken"]


def differences(instances: list[Evaluated], mails: list[Mail], example: str = "minimal") -> list[str]:
    """What is not as it should be: each instance's verdict, and one mail about each that is to be notified."""
    found = []
    notified = []
    for each in instances:
        expected = "COMPLIANT" if each.key_name else "NON_COMPLIANT"
        if each.verdict != expected:
            found.append(f"{each.instance_id} is {each.verdict or 'not evaluated'} and should be {expected}")
        if expected in NOTIFIED[example]:
            notified.append(each.instance_id)
    told = [instance for mail in mails for instance in told_by(mail)]
    if sorted(told) != sorted(notified):
        found.append(f"the mails are about {told or 'nothing'} and should be about {notified}, once each")
    return found


def told_by(mail: Mail) -> list[str]:
    """The instances that a mail is about: the one of its JSON document, or those of a digest."""
    instance = notification(mail).get("instance")
    return [str(instance)] if instance else re.findall(r"^(i-\w+), ", mail.body, re.MULTILINE)


def notification(mail: Mail) -> Mapping[str, Any]:
    """The JSON document that a mail carries, or nothing where it carries none."""
    try:
        document = json.loads(mail.body.partition("\n\n--\n")[0])
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def show(console: Console, instances: list[Evaluated], mails: list[Mail]) -> None:
    """Show the instances with their verdicts, and the mails as they arrived."""
    table = Table(title="EC2 instances in AWS Config")
    for heading in ("Instance", "Key pair", "Verdict"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Annotation")
    for each in instances:
        style = VERDICT_STYLES.get(each.verdict or "", "yellow")
        verdict = f"[{style}]{each.verdict or 'not evaluated'}[/]"
        table.add_row(each.instance_id, each.key_name or "—", verdict, each.annotation)
    console.print(table)
    for mail in mails:
        # An SMS has no subject.
        text = f"To: {mail.to}\nSubject: {mail.subject}\n\n{mail.body}" if mail.subject else f"{mail.to}: {mail.body}"
        title = f"The {'mail' if mail.subject else 'SMS'} as it arrived"
        console.print(Panel(text, title=title), highlight=False, markup=False)


def walk(console: Console, aws: EmbeddedAws, root: Root, example: str) -> list[str]:
    """Apply, launch, follow, show, and say what differs from what should be."""
    with step(console, f"Applying examples/{example}"):
        root.apply()
    with step(console, "Confirming the e-mail subscription"):
        sns.confirm_all(REGION)
    with step(console, "Launching two instances with a key pair and one without"):
        clients = (aws.client("ec2", REGION), aws.client("ssm", REGION))
        instances = launch(*clients, ["walkthrough", "walkthrough", None])
    with step(console, "Waiting until AWS Config has evaluated them"):
        rule_name = root.outputs()["config_rule_name"]
        instances = follow(console, aws.client("config", REGION), rule_name, instances)
        aws.settle()
    mails = [mail for mail in sns.outbox(REGION) if mail.token is None]
    show(console, instances, mails)
    return differences(instances, [mail for mail in mails if mail.subject], example)


def main(example: str = "minimal") -> int:
    """Run the walkthrough of an example; returns 0 if everything is as it should be, 1 if not, 130 on Ctrl-C."""
    console = Console()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with tempfile.TemporaryDirectory() as folder, EmbeddedAws() as aws:
            environment = aws.environment(REGION) | provider_environment(Path(folder), os.environ)
            root = Root(copy_module(Path(folder) / "module") / "examples" / example, environment)
            aws.switch_on_config(REGION)
            with step(console, "Initializing Terraform"):
                root.init()
            try:
                differing = walk(console, aws, root, example)
            finally:
                with step(console, "Destroying what was made"):
                    root.destroy()
    except (TerraformError, ProviderNotFoundError) as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted", style="yellow")
        return 130
    for each in differing:
        console.print(f"✗ {each}", style="red", markup=False, highlight=False)
    if not differing:
        console.print(
            "[green]2 instances are COMPLIANT, 1 is NON_COMPLIANT, and the notification says so.[/]", highlight=False
        )
    return 1 if differing else 0


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
