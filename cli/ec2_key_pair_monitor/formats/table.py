"""A table for people, with findings first. Without a terminal, such as in a CI log, it is plain and never wraps."""

from collections.abc import Iterator, Sequence
from typing import TextIO

from ec2_key_pair_monitor.formats import printable
from ec2_key_pair_monitor.report import Judged, Report, Result

# More rows than anybody reads; rich would be slow with more.
MOST_ROWS = 200
_STYLES = {Result.NON_COMPLIANT: "bold red", Result.UNKNOWN: "yellow", Result.COMPLIANT: "green"}
_HEADINGS = ("Verdict", "Resource", "Reason")

Row = tuple[str, str, str]


def write(report: Report, stream: TextIO) -> None:
    """Write the results, and lines with the counts."""
    order = list(_STYLES)
    judged = sorted(report.judged, key=lambda each: order.index(each.verdict))
    rows = [_row(each) for each in judged[:MOST_ROWS]]
    if rows:
        if stream.isatty():
            _write_styled(rows, stream)
        else:
            _write_plain(rows, stream)
    if len(judged) > MOST_ROWS:
        stream.write(f"… and {len(judged) - MOST_ROWS:,} more; --format json has all.\n")
    stream.write("\n" if rows else "")
    stream.writelines(f"{line}\n" for line in _counts(report))


def _row(judged: Judged) -> Row:
    follows = f" Launches from {', '.join(judged.follows)}." if judged.follows else ""
    return judged.verdict, printable(judged.address), printable(judged.reason + follows)


def _counts(report: Report) -> Iterator[str]:
    counts = ", ".join(f"{report.count(each):,} {each}" for each in _STYLES)
    yield f"{len(report.judged):,} judged: {counts}." if report.judged else "0 judged."
    reasons: dict[str, int] = {}
    for skipped in report.skipped:
        reasons[skipped.reason] = reasons.get(skipped.reason, 0) + 1
    if reasons:
        yield f"{len(report.skipped):,} skipped:"
    most_first = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    yield from (f"  {number:,}: {printable(reason)}" for reason, number in most_first[:MOST_ROWS])


def _write_plain(rows: Sequence[Row], stream: TextIO) -> None:
    table = [_HEADINGS, *rows]
    widths = [max(len(row[column]) for row in table) for column in (0, 1)]
    for verdict, address, reason in table:
        stream.write(f"{verdict:{widths[0]}}  {address:{widths[1]}}  {reason}\n")


def _write_styled(rows: Sequence[Row], stream: TextIO) -> None:
    # Importing these takes longer than judging most plans.
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in _HEADINGS:
        table.add_column(heading, overflow="fold", no_wrap=heading == _HEADINGS[0])
    for verdict, address, reason in rows:
        table.add_row(Text(verdict, style=_STYLES[Result(verdict)]), Text(address), Text(reason))
    Console(file=stream, highlight=False).print(table)
