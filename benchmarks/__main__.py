"""Measures the evaluator beside its peers and writes a table, its figures as JSON, and a plot.

``make bench`` installs what this needs and runs it. ``--quick`` measures ours against the plain handler at small sizes
only, to see that everything works; its figures mean nothing.

CPU times are medians of runs that alternate between the handlers, in processes of their own, against a stub that
answers at once over TLS. Only ratios within one run should be compared. Each handler must reach the verdicts of the
others, or the benchmark fails. The handlers' own code has no bytecode, as on Lambda, where it can't be written; the
libraries have theirs.
"""

import argparse
import json
import os
import platform
import re
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import certifi
import trustme

from benchmarks import report
from benchmarks.stub import CONTROL, REGION

HERE = Path(__file__).parent
CHECKOUT = HERE.parent
ENVIRONMENTS = CHECKOUT / "build" / "benchmarks"

OURS, PLAIN, SAMPLE = "ours", "plain", "documentation sample"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A handler to measure: its module, the environment that it is installed in, and how many events warm."""

    module: str
    environment: str = "boto3"
    events: int = 1000
    settings: tuple[tuple[str, str], ...] = ()


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


class Bench:
    """The stub, the environments and the package, ready to run workers in."""

    def __init__(self, work: Path, port: int, bundle: Path, python: Path | None) -> None:
        self.work = work
        self.port = port
        self.bundle = bundle
        self.python = python
        self.package = work / "package.zip"
        self.zip_bytes = build_package(self.package)
        with zipfile.ZipFile(self.package) as package:
            package.extractall(work / "package")
        for event in ("change", "oversized", "schedule"):
            document = json.loads((CHECKOUT / f"tests/unit/events/{event}.json").read_text())
            document["invokingEvent"] = json.dumps(document["invokingEvent"])
            (work / f"{event}.json").write_text(json.dumps(document))
        self.pythons: dict[str, Path | None] = {}

    def python_of(self, environment: str) -> Path | None:
        """The interpreter of an environment, made when it is first asked for; None if it can't be installed."""
        if environment not in self.pythons:
            self.pythons[environment] = self.python or install(environment)
        return self.pythons[environment]

    def command(self, mode: str, candidate: Candidate, event: str, events: int) -> list[str]:
        """The command line of a worker."""
        python = self.python_of(candidate.environment)
        worker = [str(python), str(HERE / "worker.py"), mode, candidate.module]
        return [*worker, str(self.work / f"{event}.json"), str(events)]

    def environment(self, candidate: Candidate) -> dict[str, str]:
        """All that a worker sees of the outside."""
        folders = [self.work / "package", HERE / "handlers"]
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.work),
            "PYTHONPATH": os.pathsep.join(map(str, folders)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "STUB_PORT": str(self.port),
            "AWS_CA_BUNDLE": str(self.bundle),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "stub",
            "AWS_SECRET_ACCESS_KEY": "stub",
            "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            **dict(candidate.settings),
        }

    def run(self, mode: str, candidate: Candidate, event: str, events: int = 1, **state: float) -> dict[str, Any]:
        """Run a worker while the stub plays that state; returns what it measured and what the stub counted.

        Raises:
            RuntimeError: it failed; the text is what it printed.
        """
        self.play(**state)
        command = self.command(mode, candidate, event, events)
        environment = self.environment(candidate)
        done = subprocess.run(command, env=environment, cwd=self.work, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{candidate.module}: {done.stderr[-2000:]}")
        measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return measured | self.play()

    def instructions(self, candidate: Candidate) -> int:
        """How many instructions a cold start takes, in millions."""
        command = self.command("cold", candidate, "change", 1)
        valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
        environment = self.environment(candidate)
        done = subprocess.run(valgrind, env=environment, cwd=self.work, capture_output=True, text=True, check=True)
        found = re.search(r"Collected : (\d+)", done.stderr)
        assert found, done.stderr
        return int(found[1]) // 1_000_000

    def play(self, **state: float) -> dict[str, dict[str, int]]:
        """Set what the stub plays from now on; returns the calls and verdicts since the last time."""
        endpoint = f"https://127.0.0.1:{self.port}{CONTROL}"
        request = urllib.request.Request(endpoint, json.dumps(state).encode(), method="POST")
        context = ssl.create_default_context(cafile=str(self.bundle))
        with urllib.request.urlopen(request, context=context) as answer:  # noqa: S310
            counted: dict[str, dict[str, int]] = json.load(answer)
        return counted


def build_package(path: Path) -> int:
    """Zip the evaluator as the module does, its own modules only; returns the size in bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for module in sorted((CHECKOUT / "lambda/evaluator").glob("*.py")):
            package.writestr(zipfile.ZipInfo(f"evaluator/{module.name}"), module.read_bytes(), zipfile.ZIP_DEFLATED)
    return path.stat().st_size


@cache
def runtime_python() -> tuple[str, str]:
    """The Python of the function's runtime where this machine has it, otherwise this one; and its version."""
    [wanted] = re.findall(r'runtime += "python([\d.]+)"', (CHECKOUT / "main.tf").read_text())
    installed = sorted(Path.home().glob(f".pyenv/versions/{wanted}.*/bin/python"))
    for python in (shutil.which(f"python{wanted}"), *installed):
        # A shim may be found and yet lead nowhere.
        if python and not subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode:
            version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout
            return str(python), version.split()[1]
    return sys.executable, platform.python_version()


def install(environment: str) -> Path | None:
    """Make an environment from its pinned requirements, or keep the one that is there; None if that fails."""
    interpreter, version = runtime_python()
    requirements = HERE / "requirements" / f"{environment}.txt"
    place = ENVIRONMENTS / f"{environment}-{version}"
    python, done = place / "bin" / "python", place / "requirements.txt"
    if done.exists() and done.read_text() == requirements.read_text():
        return python
    say(f"installing {environment}")
    shutil.rmtree(place, ignore_errors=True)
    try:
        subprocess.run([interpreter, "-m", "venv", str(place)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", str(requirements)], check=True)
    except subprocess.CalledProcessError as error:
        say(f"{environment} can't be installed and is reported as missing: {error}")
        return None
    for package in place.glob("lib/*/site-packages/c7n"):
        # As it deploys itself: its zip holds no bytecode. What others put into theirs is left to them, so they keep it.
        for bytecode in list(package.rglob("__pycache__")):
            shutil.rmtree(bytecode)
    shutil.copy(requirements, done)
    return python


@contextmanager
def started(python: Path | None) -> Iterator[Bench]:
    """The stub, running, with a certificate of its own under a CA bundle of full size."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        authority = trustme.CA()
        certificate, bundle = work / "stub.pem", work / "bundle.pem"
        issued = authority.issue_cert(f"*.{REGION}.amazonaws.com", "127.0.0.1")
        issued.private_key_and_cert_chain_pem.write_to_path(certificate)
        bundle.write_bytes(Path(certifi.where()).read_bytes())
        authority.cert_pem.write_to_path(bundle, append=True)
        command = [sys.executable, "-m", "benchmarks.stub", str(certificate)]
        with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as stub:
            try:
                assert stub.stdout is not None
                yield Bench(work, int(stub.stdout.readline()), bundle, python)
            finally:
                stub.kill()


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


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
    """What the model on paper foretells of a sweep with clearing, and what the stub makes of it."""
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
