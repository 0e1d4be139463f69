"""Judges the key pair and tags that an instance would be launched with. Knows the policy, but no resource types."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from ec2_key_pair_monitor.compliance import ComplianceType, Instance, Policy, evaluate
from ec2_key_pair_monitor.report import Result


class Key(NamedTuple):
    """A key pair's name, None for none; or why it is not known."""

    name: str | None = None
    unknown: str | None = None
    is_sensitive: bool = False


class Tags(NamedTuple):
    """Tags of an instance.

    ``unknown`` has the keys whose value is known only after apply, with the known start of the value.
    ``open`` says why there may be more tags than these, or is None.
    """

    known: Mapping[str, str] = {}
    unknown: Mapping[str, str] = {}
    open: str | None = None
    sensitive: frozenset[str] = frozenset()

    def over(self, lower: "Tags") -> "Tags":
        """Merge with other tags. If both have a key, these tags win."""
        if not lower.known and not lower.unknown:
            return self._replace(open=self.open or lower.open) if lower.open else self
        known = {key: value for key, value in lower.known.items() if key not in self.unknown}
        unknown = {key: start for key, start in lower.unknown.items() if key not in self.known}
        if self.open:
            # The tags that are not known could contain one of these keys with another value.
            unknown.update(dict.fromkeys(known, ""))
            known = {}
        return Tags(
            {**known, **self.known},
            {**unknown, **self.unknown},
            self.open or lower.open,
            self.sensitive | lower.sensitive,
        )


NO_TAGS = Tags()


class Launch(NamedTuple):
    """One way in which a resource launches instances."""

    key: Key
    tags: Tags = NO_TAGS


class Judgement(NamedTuple):
    """The result of a launch, or of several."""

    verdict: Result
    reason: str


class Judge:
    """Judges launches under a policy, on a day."""

    def __init__(self, policy: Policy, today: date) -> None:
        """Take the policy and the UTC date to compare exemption dates with."""
        self.policy = policy
        self._today = today

    def judge(self, launch: Launch) -> Judgement:
        """Return the evaluator's verdict, or UNKNOWN if it depends on a value that is known only after apply."""
        key, tags = launch
        verdict = evaluate(Instance(key.name, None, tags.known), self.policy, self._today)
        if verdict.compliance_type is ComplianceType.COMPLIANT:
            return Judgement(Result.COMPLIANT, self._compliant(launch, verdict.annotation or ""))
        certain, possible = self._exemptions(tags)
        if certain:
            return Judgement(Result.COMPLIANT, f"Exempt by tag {certain}, whatever its value will be.")
        if key.unknown:
            return Judgement(Result.UNKNOWN, key.unknown)
        if possible:
            return Judgement(Result.UNKNOWN, f"Without an allowed key pair, and perhaps exempt: {possible}.")
        return Judgement(Result.NON_COMPLIANT, self._non_compliant(launch))

    def _exemptions(self, tags: Tags) -> tuple[str | None, str | None]:
        """Return the tag that certainly exempts, and the reason why another tag could exempt."""
        possible = None
        until = self.policy.exempt_until_tag_key
        for tag_key, glob in self.policy.exempt_tags.items():
            if tag_key in tags.unknown:
                start = tags.unknown[tag_key]
                literal = glob.rstrip("*")
                if literal != glob and not any(c in literal for c in "*?") and start.startswith(literal):
                    return tag_key, None
                fixed = glob.partition("*")[0].partition("?")[0]
                if start.startswith(fixed) or fixed.startswith(start):
                    possible = possible or f"the value of tag {tag_key} is known only after apply"
            elif tags.open and tag_key not in tags.known:
                possible = possible or tags.open
        if until and until in tags.unknown:
            possible = possible or f"the value of tag {until} is known only after apply"
        elif until and tags.open and until not in tags.known:
            possible = possible or tags.open
        return None, possible

    def _compliant(self, launch: Launch, annotation: str) -> str:
        key, tags = launch
        by_key = evaluate(Instance(key.name), self.policy, self._today).compliance_type is ComplianceType.COMPLIANT
        if by_key:
            return "Has a key pair, whose name is sensitive." if key.is_sensitive else f"Has key pair {key.name}."
        if tags.sensitive & {*self.policy.exempt_tags, self.policy.exempt_until_tag_key}:
            return "Exempt by a tag."
        return annotation

    def _non_compliant(self, launch: Launch) -> str:
        key, tags = launch
        if key.name and not key.name.isspace():
            shown = "Its key pair, whose name is sensitive," if key.is_sensitive else f"Key pair {key.name}"
            text = f"{shown} is not allowed, and it cannot be changed after launch."
        else:
            text = "No key pair, and none can be added after launch."
        until = self.policy.exempt_until_tag_key
        if until and until in tags.known:
            value = "its value" if until in tags.sensitive else tags.known[until]
            text += f" Tag {until} does not exempt it: {value} is past, or not a date like 2030-12-31."
        return text


_WORST_FIRST = (Result.NON_COMPLIANT, Result.UNKNOWN, Result.COMPLIANT)


def worst(judgements: Iterable[Judgement]) -> Judgement:
    """Return the judgement of a resource that launches all of these."""
    return min(judgements, key=lambda each: _WORST_FIRST.index(each.verdict))


def either(judgements: Iterable[Judgement]) -> Judgement:
    """Return the judgement of a resource that launches one of these, if it is not known which one."""
    all_of_them = list(judgements)
    if len({each.verdict for each in all_of_them}) == 1:
        return all_of_them[0]
    return Judgement(Result.UNKNOWN, "Which of several definitions it launches from is known only after apply.")
