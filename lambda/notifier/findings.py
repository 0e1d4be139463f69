"""Compares the open instances with the last report: which are new, still open or fixed, and since when they are open.

Pure: no I/O, no clock, no boto3. An instance is open while AWS Config has the result NON_COMPLIANT for it. An instance
without a key pair is open since its launch, because a key pair can be assigned only at launch. Every other instance is
open since the first report that named it, because the time of a result may be the time of its last evaluation.

Memory does not grow with the number of open instances: only the oldest, the newest and the counts are kept.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

# The most instances of a place that are remembered: a DynamoDB item holds 400 KB, and an instance takes 33 bytes.
MAX_REMEMBERED = 12_000
# The most instances of a list that are kept: more than one message can name.
MAX_KEPT = 6_000
# A report gives time and reason of this many of the oldest instances, and of as many of the newest.
MAX_DETAILED = 25
# The number of instances in one query of AWS Config's inventory.
BATCH = 100


class Place(NamedTuple):
    """An account of twelve digits and a region."""

    account: str
    region: str


class Finding(NamedTuple):
    """A NON_COMPLIANT instance in AWS Config, and the reason."""

    place: Place
    instance_id: str
    annotation: str | None


class Since(NamedTuple):
    """The time since which an instance is open: its launch, or else the first report that named it."""

    at: datetime
    is_launch: bool


class Open(NamedTuple):
    """An open instance; they sort by age."""

    since: Since
    instance_id: str
    place: Place
    annotation: str | None


class Memory(NamedTuple):
    """The findings of a report in a place, for the next report. ``since`` is None if there were too many instances."""

    scheduled: datetime
    open: int
    since: Mapping[str, Since] | None

    def dump(self) -> str | None:
        """The instances as JSON."""
        if self.since is None:
            return None
        kinds: dict[str, dict[str, int]] = {"launched": {}, "reported": {}}
        for instance_id, (at, is_launch) in self.since.items():
            kinds["launched" if is_launch else "reported"][instance_id] = int(at.timestamp())
        return json.dumps(kinds, separators=(",", ":"))

    @classmethod
    def load(cls, scheduled: datetime, number: int, text: str | None) -> "Memory":
        """Read what :meth:`dump` has written."""
        if text is None:
            return cls(scheduled, number, None)
        kinds = json.loads(text)
        return cls(
            scheduled,
            number,
            {
                instance_id: Since(datetime.fromtimestamp(seconds, UTC), kind == "launched")
                for kind in kinds
                for instance_id, seconds in kinds[kind].items()
            },
        )


class Ages:
    """Open instances by age, with their number. If there are too many, those in the middle are left out."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[Open] = []

    def add(self, instance: Open) -> None:
        """Add one, in any order."""
        self.count += 1
        self._kept.append(instance)
        if len(self._kept) >= 2 * MAX_KEPT:
            self._cut()

    def _cut(self) -> None:
        self._kept.sort(key=lambda each: each[:2])
        if len(self._kept) > MAX_KEPT:
            del self._kept[MAX_KEPT - MAX_DETAILED : -MAX_DETAILED]

    @property
    def kept(self) -> list[Open]:
        """The oldest first; the last ones are the newest of all."""
        self._cut()
        return self._kept


class Comparison:
    """The open instances of one or more places, compared with the last report.

    Attributes:
        counts: the numbers of open, new and fixed instances in each place. New and fixed are None if the last report
            could not remember its instances.
        new: instances that the last report did not have. Without a last report, all instances are new.
        still: instances that the last report had, or may have had.
        fixed: instances that the last report had, and that are no longer open.
        last: the time of the last report, or None if a place had none.
        memories: the findings to remember for the next report.
    """

    def __init__(self, known: Mapping[Place, Memory | None]) -> None:
        self.counts: dict[Place, tuple[int, int | None, int | None]] = {}
        self.new, self.still = Ages(), Ages()
        self.fixed: list[tuple[Place, str]] = []
        self.last = None if None in known.values() else max(each.scheduled for each in known.values() if each)
        self.memories: dict[Place, Memory] = {}

    @property
    def open(self) -> int:
        """The number of open instances."""
        return self.new.count + self.still.count

    @property
    def is_compared(self) -> bool:
        """Whether new and fixed are known of every place."""
        return all(new is not None for _, new, _ in self.counts.values())

    @property
    def is_silent(self) -> bool:
        """Whether nothing is open now and nothing was open in the last report."""
        return not self.open and not self.fixed and self.is_compared


# Looks up the launch times of some instances of a place. Returns only those that were launched without a key pair.
Launches = Callable[[Place, list[str]], Mapping[str, datetime]]


def compare(
    findings: Iterable[Finding], known: Mapping[Place, Memory | None], scheduled: datetime, launches: Launches
) -> Comparison:
    """Compare the open instances with the last report.

    Args:
        findings: all open instances, in any order.
        known: the places to report, each with the findings of the last report, or None if there was none.
        scheduled: the time of this report.
        launches: looks up the launch times that no earlier report has found.
    """
    comparison = Comparison(known)
    left = {place: dict((memory and memory.since) or {}) for place, memory in known.items()}
    open_now: dict[Place, dict[str, Since]] = {place: {} for place in known}
    counts = dict.fromkeys(known, 0)
    new = dict.fromkeys(known, 0)
    for finding, launched in _with_launches(findings, left, launches):
        place, instance_id, annotation = finding
        before, memory = left[place].pop(instance_id, None), known[place]
        since = Since(launched, is_launch=True) if launched else before or Since(scheduled, is_launch=False)
        is_new = before is None and (memory is None or memory.since is not None)
        (comparison.new if is_new else comparison.still).add(Open(since, instance_id, place, annotation))
        counts[place] += 1
        new[place] += is_new
        if len(open_now[place]) <= MAX_REMEMBERED:
            open_now[place][instance_id] = since
    for place, memory in known.items():
        comparison.fixed += [(place, instance_id) for instance_id in left[place]]
        is_known = memory is None or memory.since is not None
        comparison.counts[place] = (
            (counts[place], new[place], len(left[place])) if is_known else (counts[place], None, None)
        )
        remembered = open_now[place] if counts[place] <= MAX_REMEMBERED else None
        comparison.memories[place] = Memory(scheduled, counts[place], remembered)
    return comparison


def _with_launches(
    findings: Iterable[Finding], known: Mapping[Place, Mapping[str, Since]], launches: Launches
) -> Iterator[tuple[Finding, datetime | None]]:
    """Yield each finding with its launch time. Launch times are looked up once, many at a time."""
    rest = iter(findings)
    while batch := list(islice(rest, BATCH)):
        asked: dict[Place, list[str]] = {}
        for place, instance_id, _ in batch:
            since = known[place].get(instance_id)
            if not (since and since.is_launch):
                asked.setdefault(place, []).append(instance_id)
        found = {place: launches(place, instance_ids) for place, instance_ids in asked.items()}
        for finding in batch:
            yield finding, found.get(finding.place, {}).get(finding.instance_id)
