"""JSON, for programs."""

import json
from typing import TextIO

from ec2_key_pair_monitor.report import Report

VERSION = "1"


def write(report: Report, stream: TextIO) -> None:
    """Write one JSON object."""
    document = {
        "version": VERSION,
        "summary": report.summary(),
        "resources": [each._asdict() for each in report.judged],
        "skipped": [each._asdict() for each in report.skipped],
    }
    stream.write(json.dumps(document, indent=2) + "\n")
