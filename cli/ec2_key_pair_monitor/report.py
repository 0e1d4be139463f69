"""What a subcommand found: the one value that every format writes. Knows neither plans nor accounts."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple


class Result(StrEnum):
    """What is said of one resource."""

    COMPLIANT = "COMPLIANT"
    NON_COMPLIANT = "NON_COMPLIANT"
    UNKNOWN = "UNKNOWN"


class Location(NamedTuple):
    """Where a resource is written: a path with forward slashes, and a line from 1."""

    path: str
    line: int


class Judged(NamedTuple):
    """A resource with its result. ``follows`` names the definitions that it launches from."""

    address: str
    verdict: Result
    reason: str
    follows: tuple[str, ...] = ()


class Skipped(NamedTuple):
    """A resource that was not judged, and why."""

    type: str
    address: str
    reason: str


class Report(NamedTuple):
    """All that was found, in the order of the source. ``notes`` concern the whole, such as what it leaves out."""

    judged: Sequence[Judged]
    skipped: Sequence[Skipped]
    notes: Sequence[str] = ()
    locations: Mapping[str, Location] = {}

    def count(self, result: Result) -> int:
        """The number of resources with a result."""
        return sum(each.verdict is result for each in self.judged)

    def summary(self) -> dict[str, int]:
        """The counts, by the names that JSON has for them."""
        return {**{result.lower(): self.count(result) for result in Result}, "skipped": len(self.skipped)}
