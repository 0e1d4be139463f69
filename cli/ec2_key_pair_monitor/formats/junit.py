"""JUnit XML, which Jenkins, GitLab and other tools show as tests."""

from typing import TextIO

from ec2_key_pair_monitor.formats import printable
from ec2_key_pair_monitor.report import Judged, Result, Writable


def write(report: Writable, stream: TextIO) -> None:
    """Write one suite with a test case for each resource. UNKNOWN is a skipped test."""
    counts = f'tests="{len(report.judged)}" failures="{report.count(Result.NON_COMPLIANT)}" errors="0"'
    counts += f' skipped="{report.count(Result.UNKNOWN)}"'
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    stream.write(f'<testsuites name="ec2-key-pair-monitor" {counts}>\n')
    stream.write(f'  <testsuite name="ec2-key-pair-monitor" {counts}>\n')
    for each in report.judged:
        stream.write(_case(each))
    lines = [f"not judged: {each.address}: {each.reason}" for each in report.skipped]
    lines += [f"{each.kind}: {each.region}: {each.text}" for each in report.findings]
    if lines:
        text = "\n".join(map(_plain, lines))
        stream.write(f"    <system-out>{text}</system-out>\n")
    stream.write("  </testsuite>\n</testsuites>\n")


def _case(judged: Judged) -> str:
    start = f'    <testcase classname="ec2-key-pair" name="{_plain(judged.address)}"'
    reason = _plain(judged.reason)
    if judged.verdict is Result.NON_COMPLIANT:
        return f'{start}>\n      <failure message="{reason}" type="{judged.verdict}"/>\n    </testcase>\n'
    if judged.verdict is Result.UNKNOWN:
        return f'{start}>\n      <skipped message="{reason}"/>\n    </testcase>\n'
    return f"{start}/>\n"


def _plain(text: str) -> str:
    """Escape a text for XML. Importing the library's function would take longer than judging most plans."""
    text = printable(text)
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text
