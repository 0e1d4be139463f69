"""Reads AWS Config in a region: its rules, and whether the monitor could work with its recorder."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ec2_key_pair_monitor.compliance import Policy
from ec2_key_pair_monitor.errors import CommandError
from ec2_key_pair_monitor.policy import from_values
from ec2_key_pair_monitor.report import Finding

INSTANCE = "AWS::EC2::Instance"
VERDICT = "AWS::Config::ResourceCompliance"
# https://docs.aws.amazon.com/config/latest/developerguide/ec2-no-amazon-key-pair.html
_OPPOSITE = "EC2_NO_AMAZON_KEY_PAIR"


def policy_of_rule(config: Any, name: str) -> Policy:
    """Return the policy in the parameters of a rule.

    Raises:
        CommandError: the module did not write the parameters.
    """
    (rule,) = config.describe_config_rules(ConfigRuleNames=[name])["ConfigRules"]
    try:
        parameters = json.loads(rule.get("InputParameters") or "{}")
    except ValueError as error:
        raise CommandError(f"the parameters of rule {name} are not JSON: {error}.") from error
    if not isinstance(parameters, dict):
        raise CommandError(f"the parameters of rule {name} are not a JSON object.")
    return from_values(parameters, f"rule {name}")


def conflicts(config: Any, region: str) -> list[Finding]:
    """Find rules that require the opposite."""
    pages = config.get_paginator("describe_config_rules").paginate()
    return [
        Finding(
            "conflict",
            region,
            f"Rule {rule['ConfigRuleName']} is {_OPPOSITE}: it requires instances without a key pair, so every running "
            "instance fails one of the two rules.",
        )
        for page in pages
        for rule in page["ConfigRules"]
        if rule["Source"].get("SourceIdentifier") == _OPPOSITE
    ]


class Recorder:
    """The customer managed recorder of a region. ``recorder`` is empty if there is none."""

    def __init__(self, recorder: Mapping[str, Any]) -> None:
        self.recorder = recorder

    @classmethod
    def read(cls, config: Any) -> "Recorder":
        """Read it. Recorders of other services are ignored, because they invoke no rules."""
        recorders = config.describe_configuration_recorders()["ConfigurationRecorders"]
        return cls(next((each for each in recorders if not each.get("servicePrincipal")), {}))

    def records(self, resource_type: str) -> bool:
        """Whether it records a type.

        https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingGroup.html
        """
        group = self.recorder.get("recordingGroup", {})
        strategy = group.get("recordingStrategy", {}).get("useOnly")
        if strategy == "EXCLUSION_BY_RESOURCE_TYPES":
            return resource_type not in group.get("exclusionByResourceTypes", {}).get("resourceTypes", [])
        return bool(group.get("allSupported")) or resource_type in group.get("resourceTypes", [])

    def is_daily(self) -> bool:
        """Whether it records instances only once a day."""
        mode = self.recorder.get("recordingMode", {})
        for override in mode.get("recordingModeOverrides", []):
            if INSTANCE in override.get("resourceTypes", []):
                return bool(override.get("recordingFrequency") == "DAILY")
        return bool(mode.get("recordingFrequency") == "DAILY")

    def findings(self, region: str, statuses: Sequence[Mapping[str, Any]] | None) -> Iterator[Finding]:
        """Return why the monitor would see instances late or never. ``statuses`` is None if they cannot be read."""
        if not self.recorder:
            yield Finding("recorder", region, "AWS Config was never switched on: there is no recorder.")
            return
        name = self.recorder["name"]
        if statuses is not None:
            status: Mapping[str, Any] = next((each for each in statuses if each.get("name") == name), {})
            if not status.get("recording"):
                yield Finding("recorder", region, f"Recorder {name} is stopped: nothing is evaluated.")
            elif str(status.get("lastStatus", "")).upper() == "FAILURE":
                reason = status.get("lastErrorMessage") or status.get("lastErrorCode")
                yield Finding("recorder", region, f"Recorder {name} fails{f': {reason}' if reason else ''}.")
        if not self.records(INSTANCE):
            yield Finding("recorder", region, f"Recorder {name} does not record {INSTANCE}: nothing is evaluated.")
        elif self.is_daily():
            yield Finding(
                "recorder", region, f"Recorder {name} records instances daily: findings are up to a day late."
            )
