"""The decision: takes an EC2 instance and a policy, and returns a verdict.

Pure: no I/O, no clock, no boto3. docs/results.md has the same table in words. The values are named tuples, because a
frozen dataclass takes five times as long to define, at each cold start.
"""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

# https://docs.aws.amazon.com/config/latest/APIReference/API_Evaluation.html
MAX_ANNOTATION_LENGTH = 256

# A terminated instance stays visible for a while. Nobody can or must change it.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
ENDED_STATES = frozenset({"shutting-down", "terminated"})


# EventBridge copies an annotation into JSON without escaping it, and drops the event if the result is not valid JSON.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
UNQUOTABLE = str.maketrans({'"': "\N{RIGHT DOUBLE QUOTATION MARK}", "\\": "\N{SET MINUS}"})

REPLACE = "Launch a replacement with an allowed key pair."

NO_TAGS: Mapping[str, str] = MappingProxyType({})


class ComplianceType(StrEnum):
    """The verdicts, by the names that AWS Config gives them."""

    COMPLIANT = "COMPLIANT"
    NON_COMPLIANT = "NON_COMPLIANT"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class Instance(NamedTuple):
    """The properties of an EC2 instance that the verdict depends on.

    ``key_name`` is None, empty or blank for an instance launched without a key pair; ``state`` is an EC2 state name.
    """

    key_name: str | None
    state: str | None = None
    tags: Mapping[str, str] = NO_TAGS


class Policy(NamedTuple):
    """The requirements in the rule's parameters. The default requires any key pair and exempts nothing.

    In ``allowed_key_names`` and in the values of ``exempt_tags``, ``*`` stands for any characters and ``?`` for one.
    """

    allowed_key_names: tuple[str, ...] = ()
    exempt_tags: Mapping[str, str] = NO_TAGS
    exempt_until_tag_key: str | None = None

    @property
    def reads_tags(self) -> bool:
        """Whether a verdict can depend on the instance's tags."""
        return bool(self.exempt_tags or self.exempt_until_tag_key)


class Verdict(NamedTuple):
    """The verdict on one resource, with its reason.

    ``annotation`` is one line of 1 to 256 characters without quotation marks or backslashes, or None.
    """

    compliance_type: ComplianceType
    annotation: str | None = None


def evaluate(instance: Instance | None, policy: Policy, today: date) -> Verdict:
    """Evaluate an instance. The first condition that matches decides.

    Args:
        instance: the instance, or None for a resource that is deleted, out of scope or not an instance.
        policy: the requirements in the rule's parameters.
        today: the UTC date to compare exemption dates with.

    Returns:
        The verdict. Its annotation is the reason, except for NOT_APPLICABLE, where AWS Config drops annotations.
    """
    if instance is None or instance.state in ENDED_STATES:
        return Verdict(ComplianceType.NOT_APPLICABLE)

    key_name = instance.key_name if instance.key_name and not instance.key_name.isspace() else None
    if key_name and (
        not policy.allowed_key_names or any(_matches(key_name, glob) for glob in policy.allowed_key_names)
    ):
        return _verdict(ComplianceType.COMPLIANT, "Launched with key pair {}.", key_name)

    for tag_key, glob in policy.exempt_tags.items():
        if tag_key in instance.tags and _matches(instance.tags[tag_key], glob):
            return _verdict(ComplianceType.COMPLIANT, "Exempt by tag {}={}.", tag_key, instance.tags[tag_key])

    lapsed: tuple[str, ...] = ()
    lapsed_text = ""
    until_key = policy.exempt_until_tag_key
    if until_key and until_key in instance.tags:
        until = _date(instance.tags[until_key])
        if until and today <= until:
            return _verdict(ComplianceType.COMPLIANT, "Exempt until {} by tag {}.", until.isoformat(), until_key)
        lapsed_text = " The exemption by tag {} ended on {}." if until else " Tag {} is not a date like 2030-12-31: {}."
        lapsed = (until_key, instance.tags[until_key])

    if key_name:
        text = f"Key pair {{}} is not allowed and cannot be changed after launch. {REPLACE}"
        return _verdict(ComplianceType.NON_COMPLIANT, text + lapsed_text, key_name, *lapsed)
    text = f"No key pair was assigned at launch. {REPLACE} A key pair cannot be added to this instance."
    return _verdict(ComplianceType.NON_COMPLIANT, text + lapsed_text, *lapsed)


def _verdict(compliance_type: ComplianceType, template: str, *values: str) -> Verdict:
    """Return a verdict with the filled template as its annotation; long values are cut to equal lengths to fit."""
    # AWS Config shows an annotation as one line. Unprintable characters, such as a lone surrogate, cannot be sent.
    printable = ("".join(c if c.isprintable() else " " for c in value) for value in values)
    lines = [" ".join(value.translate(UNQUOTABLE).split()) for value in printable]
    room = MAX_ANNOTATION_LENGTH - len(template.format(*("" for _ in lines)))
    if sum(map(len, lines)) > room:
        share = room // len(lines)
        lines = [line if len(line) <= share else line[: share - 1] + "…" for line in lines]
    return Verdict(compliance_type, template.format(*lines))


def _matches(text: str, glob: str) -> bool:
    return _pattern(glob).fullmatch(text) is not None


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    """Compile a case-sensitive glob. Only ``*`` and ``?`` are special, unlike in fnmatch."""
    first, *others = ("".join("." if c == "?" else re.escape(c) for c in part) for part in glob.split("*"))
    if not others:
        return re.compile(first, re.DOTALL)
    # Atomic groups prevent backtracking: a pattern with many stars could take hours on a long tag value.
    *middle, last = others
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + ".*" + last, re.DOTALL)


def _date(text: str) -> date | None:
    # date.fromisoformat alone would also accept 20301231 and 2030-W01-1.
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
