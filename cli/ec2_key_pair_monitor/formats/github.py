"""Annotations of GitHub Actions.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from typing import TextIO

from ec2_key_pair_monitor.formats import printable
from ec2_key_pair_monitor.report import Finding, Judged, Result, Writable

_LEVELS = {Result.NON_COMPLIANT: "error", Result.UNKNOWN: "warning"}


def write(report: Writable, stream: TextIO) -> None:
    """Write an annotation for each finding, and one line that counts."""
    for each in report.judged:
        if each.verdict in _LEVELS:
            stream.write(_annotation(each, report) + "\n")
    for finding in report.findings:
        stream.write(_finding(finding) + "\n")
    counts = ", ".join(f"{number} {name}" for name, number in report.summary().items())
    stream.write(f"::notice title=ec2-key-pair-monitor::{len(report.judged)} judged: {counts}\n")


def _annotation(judged: Judged, report: Writable) -> str:
    properties = {"title": f"{judged.verdict}: {printable(judged.address)}"}
    location = report.locations.get(judged.address)
    if location:
        properties |= {"file": location.path, "line": str(location.line)}
    text = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    return f"::{_LEVELS[judged.verdict]} {text}::{_escaped(printable(f'{judged.address}: {judged.reason}'))}"


def _finding(finding: Finding) -> str:
    title = _escaped(printable(f"{finding.kind}: {finding.region}"), ":,")
    return f"::warning title={title}::{_escaped(printable(finding.text))}"


def _escaped(text: str, further: str = "") -> str:
    return "".join(f"%{ord(c):02X}" if c in "%\r\n" or c in further else c for c in text)
