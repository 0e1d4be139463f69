"""The walkthrough for a person: from `terraform apply` to the notification about an instance without a key pair.

It follows the last chapter of AWS's pattern "Monitor EC2 instance key pairs using AWS Config": it launches two
instances with a key pair and one without, and shows AWS Config's verdicts and the notification. `make demo` runs it
on the embedded AWS, `make verify` in the account of the caller's credentials.
"""

import argparse
import json
import signal
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from demo.cloud import INSTANCE, Clock, Cloud, Evaluated, Notification, RefusalError, launch, show_notification, step
from demo.readiness import explain
from tests.support.providers import ProviderNotFoundError
from tests.support.terraform import TerraformError

SENTENCES = (
    "Two instances were launched with a key pair and are COMPLIANT.\n"
    "One was launched without a key pair and is NON_COMPLIANT."
)
VERDICT_STYLES = {"COMPLIANT": "green", "NON_COMPLIANT": "red"}


def follow(
    console: Console, cloud: Cloud, clock: Clock, rule_name: str, instances: Sequence[Evaluated]
) -> list[Evaluated]:
    """Ask AWS Config until it has evaluated every instance, or the time has run out."""
    config, pace, start = cloud.client("config"), cloud.pace, clock.now()
    counted, told = -1, start
    while True:
        verdicts = results(config, rule_name)
        found = [
            replace(each, verdict=verdict, annotation=annotation)
            for each in instances
            for verdict, annotation in [verdicts.get(each.instance_id, (None, ""))]
        ]
        evaluated, now = sum(each.verdict is not None for each in found), clock.now()
        if evaluated != counted or (pace.tell_every and now - told >= pace.tell_every):
            counted, told = evaluated, now
            elapsed = f" after {now - start:.0f} s" if pace.tell_every else ""
            console.print(f"  {evaluated} of {len(found)} instances are evaluated{elapsed}", highlight=False)
        if evaluated == len(found) or now - start > pace.evaluated_within:
            return found
        clock.sleep(pace.every)


def results(config: Any, rule_name: str) -> dict[str, tuple[str, str]]:
    """Return the verdict and annotation of every instance with a result."""
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


def differences(
    instances: Sequence[Evaluated],
    notifications: Sequence[Notification],
    notified: Collection[str] = ("NON_COMPLIANT",),
) -> list[str]:
    """Return the differences from the expected verdicts and from one notification for each verdict to notify."""
    found = []
    for each in instances:
        expected = "COMPLIANT" if each.key_name else "NON_COMPLIANT"
        if each.verdict != expected:
            found.append(f"{each.instance_id} is {each.verdict or 'not evaluated'} and should be {expected}")
    told = [name for each in notifications for name in subjects(each, instances)]
    due = [each.instance_id for each in instances if ("COMPLIANT" if each.key_name else "NON_COMPLIANT") in notified]
    if sorted(told) != sorted(due):
        found.append(f"the notifications are about {told or 'nothing'} and should be about {due}, once each")
    return found


def subjects(notification: Notification, instances: Sequence[Evaluated]) -> list[str]:
    """Return the instance that a notification names; in other forms, all instances that the text mentions."""
    named = message(notification).get("instance")
    return [named] if named else [each.instance_id for each in instances if each.instance_id in notification.body]


def message(notification: Notification) -> Mapping[str, Any]:
    """Return the JSON document of a notification, or an empty one if it has none."""
    try:
        document = json.loads(notification.body.partition("\n\n--\n")[0])
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def show(
    console: Console, instances: Sequence[Evaluated], notifications: Sequence[Notification], *, as_expected: bool
) -> None:
    """Show the instances with their verdicts, and the notifications as they arrived."""
    table = Table(title="EC2 instances in AWS Config")
    for heading in ("Instance", "Key pair", "Verdict"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Annotation")
    for each in instances:
        style = VERDICT_STYLES.get(each.verdict or "", "yellow")
        verdict = f"[{style}]{each.verdict or 'not evaluated'}[/]"
        table.add_row(each.instance_id, each.key_name or "—", verdict, each.annotation)
    console.print(table)
    if as_expected:
        console.print(SENTENCES, highlight=False)
    for notification in notifications:
        show_notification(console, notification)


def walk(console: Console, cloud: Cloud, clock: Clock) -> list[str]:
    """Deploy, launch, follow, show, and return the differences from the expected results."""
    rule_name = cloud.deploy()
    with step(console, "Launching two instances with a key pair and one without"):
        instances = launch(cloud)
    with step(console, "Waiting until AWS Config has evaluated them"):
        instances = follow(console, cloud, clock, rule_name, instances)
    notifications = cloud.notifications(instances)
    differing = differences(instances, notifications, cloud.notified)
    show(console, instances, notifications, as_expected=not differing)
    return differing


def run(console: Console, cloud: Cloud, clock: Clock) -> int:
    """Walk through a cloud. Returns the exit status: 0 if all is as expected and removed, 130 on Ctrl-C, else 1."""
    status = 1
    try:
        with stoppable(), cloud:
            differing = walk(console, cloud, clock)
        status = 1 if differing else 0
        for each in differing:
            complain(console, f"✗ {each}")
    except (RefusalError, TerraformError, ProviderNotFoundError) as error:
        complain(console, str(error))
    except (BotoCoreError, ClientError) as error:
        complain(console, explain(error))
    except KeyboardInterrupt:
        console.print("Interrupted", style="yellow")
        status = 130
    if status == 0:
        console.print(cloud.closing, style="green", highlight=False)
    for each in cloud.remaining:
        complain(console, f"✗ Not removed: {each}")
    return status or int(bool(cloud.remaining))


def complain(console: Console, text: str) -> None:
    """Print what is wrong."""
    console.print(text, style="red", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def stoppable() -> Iterator[None]:
    """Treat SIGTERM and a closed terminal like Ctrl-C, so that everything created is removed."""
    signals = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) != signal.SIG_IGN]
    before = {each: signal.signal(each, _interrupt) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main(arguments: Sequence[str], clock: Clock = Clock()) -> int:  # noqa: B008  (it is immutable)
    """Run the walkthrough with the options of the command line."""
    parser = argparse.ArgumentParser(prog="walkthrough")
    parser.add_argument("cloud", choices=["demo", "verify"])
    parser.add_argument("--digest", dest="example", action="store_const", const="digest", default="minimal")
    parser.add_argument("--report", dest="example", action="store_const", const="dashboard")
    parser.add_argument("--region", default="")
    parser.add_argument("--subnet", default="")
    parser.add_argument("--name", default="")
    parser.add_argument("--yes", action="store_true")
    asked = parser.parse_args(arguments)
    console = Console()
    if asked.cloud == "verify":
        from demo.account import Account, Request  # noqa: PLC0415

        request = Request(asked.region, asked.subnet or None, asked.name or None, agreed=asked.yes)
        return run(console, Account(console, clock, request), clock)
    from demo.embedded import Demo  # noqa: PLC0415  (moto takes seconds to import)

    return run(console, Demo(console, asked.example), clock)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
