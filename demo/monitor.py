"""The monitor of a real account: one that is already deployed, or one that the walkthrough applies."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from rich.console import Console

from demo.cloud import TAG_KEY, RefusalError, step
from tests.support import CHECKOUT
from tests.support.providers import provider_environment
from tests.support.terraform import Root, TerraformError, copy_module

DEFAULT_NAME = "ec2-key-pair-monitor"
NAME_FOR_THE_PURPOSE = TAG_KEY  # the same as in monitor.tf
STATES = CHECKOUT / ".verify"


def config_rule(config: Any, name: str) -> dict[str, Any] | None:
    """Return the AWS Config rule of a monitor, if it is deployed."""
    try:
        rule: dict[str, Any] = config.describe_config_rules(ConfigRuleNames=[name])["ConfigRules"][0]
    except config.exceptions.NoSuchConfigRuleException:
        return None
    return rule


def notified(events: Any, name: str) -> dict[str, str]:
    """Return the verdicts that a deployed monitor notifies, with their targets' ARNs: a topic, or a digest's queue."""
    found = {}
    for verdict in ("COMPLIANT", "NON_COMPLIANT"):
        try:
            targets = events.list_targets_by_rule(Rule=f"{name}-{verdict.lower().replace('_', '-')}")["Targets"]
        except events.exceptions.ResourceNotFoundException:
            continue
        if targets:
            found[verdict] = str(targets[0]["Arn"])
    if "NON_COMPLIANT" not in found:
        raise RefusalError(
            f"The monitor {name} does not notify anybody of NON_COMPLIANT instances: the EventBridge rule "
            f"{name}-non-compliant is missing, or has no target. {elsewhere()}"
        )
    return found


def topic_of_digest(functions: Any, name: str) -> str:
    """Return the topic of a deployed monitor with a digest, from the settings of its notifier."""
    function = functions.get_function_configuration(FunctionName=f"{name}-notifier")
    return str(function["Environment"]["Variables"]["TOPIC_ARN"])


def key_name(rule: dict[str, Any], wanted: str) -> str:
    """Return an allowed name of a new key pair: an allowed pattern with ``wanted`` in place of ``*``."""
    parameters = json.loads(rule.get("InputParameters") or "{}")
    allowed = sorted(json.loads(parameters.get("allowedKeyNames") or "[]"))
    pattern = next((each for each in allowed if "*" in each), None if allowed else "*")
    if pattern is None:
        raise RefusalError(
            f"The monitor {rule['ConfigRuleName']} allows the key pairs {', '.join(allowed)} and no pattern with *, so "
            f"a temporary one would not be allowed. {elsewhere()}"
        )
    return pattern.replace("*", wanted, 1).replace("*", "").replace("?", "x")


def elsewhere() -> str:
    """Say what to do if the walkthrough cannot use the deployed monitor."""
    return f"NAME={NAME_FOR_THE_PURPOSE} applies a temporary monitor instead."


class Applied:
    """The monitor that the walkthrough applies. If a run breaks, its state stays, and the next run can destroy it."""

    def __init__(self, account_id: str, region: str) -> None:
        self.directory = STATES / f"{account_id}-{region}"
        self._environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        self._environment |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}

    @property
    def is_there(self) -> bool:
        """Whether an earlier run began to apply it and no run has destroyed it."""
        return (self._root_directory / "terraform.tfstate").exists()

    @property
    def _root_directory(self) -> Path:
        return self.directory / "demo"

    def apply(self, console: Console) -> dict[str, Any]:
        """Apply it. Returns its outputs."""
        shutil.rmtree(self.directory, ignore_errors=True)  # these files belong to no state
        copy_module(self.directory)
        self._root_directory.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(__file__).with_name("monitor.tf"), self._root_directory)
        root = self._root()
        with step(console, "Initializing Terraform"):
            root.init()
        with step(console, f"Applying a temporary monitor, {NAME_FOR_THE_PURPOSE}"):
            root.apply()
        return root.outputs()

    def destroy(self) -> None:
        """Destroy it, and forget its state once nothing is left.

        Raises:
            TerraformError: something is left.
        """
        if self.is_there:
            root = self._root()
            try:
                root.destroy()
            except TerraformError:
                # The cause may be a second Ctrl-C, which also reaches Terraform, or a dependency that AWS still holds.
                root.init()
                root.destroy()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _root(self) -> Root:
        providers = self.directory / "providers"
        providers.mkdir(parents=True, exist_ok=True)
        return Root(self._root_directory, self._environment | provider_environment(providers, os.environ))
