"""Decides which accounts and regions of an organization nobody looks at, and of which the results are out of date.

Pure: no I/O, no clock, no boto3. AWS Config's aggregator shows results that it has collected from other accounts and
regions. AWS does not document how late it is. A result that is missing there says nothing, unless the aggregator has
current data of its account and region.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from notifier.findings import Place


class Source(NamedTuple):
    """An account or organization, and a region, that an aggregator reads, with its last status.

    Attributes:
        source: the ID of the account or of the organization.
        region: the region, or "" if AWS Config names none.
        status: ``SUCCEEDED``, ``FAILED`` or ``OUTDATED``.
        updated: the time of the last update.
        error: the code of the last error.
    """

    source: str
    region: str
    status: str
    updated: datetime | None
    error: str | None

    @property
    def is_account(self) -> bool:
        """Whether it is an account and not an organization."""
        return self.source.isdecimal()


class Sources:
    """The sources of an aggregator: which are up to date, and which it no longer reads."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self.read: set[Place] = set()
        self.failed: list[Source] = []
        for each in sources:
            if each.is_account:
                self.read.add(Place(each.source, each.region))
            if each.status != "SUCCEEDED":
                self.failed.append(each)
        self._failed = {Place(each.source, each.region) for each in self.failed if each.is_account}
        self._failed_regions = {each.region for each in self.failed if not each.is_account}

    def is_current(self, place: Place) -> bool:
        """Whether neither the account and region nor the organization's region has failed or is out of date."""
        return not self._failed & _names(place) and not self._failed_regions & {place.region, ""}

    def has_left(self, place: Place) -> bool:
        """Whether an account and region is no longer read. False if the aggregator lists no accounts."""
        return bool(self.read) and not self.read & _names(place)


def _names(place: Place) -> set[Place]:
    """Return the places of sources that include a place: AWS Config need not name a region."""
    return {place, Place(place.account, "")}


class Coverage(NamedTuple):
    """What a report of an organization says about accounts and regions, apart from instances.

    Attributes:
        aggregator: the name of the aggregator.
        not_covered: the number of instances in each account and region without a verdict, most instances first.
        sources: sources that failed or are out of date.
        missing: what could not be read, in words.
    """

    aggregator: str
    not_covered: Mapping[Place, int]
    sources: list[Source]
    missing: list[str]

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to say."""
        return not self.not_covered and not self.sources and not self.missing


def not_covered(instances: Mapping[Place, int], covered: Collection[Place], sources: Sources) -> dict[Place, int]:
    """Return the accounts and regions with instances and no verdict, most instances first.

    If the aggregator has no current data of a place, it is not one of them: its verdicts may be late.
    """
    found = [place for place in instances if place not in covered and sources.is_current(place)]
    return {place: instances[place] for place in sorted(found, key=lambda place: (-instances[place], place))}
