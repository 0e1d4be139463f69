"""How much the command takes: it starts fast, and a large plan costs little more than to read it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.plan.cases import write_case
from benchmarks.plan.tools import HERE
from tests.cli.conftest import Command
from tests.cli.plans import change, plan, write

# In a process of its own, because a program starts with the memory of its parent.
MEASURE = """
import json, resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


def _usage(*words: str | Path) -> tuple[float, float]:
    """The processor time and the memory, in MiB, of a program, at its best of some runs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    measure = [sys.executable, "-c", MEASURE, *words]
    figures = [
        json.loads(subprocess.run(measure, capture_output=True, check=True, env=environment).stdout)  # noqa: S603
        for _ in range(8)
    ]
    return min(time for time, _ in figures), min(memory for _, memory in figures)


@pytest.mark.parametrize("form", ["table", "json", "junit", "github"])
def test_start(command: Command, tmp_path: Path, form: str) -> None:
    """A small plan is judged in less than twice the time that Python takes to import json and rich."""
    bare, _ = _usage(command.folder / "python", "-c", "import json, rich")
    path = write(tmp_path, plan(change("aws_instance.a", {})))
    ours, _ = _usage(command.folder / "ec2-key-pair-monitor", "plan", "--format", form, path)
    assert ours < 2 * bare


@pytest.mark.slow
def test_large_plan(command: Command, tmp_path: Path) -> None:
    """20,000 instances take at most twice the processor time of json.load and a loop, and less than 600 MiB."""
    case = write_case(tmp_path / "case", 20_000)
    bare, _ = _usage(sys.executable, HERE / "loop.py", case / "plan.json")
    for form in ("json", "table", "sarif"):
        ours, memory = _usage(command.folder / "ec2-key-pair-monitor", "plan", "--format", form, case / "plan.json")
        assert ours < 2 * bare
        assert memory < 600
