"""Packs the findings of many places into few texts, one for each DynamoDB item, and unpacks them.

Pure: no I/O, no clock, no boto3. The findings of 100,000 instances in 2,000 places take a dozen items, read and written
one after the other. A place with many instances continues in the next item.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from notifier.findings import Memory, Place, since

# An item holds 400 KB.
MAX_PAGE = 350_000
# The instances of a place in one piece: less than a page.
MAX_PIECE = 5_000
# The most instances that are remembered of a place and of all places together: what fits into the function's memory.
MAX_OF_A_PLACE = 50_000
MAX_IN_ALL = 1_000_000


class Pack:
    """The findings of places, in the order of the places, as texts."""

    def __init__(self) -> None:
        self.pages: list[str] = []
        self._count = self._size = 0
        self._page: list[str] = []

    def add(self, place: Place, memory: Memory) -> None:
        """Add the findings of a place. Of too many instances, only their number is kept."""
        known = memory.since
        if known is not None and self._count + len(known) > MAX_IN_ALL:
            known = None
        if known is None:
            self._write(place, memory._replace(since=None))
            return
        self._count += len(known)
        instances = list(known.items())
        for start in range(0, len(instances), MAX_PIECE):
            self._write(place, memory._replace(since=dict(instances[start : start + MAX_PIECE])))

    def _write(self, place: Place, memory: Memory) -> None:
        text = f'["{place.account}","{place.region}",{memory.open},{memory.dump() or "null"}]'
        if self._size + len(text) > MAX_PAGE:
            self.finish()
        self._page.append(text)
        self._size += len(text) + 1

    def finish(self) -> list[str]:
        """Return the texts, after everything was added."""
        if self._page:
            self.pages.append(f"[{','.join(self._page)}]")
            self._page, self._size = [], 0
        return self.pages


def unpack(pages: Iterable[str], scheduled: datetime) -> Iterator[tuple[Place, Memory]]:
    """Yield the findings of each place that :class:`Pack` has packed, in the same order."""
    last: tuple[Place, Memory] | None = None
    for page in pages:
        for account, region, count, kinds in json.loads(page):
            place, known = Place(account, region), None if kinds is None else since(kinds)
            if last and last[0] == place and known is not None and last[1].since is not None:
                known = {**last[1].since, **known}
            elif last:
                yield last
            last = place, Memory(scheduled, count, known)
    if last:
        yield last


def joined(places: Iterable[Place], memories: Iterable[tuple[Place, Memory]]) -> Iterator[tuple[Place, Memory | None]]:
    """Yield each place with its findings of the last report, or None. Both inputs are in the order of places."""
    rest = iter(memories)
    known = next(rest, None)
    for place in places:
        while known and known[0] < place:
            yield known
            known = next(rest, None)
        if known and known[0] == place:
            yield known
            known = next(rest, None)
        else:
            yield place, None
    while known:
        yield known
        known = next(rest, None)
