"""The benchmark itself: that it runs, that its stub counts and throttles, and that its table says what was measured."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import bench, report
from benchmarks.stub import Stub
from tests.oracles import wire
from tests.support import CHECKOUT

RESULTS = json.loads((CHECKOUT / "benchmarks/results/results.json").read_text())


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What the benchmark measured at its smallest sizes, and where it wrote it."""
    output = tmp_path_factory.mktemp("results")
    command = [sys.executable, "-m", "benchmarks", "--quick", "--here", "--output", str(output)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)  # noqa: S603
    return json.loads((output / "results.json").read_text()), output


def test_calls_of_a_change(quick: tuple[dict[str, Any], Path]) -> None:
    """Through real boto3 a changed instance costs one call, an oversized one two."""
    assert quick[0]["calls"] == {
        "change": {"PutEvaluations": 1},
        "oversized": {"GetResourceConfigHistory": 1, "PutEvaluations": 1},
    }


def test_calls_of_a_sweep(quick: tuple[dict[str, Any], Path]) -> None:
    """A sweep is a select and a put for each 100 instances, and a listing for each 100 results.

    Each 100 results on instances that are gone cost a lookup and a put.
    """
    calls = {each["name"]: each["calls"] for each in quick[0]["sweeps"]}

    listing = "GetComplianceDetailsByConfigRule"
    assert calls["ours"] == {"SelectResourceConfig": 10, "PutEvaluations": 10, listing: 1}
    lookups = {"BatchGetResourceConfig": 1}
    assert calls["ours, clearing"] == {"SelectResourceConfig": 10, "PutEvaluations": 11, listing: 10} | lookups


def test_report_is_whole(quick: tuple[dict[str, Any], Path]) -> None:
    """The table names each handler and each goal, and the plot is a PNG."""
    figures, output = quick
    table = (output / "results.md").read_text()

    assert all(f"| {name} |" in table for name in figures["handlers"])
    assert all(goal.text in table for goal in report.goals(figures))
    assert (output / "results.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("script", "is_taken"), [("echo Python 3.13.99", True), ("exit 127", False)], ids=["installed", "dangling shim"]
)
def test_interpreter_on_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, *, is_taken: bool
) -> None:
    """The runtime's Python is taken from the PATH if it runs, else the handlers run in the benchmark's own."""
    python = tmp_path / "python3.13"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("platform.python_version", lambda: "3.11.7")

    found = bench.runtime_python.__wrapped__()

    assert found == ((str(python), "3.13.99") if is_taken else (sys.executable, "3.11.7"))


def test_stub_throttles_above_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three calls at once two pass at a rate of two a second, and all are counted."""
    monkeypatch.setattr("benchmarks.stub.time", SimpleNamespace(monotonic=lambda: 0.0))
    stub = Stub(instances=1, rate=2)

    statuses = [stub.config("SelectResourceConfig", b"{}")[0] for _ in range(3)]

    assert statuses == [200, 200, 400]
    assert stub.play()["calls"] == {"SelectResourceConfig": 3, "ThrottlingException": 1}
    assert stub.play()["calls"] == {}


@pytest.mark.parametrize("rate", [0, 1e-6], ids=["answered", "throttled"])
@pytest.mark.parametrize(
    ("service", "protocol", "operation"),
    [
        ("config", "json", "GetComplianceDetailsByConfigRule"),
        ("config", "json", "GetResourceConfigHistory"),
        ("config", "json", "PutEvaluations"),
        ("config", "json", "SelectResourceConfig"),
        ("ec2", "ec2", "DescribeInstances"),
        ("sts", "query", "AssumeRole"),
    ],
)
def test_stub_answers_as_aws_would(service: str, protocol: str, operation: str, rate: float) -> None:
    """Each answer of the stub fits AWS's model of the call."""
    is_config = service == "config"
    headers = {"x-amz-target": f"StarlingDoveService.{operation}"} if is_config else {}
    body = b"{}" if is_config else f"Action={operation}".encode()
    status, answer = Stub(instances=150, results=150, gone=50, rate=rate).answer(headers, body)

    assert status == (400 if rate and is_config else 200)
    model = wire.operation_model(service, operation)
    wire.judge("response", model, wire.read_response(model, protocol, status, {}, answer))


@pytest.mark.parametrize(
    ("sign", "bound", "value", "outcome"),
    [
        ("≤", 20, 11, "met, by 45 %"),
        ("≤", 20, 25, "**missed**, by 25 %"),
        ("≥", 20, 25, "met, by 25 %"),
        ("≥", 20, 19, "**missed**, by 5 %"),
        ("=", 2, 2, "met"),
        ("=", 2, 3, "**missed**, by 50 %"),
        ("≤", 20, None, "not measured"),
    ],
)
def test_outcome_of_a_goal(sign: str, bound: float, value: float | None, outcome: str) -> None:
    """A goal is met or missed, and by how much of its bound."""
    assert report.Goal("a figure", sign, bound, value).outcome == outcome


def test_documentation_shows_what_was_measured() -> None:
    """The committed table is that of the committed figures, and docs/performance.md shows a part of it."""
    table = report.markdown(RESULTS)
    speed = (CHECKOUT / "docs/performance.md").read_text().partition("## How fast it is")[2].partition("\n## ")[0]

    assert (CHECKOUT / "benchmarks/results/results.md").read_text() == table + "\n"
    rows = [line for line in speed.splitlines() if line.startswith("| ") and "---" not in line]
    assert rows
    assert [row for row in rows if row not in table] == []
