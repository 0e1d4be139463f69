"""A table, for people. Findings come first."""

from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ec2_key_pair_monitor.formats import printable
from ec2_key_pair_monitor.report import Report, Result

# More than anybody reads, and rich would take long to lay them out.
MOST_ROWS = 200
_STYLES = {Result.NON_COMPLIANT: "bold red", Result.UNKNOWN: "yellow", Result.COMPLIANT: "green"}


def write(report: Report, stream: TextIO) -> None:
    """Write the findings, and one line that counts."""
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    rows = sorted(report.judged, key=lambda each: list(_STYLES).index(each.verdict))
    if rows:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for heading in ("Resource", "Verdict", "Reason"):
            table.add_column(heading, overflow="fold")
        for each in rows[:MOST_ROWS]:
            verdict = Text(each.verdict, style=_STYLES[each.verdict])
            follows = f" (follows {', '.join(each.follows)})" if each.follows else ""
            table.add_row(Text(printable(each.address)), verdict, Text(printable(each.reason + follows)))
        console.print(table)
        if len(rows) > MOST_ROWS:
            console.print(f"… and {len(rows) - MOST_ROWS:,} more; --format json has all.")
        console.print()
    reasons: dict[str, int] = {}
    for skipped in report.skipped:
        reasons[skipped.reason] = reasons.get(skipped.reason, 0) + 1
    counts = ", ".join(f"{report.count(each):,} {each}" for each in _STYLES)
    console.print(f"{len(report.judged):,} judged: {counts}." if report.judged else "0 judged.")
    if reasons:
        console.print(f"{len(report.skipped):,} skipped:")
        for reason, number in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:MOST_ROWS]:
            console.print(f"  {number:,}: {printable(reason)}")
