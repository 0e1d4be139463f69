"""Compares the open instances with the last report: which are new, still open or fixed, and since when they are open.

Pure: no I/O, no clock, no boto3. An instance is open while AWS Config has the result NON_COMPLIANT for it. An instance
without a key pair is open since its launch, because a key pair can be assigned only at launch. Every other instance is
open since the first report that named it, because the time of a result may be the time of its last evaluation.

Memory does not grow with the number of open instances: only the oldest, the newest and the counts are kept. Accounts
and regions are compared one after the other.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

# The most instances of a place that one DynamoDB item remembers: it holds 400 KB, and an instance takes 33 bytes.
MAX_REMEMBERED = 12_000
# The most instances of a list that are kept: more than one message can name.
MAX_KEPT = 6_000
# A report gives time and reason of this many of the oldest instances, and of as many of the newest.
MAX_DETAILED = 25
# The number of instances in one query of AWS Config's inventory, and the most that wait for it.
BATCH = 100
MAX_WAITING = 1_000


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
        return cls(scheduled, number, None if text is None else since(json.loads(text)))


def since(kinds: Mapping[str, Mapping[str, int]]) -> dict[str, Since]:
    """Return the instances in the parsed JSON of :meth:`Memory.dump`."""
    return {
        instance_id: Since(datetime.fromtimestamp(seconds, UTC), kind == "launched")
        for kind in kinds
        for instance_id, seconds in kinds[kind].items()
    }


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


@dataclass
class Reading:
    """The open instances of a place, as they are read.

    Attributes:
        place: the account and region.
        memory: the findings of the last report, or None if there was no report.
        findings: the open instances, in any order.
        is_whole: whether all results are there and up to date. If not, an instance that is missing may still be open.
            May change until ``findings`` ends.
        most: the most instances that the next report remembers.
    """

    place: Place
    memory: Memory | None
    findings: Iterable[Finding]
    is_whole: bool = True
    most: int = MAX_REMEMBERED


class Comparison:
    """The open instances of one or more places, compared with the last report.

    Attributes:
        last: the time of the last report, or None if there was none.
        counts: the numbers of open, new and fixed instances in each place. New and fixed are None if the last report
            could not remember its instances.
        new: instances that the last report did not have. Without a last report, all instances are new.
        still: instances that the last report had, or may have had.
        fixed: instances that the last report had, and that are no longer open. Of too many, some are left out.
        fixed_count: the number of all of them.
        unchecked: the number of instances that the last report had, and that could not be checked.
        is_compared: whether new and fixed are known of every place.
    """

    def __init__(self, last: datetime | None) -> None:
        self.last = last
        self.counts: dict[Place, tuple[int, int | None, int | None]] = {}
        self.new, self.still = Ages(), Ages()
        self.fixed: list[tuple[Place, str]] = []
        self.fixed_count = 0
        self.unchecked = 0
        self.is_compared = True

    @property
    def open(self) -> int:
        """The number of open instances."""
        return self.new.count + self.still.count

    @property
    def is_silent(self) -> bool:
        """Whether nothing is open now and nothing was open in the last report."""
        return not self.open and not self.fixed_count and not self.unchecked and self.is_compared


# Looks up the launch times of instances. Returns only those that were launched without a key pair.
Launches = Callable[[list[tuple[Place, str]]], Mapping[tuple[Place, str], datetime]]

# Takes the findings in a place for the next report.
Remember = Callable[[Place, Memory], object]


def compare(
    readings: Iterable[Reading],
    last: datetime | None,
    scheduled: datetime,
    launches: Launches,
    remember: Remember,
) -> Comparison:
    """Compare the open instances with the last report.

    Args:
        readings: each place once.
        last: the time of the last report, or None if there was none.
        scheduled: the time of this report.
        launches: looks up the launch times that no earlier report has found.
        remember: takes what the next report must know of each place.
    """
    comparison = Comparison(last)
    for place, finding, launched in _with_launches(readings, launches):
        if finding:
            place.add(finding, launched, scheduled, comparison)
        else:
            remember(place.reading.place, place.close(scheduled, comparison))
    return comparison


class _Place:
    """A place while it is compared."""

    def __init__(self, reading: Reading) -> None:
        memory = reading.memory
        self.reading = reading
        self.left = dict((memory and memory.since) or {})
        self.open_now: dict[str, Since] = {}
        self.is_known = memory is None or memory.since is not None
        self.count = self.new = 0

    def add(self, finding: Finding, launched: datetime | None, scheduled: datetime, comparison: Comparison) -> None:
        """Count an open instance. Pages of AWS Config can overlap: an instance that is remembered counts once."""
        place, instance_id, annotation = finding
        if instance_id in self.open_now:
            return
        before = self.left.pop(instance_id, None)
        since = Since(launched, is_launch=True) if launched else before or Since(scheduled, is_launch=False)
        is_new = before is None and self.is_known
        (comparison.new if is_new else comparison.still).add(Open(since, instance_id, place, annotation))
        self.count += 1
        self.new += is_new
        if len(self.open_now) <= self.reading.most:
            self.open_now[instance_id] = since

    def close(self, scheduled: datetime, comparison: Comparison) -> Memory:
        """Count the instances that are no longer open. Returns what the next report must know."""
        reading, count = self.reading, self.count
        unchecked: dict[str, Since] = {}
        if not reading.is_whole:
            self.left, unchecked = {}, self.left
            before = reading.memory.open if reading.memory else 0
            comparison.unchecked += len(unchecked) if self.is_known else max(0, before - count)
            count = count + len(unchecked) if self.is_known else max(count, before)
        fixed = len(self.left)
        comparison.fixed_count += fixed
        comparison.fixed += [(reading.place, each) for each in islice(self.left, MAX_KEPT - len(comparison.fixed))]
        comparison.counts[reading.place] = (self.count, self.new, fixed) if self.is_known else (self.count, None, None)
        comparison.is_compared &= self.is_known
        is_remembered = count <= reading.most and (self.is_known or reading.is_whole)
        return Memory(scheduled, count, self.open_now | unchecked if is_remembered else None)


def _with_launches(
    readings: Iterable[Reading], launches: Launches
) -> Iterator[tuple[_Place, Finding | None, datetime | None]]:
    """Yield each finding with its launch time, and None after the last one of a place.

    Launch times are looked up once, many at a time, also of several places together.
    """
    waiting: list[tuple[_Place, Finding | None]] = []
    asked: list[tuple[Place, str]] = []

    def answered() -> Iterator[tuple[_Place, Finding | None, datetime | None]]:
        found = launches(asked) if asked else {}
        for place, finding in waiting:
            yield place, finding, found.get((finding.place, finding.instance_id)) if finding else None
        waiting.clear()
        asked.clear()

    for reading in readings:
        place = _Place(reading)
        for finding in reading.findings:
            waiting.append((place, finding))
            since = place.left.get(finding.instance_id)
            if not (since and since.is_launch):
                asked.append((finding.place, finding.instance_id))
            if len(asked) == BATCH or len(waiting) >= MAX_WAITING:
                yield from answered()
        waiting.append((place, None))
        if len(waiting) >= MAX_WAITING:
            yield from answered()
    yield from answered()
