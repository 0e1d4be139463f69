"""Measures the evaluator beside its peers and writes a table, its figures as JSON, and a plot.

``make bench`` installs what this needs and runs it. ``--quick`` measures ours against the plain handler at small sizes
only, to see that everything works; its figures mean nothing.

CPU times are medians of runs that alternate between the handlers, in processes of their own, against a stub that
answers at once over TLS. Only ratios within one run should be compared. Each handler must reach the verdicts of the
others, or the benchmark fails. ``bench.py`` has what they run in.
"""

import argparse
import os
import platform
import shutil
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.bench import HERE, Bench, Candidate, runtime_python, say, started

OURS, PLAIN, SAMPLE = "ours", "plain", "documentation sample"


CHANGE = {
    OURS: Candidate("evaluator.handler"),
    PLAIN: Candidate("plain"),
    "client only": Candidate("client_only"),
    SAMPLE: Candidate("documentation_sample", events=100),
    "rdklib": Candidate("peer_rdklib", "rdklib", events=100),
    "Powertools": Candidate("peer_powertools", "powertools"),
    "Cloud Custodian": Candidate("peer_c7n", "c7n", events=100),
    "hand-written HTTP": Candidate("handwritten"),
}

POLL = Candidate("peer_c7n", "c7n", settings=(("C7N_MODE", "config-poll-rule"),))
# The handler, the largest region that it sweeps within some minutes, and whether it clears stale results, and so finds
# a result for each instance. A larger region is reported as not run.
SWEEP = {
    OURS: (CHANGE[OURS], 100_000, False),
    f"{OURS}, clearing": (CHANGE[OURS], 100_000, True),
    "hand-written HTTP": (CHANGE["hand-written HTTP"], 100_000, False),
    "DescribeInstances": (Candidate("describe_instances"), 100_000, False),
    "rdklib": (CHANGE["rdklib"], 10_000, True),
    "Cloud Custodian, poll": (POLL, 10_000, True),
}
ROUNDS = {1_000: 3, 10_000: 3, 100_000: 1}
MORE_ROUNDS = {OURS: 3, f"{OURS}, clearing": 3, "hand-written HTTP": 3}


def median_of(runs: list[dict[str, Any]], name: str) -> float:
    """The median of a figure over runs."""
    return float(statistics.median(run[name] for run in runs))


def ratio_of(runs: list[dict[str, Any]], others: list[dict[str, Any]], name: str) -> float:
    """The median ratio of a figure over paired runs."""
    return float(statistics.median(run[name] / other[name] for run, other in zip(runs, others, strict=True)))


