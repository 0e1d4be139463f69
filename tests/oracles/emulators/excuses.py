"""What a judge is known not to do as AWS does, each with its reason. What is listed here and never met is reported."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.oracles.emulators.comparison import NUMBER, Difference


@dataclass(frozen=True, slots=True)
class Workaround:
    """Other words for what a judge does not understand.

    Attributes:
        judge: whose.
        reason: what it does not do as AWS does.
        there: makes the words that it understands, of an event pattern, a template, or a source in quotes.
        back: makes AWS's words of a message.
    """

    judge: str
    reason: str
    there: Callable[[str], str]
    back: Callable[[str], str]


WORKAROUNDS = (
    Workaround(
        "localstack",
        "It takes a placeholder for one outside of quotes if a comma comes before the next quotation mark.",
        lambda text: re.sub(r'"[^"]*"', lambda string: string[0].replace(", ", "~ "), text),
        lambda text: text.replace("~ ", ", "),
    ),
    Workaround(
        "ministack",
        "It refuses events whose source begins with aws., as AWS does, and has no AWS Config that emits them.",
        lambda text: text.replace('"aws.', '"judged.'),
        lambda text: text.replace('"judged.', '"aws.'),
    ),
)


@dataclass(frozen=True, slots=True)
class Excuse:
    """Differences that do not count, because the judge errs or nobody knows. ``*`` stands for any text.

    Attributes:
        judge: whose.
        reason: why.
        cases: the names of the cases; each is met, or the excuse is too wide.
        queues: where.
        fields: in what.
    """

    judge: str
    reason: str
    cases: tuple[str, ...]
    queues: str = "*"
    fields: tuple[str, ...] = ("*",)

    def covers(self, judge: str, difference: Difference) -> set[str]:
        """Those of its cases that a difference is of, if it is excused."""
        if judge != self.judge or not fnmatchcase(difference.queue, self.queues):
            return set()
        if not any(fnmatchcase(difference.field, each) for each in self.fields):
            return set()
        return {each for each in self.cases if fnmatchcase(difference.case, each)}


ESCAPES = (
    "It escapes a text that it puts in a value's place. AWS's page on the input transformer says that EventBridge does "
    "not; a text that then breaks the JSON is not delivered."
)
ESCAPED = (
    "judged: annotation, JSON",
    "judged: annotation, a backslash",
    "judged: annotation, a backslash at the end",
    "judged: annotation, a backslash before u",
    "judged: annotation, a backslash that escapes",
    "judged: annotation, a control character",
    "judged: annotation, a tab",
    "judged: annotation, an escaped quotation mark",
    "judged: annotation, an opening quotation mark",
    "judged: annotation, quotation marks",
    "judged: *, instance, a backslash that escapes",
    "recorder: who, quotation marks",
)
IN_A_VALUES_PLACE = (NUMBER, "body*.annotation", "body*.instance")
NULL = "Nobody says whether anything-but passes null."

EXCUSES: Sequence[Excuse] = (
    Excuse("localstack", ESCAPES, ESCAPED, fields=IN_A_VALUES_PLACE),
    Excuse(
        "localstack",
        r"It replaces each \n of a filled template by a line break, and then finds no JSON.",
        ("judged: annotation, a backslash before n",),
        fields=(NUMBER,),
    ),
    Excuse("localstack", "It fails at a number inside quotes.", ("judged: *, instance, a number",), fields=(NUMBER,)),
    Excuse(
        "localstack",
        "A key exists for it without a value too, which AWS's page on key matching excludes.",
        (
            "judged: annotation, absent",
            "judged: annotation, empty",
            "judged: annotation, null",
            "message: nothing to do",
            "message: null",
            "recorder: who, a service",
            "recorder: who, absent",
            "recorder: who, null",
        ),
        queues="direct-r*",
        fields=(NUMBER,),
    ),
    Excuse("localstack", NULL, ("message: null",), queues="direct-actionable", fields=(NUMBER,)),
    Excuse("ministack", ESCAPES, ESCAPED, fields=IN_A_VALUES_PLACE),
    Excuse(
        "ministack",
        ESCAPES,
        (
            "judged: annotation, a backslash before n",
            "judged: annotation, a carriage return",
            "judged: annotation, a line break",
        ),
        fields=IN_A_VALUES_PLACE,
    ),
    Excuse(
        "ministack",
        "It delivers a filled template that is no JSON.",
        ("judged: *, instance, a backslash", "judged: *, instance, a line break", "judged: *, instance, quot*"),
        fields=(NUMBER,),
    ),
    Excuse("ministack", "It writes null for null, of which AWS says nothing.", ("*null",), fields=("body*",)),
    Excuse("ministack", "It sets a subject.", ("*",), queues="*-envelope", fields=("body.Subject",)),
    Excuse("ministack", "It ignores the time of PutEvents.", ("judged-digest: *",), fields=("body.time",)),
    Excuse(
        "ministack",
        "An object in a field's place is a value for its filters.",
        ("message: objects",),
        queues="direct-*",
        fields=(NUMBER,),
    ),
    Excuse(
        "ministack",
        "An empty list passes its filters.",
        ("digest: an empty list",),
        queues="digest-quiet",
        fields=(NUMBER,),
    ),
    Excuse("ministack", NULL, ("message: null",), queues="direct-actionable", fields=(NUMBER,)),
)
