"""Measures the command: its start, large plans, and how many of the project's plans it and its peers judge rightly.

``python -m benchmarks.plan [FOLDER]`` writes ``plan.md`` into the folder, by default ``benchmarks/results``. It takes
processor time, which other programs on the machine disturb least.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.plan.cases import cases, write_case
from benchmarks.plan.tools import CHECKOUT, Tool, tools

LARGE, SMALL = 20_000, 2_000
# These do not finish in minutes on the large plan.
ONLY_SMALL = {"checkov", "c7n-left", "regopy"}
TIME_LIMIT = 600
REPEATS = 3
# A start is short, so other programs disturb it more.
STARTS = 40


class Run(NamedTuple):
    """What a run took, and what it wrote; None where it did not end in time."""

    seconds: float
    mebibytes: float
    output: str


def measure(tool: Tool, case: Path) -> Run | None:
    """Run a tool on a case."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(tool.arguments(case), stdout=output, stderr=subprocess.DEVNULL, cwd=case)
        try:
            _, _, usage = _wait(process)
        except TimeoutError:
            return None
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


def _wait(process: "subprocess.Popen[bytes]") -> Any:
    import signal  # noqa: PLC0415

    def stop(*_: object) -> None:
        process.kill()
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(TIME_LIMIT)
    try:
        result = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(result[1])
        return result
    finally:
        signal.alarm(0)


def is_right(tool: Tool, case: Path, expected: set[str]) -> bool:
    """Whether a tool finds fault with exactly what is NON_COMPLIANT."""
    run = measure(tool, case)
    try:
        return run is not None and tool.found(run.output) == expected
    except (ValueError, KeyError, TypeError, IndexError):
        return False


def start(case: Path, command: Tool) -> str:
    """Say how fast the command starts on one of the project's plans, at the best of many runs."""
    python = Path(command.arguments(case)[0]).parent / "python"
    bare = command._replace(arguments=lambda _: [str(python), "-c", "import json, rich"])
    pairs = [(measure(bare, case), measure(command, case)) for _ in range(STARTS)]
    bases, ours = (min(run.seconds for run in runs if run) for runs in zip(*pairs, strict=True))
    return f"The start takes {ours / bases:.2f} times the processor time of `import json, rich`."


def main(results: Path) -> None:
    """Measure, and write the table."""
    judged = list(cases())
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        # In a process of its own: a program starts with the memory of its parent.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            large, small = pool.map(
                write_case, (Path(temporary) / str(size) for size in (LARGE, SMALL)), (LARGE, SMALL)
            )
        candidates = tools(CHECKOUT / "build/benchmarks/plan")
        started = start(judged[0][0], next(tool for tool in candidates if tool.name == "ec2-key-pair-monitor"))
        for tool in candidates:
            cells = [tool.name]
            for case in (large, small):
                runs = (
                    [] if case == large and tool.name in ONLY_SMALL else [measure(tool, case) for _ in range(REPEATS)]
                )
                ended = [each for each in runs if each]
                best = min(ended, key=lambda each: each.seconds) if ended else None
                cells.append(f"{best.seconds:.2f} s, {best.mebibytes:.0f} MiB" if best else "not measured")
            right = sum(is_right(tool, case, expected) for case, expected in judged)
            cells.append(f"{right} of {len(judged)}")
            rows.append("| " + " | ".join(cells) + " |")
            print(rows[-1])
    heading = f"| Tool | {LARGE:,} instances | {SMALL:,} instances | Right on the project's plans |"
    lines = [heading, "| --- | --- | --- | --- |", *rows, "", started]
    (results / "plan.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CHECKOUT / "benchmarks/results")
