"""The findings of a subcommand, which every format writes. Knows nothing of plans or accounts."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol


class Result(StrEnum):
    """The result of one resource."""

    COMPLIANT = "COMPLIANT"
    NON_COMPLIANT = "NON_COMPLIANT"
    UNKNOWN = "UNKNOWN"


class Location(NamedTuple):
    """Where a resource is written: a path with forward slashes, and a line number that starts at 1."""

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


class Finding(NamedTuple):
    """A finding that is not a verdict. ``kind`` names it for programs, such as ``ghost-key``."""

    kind: str
    region: str
    text: str


class Judgements(Protocol):
    """The judged resources, in the order of the source. They may not all fit into memory."""

    def __iter__(self) -> Iterator[Judged]: ...

    def __len__(self) -> int: ...


class Writable(Protocol):
    """The parts of a report that the formats need."""

    @property
    def judged(self) -> Judgements:
        """The resources with their results."""

    @property
    def skipped(self) -> Sequence[Skipped]:
        """The resources that were not judged."""

    @property
    def notes(self) -> Sequence[str]:
        """Notes about the whole report, such as what it leaves out."""

    @property
    def findings(self) -> Sequence[Finding]:
        """The findings that are not verdicts."""

    @property
    def locations(self) -> Mapping[str, Location]:
        """Where resources are written."""

    def count(self, result: Result) -> int:
        """The number of resources with a result."""

    def summary(self) -> dict[str, int]:
        """The counts, by name."""

    def document(self) -> dict[str, Any]:
        """The JSON document without its version. Iterators become lists."""


class Report(NamedTuple):
    """The findings in a plan, in its order. ``notes`` are about the whole report, such as what it leaves out."""

    judged: Sequence[Judged]
    skipped: Sequence[Skipped]
    notes: Sequence[str] = ()
    locations: Mapping[str, Location] = {}
    findings: Sequence[Finding] = ()

    def count(self, result: Result) -> int:
        """The number of resources with a result."""
        return sum(each.verdict is result for each in self.judged)

    def summary(self) -> dict[str, int]:
        """The counts, by name."""
        return {**{result.lower(): self.count(result) for result in Result}, "skipped": len(self.skipped)}

    def document(self) -> dict[str, Any]:
        """The JSON document without its version."""
        return {
            "summary": {**self.summary(), "skipped": (each._asdict() for each in self.skipped)},
            "resources": (each._asdict() for each in self.judged),
        }
