"""JSON, for programs."""

from typing import TextIO

from ec2_key_pair_monitor.formats.stream import write_value
from ec2_key_pair_monitor.report import Writable

VERSION = "1"


def write(report: Writable, stream: TextIO) -> None:
    """Write one JSON object."""
    write_value({"version": VERSION, **report.document()}, stream)
    stream.write("\n")
