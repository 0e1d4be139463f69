"""Words for what a report says about the accounts and regions of an organization, and their part of its document.

Pure: no I/O, no clock, no boto3. Only the accounts and regions with the most instances are named.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from notifier.coverage import Coverage, Source
from notifier.findings import Comparison, Place
from notifier.message import are, counted, iso, wrap
from notifier.wording import account_name

Names = Mapping[str, str]


def in_words(place: Place, names: Names) -> str:
    """Return an account, with its name if it is known, and a region."""
    return f"{account_name(place.account, names)}, {place.region}"


def incomplete(coverage: Coverage) -> str:
    """Return what a report lacks, or "" if it lacks nothing."""
    return f"This report is incomplete. It lacks {listed(coverage.missing)}." if coverage.missing else ""


def listed(words: list[str]) -> str:
    """Join words as in a sentence."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def sentences(comparison: Comparison, coverage: Coverage) -> Iterator[str]:
    """Yield what is to be said in chat, where nothing is listed."""
    if count := len(coverage.not_covered):
        yield f"{places(count)} {are(count)} not covered: there are instances and no verdicts."
    if count := len(coverage.sources):
        yield f"{places(count)} {are(count)} not up to date in AWS Config's aggregator."
    if comparison.unchecked:
        yield unchecked(comparison)


def places(count: int, adjective: str = "") -> str:
    """Return a number of accounts and regions."""
    return f"{count} {adjective}{'account and region' if count == 1 else 'accounts and regions'}"


def unchecked(comparison: Comparison) -> str:
    """Return that some instances of the last report could not be checked."""
    count = comparison.unchecked
    return (
        f"{counted(count, 'instance')} of the last report could not be checked: "
        f"{'it counts' if count == 1 else 'they count'} neither as open nor as fixed."
    )


def text(comparison: Comparison, coverage: Coverage, names: Names, most: int) -> Iterator[str]:
    """Yield the lines about accounts and regions that are not covered or not up to date."""
    if gaps := coverage.not_covered:
        yield from (
            "",
            *wrap(f"Not covered ({len(gaps)}): there are instances and no verdicts. Apply the monitor there:"),
        )
        rest = iter(gaps.items())
        for place, count in islice(rest, most):
            yield from wrap(f"{in_words(place, names)}: {counted(count, 'instance')}", "  ")
        yield from more(len(gaps) - most, sum(count for _, count in rest), "instance")
    if coverage.sources:
        title = f"Not up to date ({len(coverage.sources)}): AWS Config's aggregator has failed there or has old data:"
        yield from ("", *wrap(title))
        for source in coverage.sources[:most]:
            yield from wrap(_source(source, names), "  ")
        yield from more(len(coverage.sources) - most)
    if comparison.unchecked:
        yield from ("", *wrap(unchecked(comparison)))


def more(count: int, instances: int = 0, noun: str = "") -> Iterable[str]:
    """Return the line about those that are not listed."""
    if count <= 0:
        return []
    return wrap(f"and {places(count, 'more ')}" + (f" with {counted(instances, noun)}" if noun else ""), "  ")


def _source(source: Source, names: Names) -> str:
    who = account_name(source.source, names) if source.is_account else f"organization {source.source}"
    parts = [source.status]
    if source.updated:
        parts.append(f"last update {source.updated:%Y-%m-%d %H:%M} UTC")
    if source.error:
        parts.append(source.error)
    return f"{who}, {source.region or 'all regions'}: {', '.join(parts)}"


def footer(coverage: Coverage) -> Iterable[str]:
    """Return the last lines: why a report may be late."""
    source = f"Source: AWS Config's aggregator {coverage.aggregator}."
    return ("", *wrap(f"{source} AWS does not document its delay. The latest changes may be missing."))


def document(comparison: Comparison, coverage: Coverage, names: Names, most: int) -> dict[str, Any]:
    """Return the part of the document about accounts and regions."""
    return {
        "aggregator": coverage.aggregator,
        "incomplete": coverage.missing,
        "unchecked": comparison.unchecked,
        "not_covered": {
            "count": len(coverage.not_covered),
            "instances": sum(coverage.not_covered.values()),
            "places": [
                {"account": account, "name": names.get(account), "region": region, "instances": count}
                for (account, region), count in islice(coverage.not_covered.items(), most)
            ],
        },
        "sources": {
            "count": len(coverage.sources),
            "places": [
                {
                    "source": each.source,
                    "name": names.get(each.source),
                    "region": each.region,
                    "status": each.status,
                    "updated": iso(each.updated) if each.updated else None,
                    "error": each.error,
                }
                for each in coverage.sources[:most]
            ],
        },
    }