def alternated(
    bench: Bench, mode: str, candidates: Mapping[str, Candidate], rounds: int, scale: float = 1
) -> dict[str, list[dict[str, Any]]]:
    """Run all candidates in turn, round after round, every other round backwards."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in candidates}
    for number in range(rounds):
        say(f"{mode}, round {number + 1} of {rounds}")
        for name in list(candidates)[:: -1 if number % 2 else 1]:
            events = max(1, int(candidates[name].events * scale)) if mode == "warm" else 1
            runs[name].append(bench.run(mode, candidates[name], "change", events))
    return runs


def measure(bench: Bench, *, quick: bool) -> dict[str, Any]:
    """Measure everything; the result is what results.json holds."""
    names = [OURS, PLAIN] if quick else list(CHANGE)
    candidates = {name: CHANGE[name] for name in names if bench.python_of(CHANGE[name].environment)}
    callgrind = shutil.which("valgrind") is not None and not quick
    figures: dict[str, Any] = {
        "machine": {
            "python": platform.python_version() if bench.python else runtime_python()[1],
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "callgrind": callgrind,
        },
        "missing": sorted(set(names) - set(candidates)),
        "zip_bytes": bench.zip_bytes,
        "calls": {event: bench.run("cold", CHANGE[OURS], event)["calls"] for event in ("change", "oversized")},
        "handlers": {},
    }
    counted = {}
    if callgrind:
        say("counting the instructions of a cold start")
        with ThreadPoolExecutor(2) as pool:
            counted = dict(zip(candidates, pool.map(bench.instructions, candidates.values()), strict=True))
    cold = alternated(bench, "cold", candidates, 1 if quick else 11)
    warm = alternated(bench, "warm", candidates, 1 if quick else 5, 0.02 if quick else 1)
    for name in candidates:
        calls, verdicts = cold[name][0]["calls"], cold[name][0]["verdicts"]
        expected = {} if name == "client only" else {"NON_COMPLIANT": 1}
        if verdicts != expected:
            raise RuntimeError(f"{name} decided {verdicts}")
        figures["handlers"][name] = {
            "cold_cpu_ms": 1000 * median_of(cold[name], "process_cpu"),
            "cold_ratio": ratio_of(cold[name], cold[PLAIN], "process_cpu"),
            "cold_against_ours": ratio_of(cold[name], cold[OURS], "process_cpu"),
            "first_cpu_ms": 1000 * median_of(cold[name], "cpu"),
            "warm_cpu_ms": 1000 * median_of(warm[name], "cpu"),
            "warm_ratio": ratio_of(warm[name], warm[PLAIN], "cpu"),
            "warm_against_ours": ratio_of(warm[name], warm[OURS], "cpu"),
            "calls": calls,
        }
        if name in counted:
            figures["handlers"][name]["instructions_m"] = counted[name]
    figures["sweeps"] = list(sweeps(bench, quick=quick))
    figures["pipeline"] = pipeline(bench, quick=quick)
    figures["model"] = list(model(bench, quick=quick))
    return figures


def fleet(size: int, *, cleared: bool) -> dict[str, int]:
    """A region of that size; to be cleared, it has as many results, one in a hundred on an instance that is gone."""
    return {"instances": size, "results": size, "gone": size // 100} if cleared else {"instances": size}


def sweeps(bench: Bench, *, quick: bool) -> Iterator[dict[str, Any]]:
    """Sweep regions of three sizes, the handlers in turn."""
    wanted = {name: case for name, case in SWEEP.items() if not quick or case[0].environment == "boto3"}
    cases = {name: case for name, case in wanted.items() if bench.python_of(case[0].environment)}
    for size in (1_000,) if quick else (1_000, 10_000, 100_000):
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in cases}
        for number in range(1 if quick else 3):
            for name, (candidate, limit, cleared) in cases.items():
                if size > limit or number >= max(ROUNDS[size], MORE_ROUNDS.get(name, 0)):
                    continue
                say(f"sweep of {size:,} by {name}")
                run = bench.run("sweep", candidate, "schedule", **fleet(size, cleared=cleared))
                expected = {"NON_COMPLIANT": size // 10, "COMPLIANT": size - size // 10}
                if cleared:
                    expected["NOT_APPLICABLE"] = size // 100
                if run["verdicts"] != expected:
                    raise RuntimeError(f"{name} decided {run['verdicts']} instead of {expected}")
                runs[name].append(run)
        for name, found in runs.items():
            measured = {figure: median_of(found, figure) for figure in ("cpu", "wall", "peak_mib")} if found else {}
            yield {"name": name, "instances": size, "calls": found[0]["calls"] if found else {}, **measured}


def pipeline(bench: Bench, *, quick: bool) -> dict[str, float]:
    """The wall time of a sweep at 50 ms a call: as it is, and with one call after the other."""
    size = 500 if quick else 10_000
    found: dict[str, float] = {"instances": size, "latency": 0.05}
    for mode in ("sweep", "sequential"):
        say(f"{mode} of {size:,} at 50 ms a call")
        found[mode] = bench.run(mode, CHANGE[OURS], "schedule", instances=size, latency=0.05)["wall"]
    return found


def model(bench: Bench, *, quick: bool) -> Iterator[dict[str, Any]]:
    """What the model predicts for a sweep with clearing, and what was measured against the stub."""
    cases = [(10_000, 0.05, 0), (10_000, 0.2, 0), (10_000, 0.05, 10), (10_000, 0.05, 5), (2_000, 0.05, 1)]
    for size, latency, rate in [(500, 0.05, 0)] if quick else cases:
        say(f"model: sweep of {size:,} at {latency} s a call and {rate or 'any number of'} calls a second")
        region = fleet(size, cleared=True)
        run = bench.run("sweep", CHANGE[OURS], "schedule", latency=latency, rate=rate, **region)
        yield {
            "instances": size,
            "latency": latency,
            "rate": rate,
            "throttled": run["calls"].get("ThrottlingException", 0),
            "modelled": report.modelled(size, latency, rate),
            "measured": run["wall"],
        }


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measures the evaluator beside its peers.")
    parser.add_argument("--quick", action="store_true", help="small sizes, ours and plain only: to see that it works")
    parser.add_argument("--output", type=Path, default=HERE / "results", help="the folder to write to")
    parser.add_argument("--here", action="store_true", help="run the handlers in this environment and install none")
    arguments = parser.parse_args()
    begun = time.monotonic()
    with started(Path(sys.executable) if arguments.here else None) as bench:
        figures = measure(bench, quick=arguments.quick)
    figures["minutes"] = round((time.monotonic() - begun) / 60, 1)
    print(report.write(figures, arguments.output))


if __name__ == "__main__":
    main()
