"""What is open now, beside what the last report knew: new, still open, fixed, and since when.

Pure: no I/O, no clock, no boto3. An instance is open while AWS Config has it as NON_COMPLIANT. It is open since its
launch where the lack of a key pair is the reason, for a key pair is assigned at launch or never; otherwise since the
first report that had it, because a result's own time may be that of its last evaluation.

Memory does not grow with what is open: of many instances, the oldest and the newest are kept, and how many there are.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

# At most so many instances of a place are remembered: a DynamoDB item holds 400 KB, and each takes 33 bytes.
MAX_REMEMBERED = 12_000
# More of a list than one message can name.
MAX_KEPT = 6_000
# A report tells when and why of this many of the oldest, and of the newest.
MAX_DETAILED = 25
# What one query of AWS Config's inventory names.
BATCH = 100


class Place(NamedTuple):
    """An account of twelve digits and a region."""

    account: str
    region: str


class Finding(NamedTuple):
    """An instance that AWS Config has as NON_COMPLIANT, and the reason."""

    place: Place
    instance_id: str
    annotation: str | None


class Since(NamedTuple):
    """Since when an instance is open: its launch, or else the first report that had it."""

    at: datetime
    is_launch: bool


class Open(NamedTuple):
    """An open instance; they sort by age."""

    since: Since
    instance_id: str
    place: Place
    annotation: str | None


class Memory(NamedTuple):
    """What a report knows of a place, for the next one; ``since`` is None where there were too many to remember."""

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
    """Open instances by age: how many there are, and of too many those in the middle left out."""

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
    """What is open in one place or many.

    Attributes:
        counts: how many instances are open, new and fixed in each place; the last two are None where the last report
            could not remember its instances.
        new: what the last report did not have; everything where there was none.
        still: what it had, or may have had.
        fixed: what it had and is not open any more.
        last: when the last report was, or None where a place had none.
        memories: what the next report has to know.
    """

    def __init__(self, known: Mapping[Place, Memory | None]) -> None:
        self.counts: dict[Place, tuple[int, int | None, int | None]] = {}
        self.new, self.still = Ages(), Ages()
        self.fixed: list[tuple[Place, str]] = []
        self.last = None if None in known.values() else max(each.scheduled for each in known.values() if each)
        self.memories: dict[Place, Memory] = {}

    @property
    def open(self) -> int:
        """How many instances are open."""
        return self.new.count + self.still.count

    @property
    def is_compared(self) -> bool:
        """Whether new and fixed are known of every place."""
        return all(new is not None for _, new, _ in self.counts.values())

    @property
    def is_silent(self) -> bool:
        """Whether nothing is open and nothing was."""
        return not self.open and not self.fixed and self.is_compared


# Looks up launches: of some instances in a place, the times of those that were launched without a key pair.
Launches = Callable[[Place, list[str]], Mapping[str, datetime]]


def compare(
    findings: Iterable[Finding], known: Mapping[Place, Memory | None], scheduled: datetime, launches: Launches
) -> Comparison:
    """Compare what is open with what the last report knew.

    Args:
        findings: every open instance, in any order.
        known: the places to report, each with what the last report knew of it, or None where there was none.
        scheduled: when this report is.
        launches: is asked for what no report before has found out.
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
    """Each finding with its launch, which is asked for once and for many at a time."""
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
