"""The embedded AWS as a cloud: it starts empty, an example is applied to it, and in the end it is deleted."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from rich.console import Console

from demo.cloud import Cloud, Evaluated, Notification, Pace, find_subnet, step
from tests.emulator import EmbeddedAws, scheduler, sns
from tests.emulator.sns import Mail
from tests.support.providers import provider_environment
from tests.support.terraform import Root, copy_module

REGION = "eu-central-1"
# The examples that can be shown, each with the verdicts that it notifies.
NOTIFIED = {
    "minimal": ("NON_COMPLIANT",),
    "dashboard": ("NON_COMPLIANT",),
    "digest": ("COMPLIANT", "NON_COMPLIANT"),
}


def email(title: str, mail: Mail) -> Notification:
    """Return an e-mail of the embedded AWS as a notification."""
    return Notification(title, mail.body, f"To: {mail.to}\nSubject: {mail.subject}\n\n")


class Demo(Cloud):
    """The embedded AWS of this process."""

    pace = Pace(every=0.25, evaluated_within=60.0)
    key_name = "walkthrough"

    closing = "Ran locally; no AWS account was used."

    def __init__(self, console: Console, example: str = "minimal") -> None:
        super().__init__()
        self._example = example
        self.notified = NOTIFIED[example]
        self._console = console
        self._aws = EmbeddedAws()
        self._stack = ExitStack()
        self._root: Root

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            stack.enter_context(self._aws)
            environment = self._aws.environment(REGION) | provider_environment(folder, os.environ)
            self._root = Root(copy_module(folder / "module") / "examples" / self._example, environment)
            self._aws.switch_on_config(REGION)
            self.subnet_id = find_subnet(self.client("ec2"), None)
            with step(self._console, "Initializing Terraform"):
                self._root.init()
            stack.callback(self._destroy)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _destroy(self) -> None:
        with step(self._console, "Destroying what was created"):
            self._root.destroy()

    def client(self, service: str) -> Any:
        """Return a client with the embedded administrator's credentials."""
        return self._aws.client(service, REGION)

    def made(self, kind: str, name: str) -> None:
        """Do nothing: everything is deleted with the embedded AWS."""

    def deploy(self) -> str:
        """Apply the example and follow the link in its confirmation e-mail."""
        with step(self._console, f"Applying examples/{self._example}"):
            self._root.apply()
        with step(self._console, "Confirming the e-mail subscription"):
            sns.confirm_all(REGION)
        return str(self._root.outputs()["config_rule_name"])

    def notifications(self, instances: Sequence[Evaluated]) -> list[Notification]:  # noqa: ARG002  (they are all about them)
        """Return the e-mails without the request for confirmation; with a report, only the report."""
        self._aws.settle()
        if self._example == "dashboard":
            with step(self._console, "Letting a week pass"):
                sns.outbox(REGION).clear()
                scheduler.pass_weeks(REGION)
                self._aws.settle()
        return [
            email("The e-mail as it arrived", mail)
            if mail.subject
            else Notification("The SMS as it arrived", mail.body, f"To: {mail.to}\n\n")
            for mail in sns.outbox(REGION)
            if mail.token is None
        ]
