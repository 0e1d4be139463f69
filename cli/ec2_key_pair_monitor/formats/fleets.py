"""The table of a preview, for people: fleets with most findings first, then other findings, then the forecast."""

from collections.abc import Iterator, Sequence
from typing import TextIO

from ec2_key_pair_monitor.formats import printable
from ec2_key_pair_monitor.formats.table import MOST_ROWS
from ec2_key_pair_monitor.preview.fleets import FleetReport, pasted
from ec2_key_pair_monitor.preview.report import PreviewReport
from ec2_key_pair_monitor.report import Result

_WORDS = ("Region", "Fleet")
_NUMBERS = ("NON_COMPLIANT", "UNKNOWN", "COMPLIANT", "exempt")
_MIN_WIDTH = 80

Named = tuple[str, FleetReport]  # with its region
Row = Sequence[str]


def write(report: PreviewReport, stream: TextIO) -> None:
    """Write the fleets, how to exempt them, the findings and the forecast."""
    fleets = [(region.region, fleet) for region in report.regions for fleet in region.fleets]
    fleets.sort(key=lambda each: -each[1].counts["non_compliant"])
    if fleets:
        _write_table([_row(*each) for each in fleets[:MOST_ROWS]], stream)
    sections = (
        _rest(fleets, "fleets"),
        _exemptions([each for each in fleets if each[1].counts["non_compliant"]]),
        _findings(report),
        _totals(report),
    )
    is_first = not fleets
    for section in sections:
        lines = list(section)
        if lines:
            stream.write("" if is_first else "\n")
            stream.writelines(f"{printable(line)}\n" for line in lines)
            is_first = False


def _row(region: str, fleet: FleetReport) -> Row:
    counts = fleet.counts
    by_key = counts["compliant"] - counts["exempt"]
    numbers = (counts["non_compliant"], counts["unknown"], by_key, counts["exempt"])
    return (region, printable(str(fleet.fleet)), *(f"{each:,}" for each in numbers))


def _rest(rows: Sequence[object], what: str) -> Iterator[str]:
    if len(rows) > MOST_ROWS:
        yield f"… and {len(rows) - MOST_ROWS:,} more {what}; --format json has all."


def _exemptions(fleets: Sequence[Named]) -> Iterator[str]:
    exemptable = [each for each in fleets if each[1].exempt_tags]
    if exemptable:
        yield "To exempt exactly one fleet (exempt_tags can have a tag key once):"
    for region, fleet in exemptable[:MOST_ROWS]:
        yield f"  {region}, {fleet.fleet}: {pasted(fleet.exempt_tags or {})}"
    others = [each for each in fleets if not each[1].exempt_tags]
    if others:
        yield "No single tag exempts:"
    for region, fleet in others[:MOST_ROWS]:
        yield f"  {region}, {fleet.fleet}: {fleet.not_exemptable}"


def _findings(report: PreviewReport) -> Iterator[str]:
    for region in report.regions:
        if region.failure:
            yield f"{region.region}: {region.failure}"
    for finding in report.findings[:MOST_ROWS]:
        yield f"{finding.region}: {finding.text}"
    yield from _rest(report.findings, "findings")


def _totals(report: PreviewReport) -> Iterator[str]:
    exempt = report.summary()["exempt"]
    counts = ", ".join(f"{report.count(each):,} {each}" for each in (Result.NON_COMPLIANT, Result.UNKNOWN))
    yield (
        f"{sum(region.instances for region in report.regions):,} instances: {counts}, "
        f"{report.count(Result.COMPLIANT) - exempt:,} COMPLIANT by a key pair, {exempt:,} exempt."
    )
    total, assumed = report.forecast, report.assumed
    yield (
        f"The first day: {total.emails:,} e-mails to each address, {total.emails_with_digest:,} with a digest, "
        f"and ${total.first_day_cost:,.2f}."
    )
    sweeps = f", evaluation_frequency = {assumed.evaluation_frequency}" if assumed.evaluation_frequency else ""
    yield (
        f"A month: {total.evaluations_a_month:,} evaluations for ${total.month_cost:,.2f} "
        f"(each instance changes {assumed.changes_a_month:g} times{sweeps})."
    )


def _write_table(rows: Sequence[Row], stream: TextIO) -> None:
    if stream.isatty():
        _write_styled(rows, stream)
        return
    table: list[Row] = [(*_WORDS, *_NUMBERS), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        words = [f"{cell:<{width}}" for cell, width in zip(row[: len(_WORDS)], widths, strict=False)]
        numbers = [f"{cell:>{width}}" for cell, width in zip(row[len(_WORDS) :], widths[len(_WORDS) :], strict=True)]
        stream.write("  ".join(words + numbers) + "\n")


def _write_styled(rows: Sequence[Row], stream: TextIO) -> None:
    from rich.console import Console  # noqa: PLC0415  (slow)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in _WORDS:
        table.add_column(heading, overflow="fold")
    for heading in _NUMBERS:
        table.add_column(heading, justify="right", no_wrap=True)
    for region, fleet, *numbers in rows:
        styles = [style if number != "0" else "dim" for number, style in zip(numbers, _STYLES, strict=True)]
        table.add_row(Text(region), Text(fleet), *map(Text, numbers, styles))
    console = Console(file=stream, highlight=False)
    # On a narrower terminal, rich would leave out columns; the terminal wraps lines instead.
    console.width = max(console.width, _MIN_WIDTH)
    console.print(table)


_STYLES = ("bold red", "yellow", "green", "green")
