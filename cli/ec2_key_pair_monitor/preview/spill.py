"""Keeps findings on disk, so that memory does not grow with the account."""

import json
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

from ec2_key_pair_monitor.report import Result


class Inspected(NamedTuple):
    """An instance with its result. ``key_pair`` says whether its key pair was deleted or replaced, or is None."""

    region: str
    instance: str
    verdict: Result
    reason: str
    fleet: str
    key_pair: str | None = None


class Spill:
    """Inspected instances in an unnamed temporary file, which is deleted when the process ends."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  (it is read later)

    def add(self, inspected: Inspected) -> None:
        """Keep an instance."""
        self._file.write(json.dumps(inspected) + "\n")

    def __iter__(self) -> Iterator[Inspected]:
        self._file.seek(0)
        for line in self._file:
            region, instance, verdict, *others = json.loads(line)
            yield Inspected(region, instance, Result(verdict), *others)
