"""Groups instances into fleets, and finds the ``exempt_tags`` that exempt exactly one fleet."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from unicodedata import is_normalized

from ec2_key_pair_monitor.compliance import ComplianceType, Instance, Policy, evaluate
from ec2_key_pair_monitor.policy import is_key, is_pattern
from ec2_key_pair_monitor.report import Result

_GROUP = "aws:autoscaling:groupName"

# Kind, the tags that name the fleet, and the tags that may exempt it. The first kind whose tags exist counts.
# https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html
# https://karpenter.sh/docs/concepts/nodeclasses/#spectags
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-launch-template.html
_KINDS = (
    ("EKS node group", ("eks:cluster-name", "eks:nodegroup-name"), ("eks:nodegroup-name", _GROUP)),
    ("Karpenter pool", ("eks:eks-cluster-name", "karpenter.sh/nodepool"), ("karpenter.sh/nodepool",)),
    ("Karpenter pool", ("karpenter.sh/nodepool",), ("karpenter.sh/nodepool",)),
    ("Karpenter pool", ("karpenter.sh/provisioner-name",), ("karpenter.sh/provisioner-name",)),
    ("Auto Scaling group", (_GROUP,), (_GROUP,)),
    ("launch template", ("aws:ec2launchtemplate:id",), ("aws:ec2launchtemplate:id",)),
)


class Fleet(NamedTuple):
    """Instances that were launched in the same way. ``kind`` is empty if no tag names a fleet."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.kind else self.name


NO_FLEET = Fleet("", "in no fleet")


class FleetReport(NamedTuple):
    """A fleet with its counts. ``exempt_tags`` would exempt exactly this fleet, or ``not_exemptable`` says why not."""

    fleet: Fleet
    counts: Mapping[str, int]
    exempt_tags: Mapping[str, str] | None = None
    not_exemptable: str | None = None


class Fleets:
    """The fleets of a region. Memory grows with the number of fleets, not of instances."""

    def __init__(self, policy: Policy, own_tags: Sequence[str]) -> None:
        """Take the policy, and the tag keys by which the caller groups instances."""
        self._policy = policy
        self._kinds = (*((f"tag {key}", (key,), (key,)) for key in own_tags), *_KINDS)
        self._keys = {key for _, _, keys in self._kinds for key in keys}
        self._counts: dict[Fleet, Counter[str]] = {}
        self._values: dict[Fleet, Counter[tuple[str, str]]] = {}
        self._carriers: Counter[tuple[str, str]] = Counter()

    def add(self, tags: Mapping[str, str], verdict: Result, *, is_exempt: bool) -> Fleet:
        """Count an instance. Returns its fleet."""
        fleet, keys = self._fleet_of(tags)
        counts = self._counts.setdefault(fleet, Counter())
        counts[verdict.lower()] += 1
        counts["exempt"] += is_exempt
        values = self._values.setdefault(fleet, Counter())
        values.update((key, tags[key]) for key in keys if key in tags)
        self._carriers.update((key, tags[key]) for key in self._keys if key in tags)
        return fleet

    def reports(self, *, is_complete: bool = True) -> list[FleetReport]:
        """Return the fleets, with most findings first.

        If ``is_complete`` is false, the tags of some instances were not read, and an exemption could exempt these too.
        """
        reports = [self._report(fleet, counts, is_complete=is_complete) for fleet, counts in self._counts.items()]
        return sorted(reports, key=lambda each: (-each.counts["non_compliant"], -sum(each.counts.values()), each.fleet))

    def _fleet_of(self, tags: Mapping[str, str]) -> tuple[Fleet, Sequence[str]]:
        for kind, naming, exempting in self._kinds:
            if all(key in tags for key in naming):
                return Fleet(kind, "/".join(tags[key] for key in naming)), exempting
        return NO_FLEET, ()

    def _report(self, fleet: Fleet, counts: Counter[str], *, is_complete: bool) -> FleetReport:
        counted = {name: counts[name] for name in ("non_compliant", "unknown", "compliant", "exempt")}
        if not counts["non_compliant"]:
            return FleetReport(fleet, counted)
        if fleet == NO_FLEET:
            return FleetReport(fleet, counted, None, "They share no tag that names a fleet.")
        if not is_complete:
            return FleetReport(fleet, counted, None, "Not all instances of the region could be read.")
        size = counts["non_compliant"] + counts["unknown"] + counts["compliant"]
        obstacle = ""
        for (key, value), number in self._values[fleet].items():
            obstacle = self._obstacle(key, value, number, size)
            if not obstacle:
                return FleetReport(fleet, counted, {**self._policy.exempt_tags, key: value})
        return FleetReport(fleet, counted, None, obstacle)

    def _obstacle(self, key: str, value: str, number: int, size: int) -> str:
        """Return why a tag does not exempt exactly the fleet; empty if it does."""
        if key in self._policy.exempt_tags:
            return f"exempt_tags has {key} already, and can have one pattern for it."
        # Terraform normalizes texts.
        if not (is_key(key) and is_normalized("NFC", key)):
            return f"{key} cannot be a key of exempt_tags."
        if number < size:
            return f"Only {number:,} of them carry {key}={value}."
        if value.isspace() or not (is_pattern(value) and is_normalized("NFC", value)):
            return f"The value of {key} cannot be a pattern."
        others = self._matching(key, value) - size
        if others:
            number_of = (
                "1 other instance carries or matches" if others == 1 else f"{others:,} other instances carry or match"
            )
            return f"{number_of} {key}={value}."
        return ""

    def _matching(self, key: str, pattern: str) -> int:
        """Count the instances that the pattern would exempt."""
        if not any(c in pattern for c in "*?"):
            return self._carriers[key, pattern]
        policy = Policy(exempt_tags={key: pattern})
        return sum(
            number
            for (other, value), number in self._carriers.items()
            if other == key
            and evaluate(Instance(None, None, {key: value}), policy, date.min).compliance_type
            is ComplianceType.COMPLIANT
        )


def pasted(exempt_tags: Mapping[str, str]) -> str:
    """Return the module's input on one line of HCL."""
    return (
        f"exempt_tags = {{ {', '.join(f'{_quoted(key)} = {_quoted(value)}' for key, value in exempt_tags.items())} }}"
    )


def _quoted(text: str) -> str:
    # https://developer.hashicorp.com/terraform/language/expressions/strings
    for character, escaped in (("\\", "\\\\"), ('"', '\\"'), ("${", "$${"), ("%{", "%%{")):
        text = text.replace(character, escaped)
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text) + '"'
