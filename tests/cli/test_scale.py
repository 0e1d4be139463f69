"""How much the command takes: it starts with few imports, and a large plan takes little memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.plan.cases import write_case
from tests.cli.conftest import Command
from tests.cli.plans import change, plan, write

# What only preview or one of the formats needs, and what takes long to import.
SLOW = ("boto3", "botocore", "importlib.metadata", "queue", "rich", "subprocess", "tempfile", "xml")

IMPORTED = """
import sys
from ec2_key_pair_monitor.main import main
status = main(sys.argv[2:])
print(status, sorted(set(sys.argv[1].split()) & sys.modules.keys()), file=sys.stderr)
"""

# In a process of its own, because a program starts with the memory of its parent.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


@pytest.mark.parametrize("form", ["table", "json", "junit", "github"])
def test_imports(command: Command, tmp_path: Path, form: str) -> None:
    """``plan`` imports nothing that is slow to import; ``python -m benchmarks.plan`` measures the start."""
    path = write(tmp_path, plan(change("aws_instance.a", {})))
    python = str(command.folder / "python")
    words = [python, "-c", IMPORTED, " ".join(SLOW), "plan", "--format", form, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  (ours)
    assert done.stderr == "1 []\n"


@pytest.mark.slow
def test_large_plan(command: Command, tmp_path: Path) -> None:
    """A plan of 20,000 instances takes less than 600 MiB."""
    case = write_case(tmp_path / "case", 20_000)
    for form in ("json", "table", "sarif"):
        words = [f"{command.folder}/ec2-key-pair-monitor", "plan", "--format", form, f"{case}/plan.json"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        measure = [sys.executable, "-c", MEASURE, *words]
        done = subprocess.run(measure, capture_output=True, check=True, env=environment)  # noqa: S603  (ours)
        assert json.loads(done.stdout) < 600
