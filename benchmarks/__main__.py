"""Measures the evaluator beside its peers and writes a table, its figures as JSON, and a plot.

``make bench`` installs what this needs and runs it. ``--quick`` measures ours against the plain handler at small sizes
only, to see that everything works; its figures mean nothing.

CPU times are medians of runs that alternate between the handlers, in processes of their own, against a stub that
answers at once over TLS. Only ratios within one run should be compared.
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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certifi
import trustme

from benchmarks import report
from benchmarks.stub import CONTROL

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
    SAMPLE: Candidate("documentation_sample", events=200),
    "rdklib": Candidate("peer_rdklib", "rdklib", events=200),
    "Powertools": Candidate("peer_powertools", "powertools"),
    "Cloud Custodian": Candidate("peer_c7n", "c7n", events=200),
    "hand-written HTTP": Candidate("handwritten"),
}

# How large a fleet each is given, so that none takes minutes. Larger sizes are reported as not run.
SWEEP = {
    OURS: (CHANGE[OURS], 100_000),
    "DescribeInstances": (Candidate("describe_instances"), 100_000),
    "rdklib": (CHANGE["rdklib"], 10_000),
    "Cloud Custodian": (Candidate("peer_c7n", "c7n", settings=(("C7N_MODE", "config-poll-rule"),)), 10_000),
    "hand-written HTTP": (CHANGE["hand-written HTTP"], 100_000),
}


class Bench:
    """The stub, the environments and the package, ready to run workers in."""

    def __init__(self, work: Path, port: int, bundle: Path) -> None:
        self.work = work
        self.endpoint = f"https://localhost:{port}"
        self.bundle = bundle
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
            self.pythons[environment] = install(environment)
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
            "PYTHONHASHSEED": "0",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CA_BUNDLE": str(self.bundle),
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "stub",
            "AWS_SECRET_ACCESS_KEY": "stub",
            "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            **dict(candidate.settings),
        }

    def run(self, mode: str, candidate: Candidate, event: str, events: int = 1) -> dict[str, float]:
        """Run a worker; returns what it measured.

        Raises:
            RuntimeError: it failed; the text is what it printed.
        """
        command = self.command(mode, candidate, event, events)
        environment = self.environment(candidate)
        done = subprocess.run(command, env=environment, cwd=self.work, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{candidate.module}: {done.stderr[-2000:]}")
        measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return measured

    def instructions(self, candidate: Candidate) -> int:
        """How many instructions a cold start takes, in millions."""
        command = self.command("cold", candidate, "change", 1)
        valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
        environment = self.environment(candidate)
        done = subprocess.run(valgrind, env=environment, cwd=self.work, capture_output=True, text=True, check=True)
        found = re.search(r"Collected : (\d+)", done.stderr)
        assert found, done.stderr
        return int(found[1]) // 1_000_000

    def play(self, **state: float) -> dict[str, int]:
        """Set what the stub plays from now on; returns what was called since the last time."""
        request = urllib.request.Request(self.endpoint + CONTROL, json.dumps(state).encode(), method="POST")  # noqa: S310
        context = ssl.create_default_context(cafile=str(self.bundle))
        with urllib.request.urlopen(request, context=context) as answer:  # noqa: S310
            calls: dict[str, int] = json.load(answer)
        return calls

    def calls(self, candidate: Candidate, event: str, **state: float) -> dict[str, int]:
        """What one cold event calls."""
        self.play(**state)
        self.run("cold", candidate, event)
        return self.play()


def build_package(path: Path) -> int:
    """Zip the evaluator as the module does, its own modules only; returns the size in bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for module in sorted((CHECKOUT / "lambda/evaluator").glob("*.py")):
            package.writestr(zipfile.ZipInfo(f"evaluator/{module.name}"), module.read_bytes(), zipfile.ZIP_DEFLATED)
    return path.stat().st_size


def install(environment: str) -> Path | None:
    """Make an environment from its pinned requirements, or keep the one that is there; None if that fails."""
    requirements = HERE / "requirements" / f"{environment}.txt"
    place = ENVIRONMENTS / f"{environment}-{platform.python_version()}"
    python, done = place / "bin" / "python", place / "requirements.txt"
    if done.exists() and done.read_text() == requirements.read_text():
        return python
    say(f"installing {environment}")
    shutil.rmtree(place, ignore_errors=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", str(requirements)], check=True)
    except subprocess.CalledProcessError as error:
        say(f"{environment} can't be installed and is reported as missing: {error}")
        return None
    shutil.copy(requirements, done)
    return python


@contextmanager
def started() -> Iterator[Bench]:
    """The stub, running, with a certificate of its own under a CA bundle of full size."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        authority = trustme.CA()
        certificate, bundle = work / "stub.pem", work / "bundle.pem"
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
        bundle.write_bytes(Path(certifi.where()).read_bytes())
        authority.cert_pem.write_to_path(bundle, append=True)
        command = [sys.executable, "-m", "benchmarks.stub", str(certificate)]
        with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as stub:
            try:
                assert stub.stdout is not None
                yield Bench(work, int(stub.stdout.readline()), bundle)
            finally:
                stub.kill()


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def median_of(runs: list[dict[str, float]], name: str) -> float:
    """The median of a figure over runs."""
    return statistics.median(run[name] for run in runs)


def alternated(
    bench: Bench, mode: str, candidates: Mapping[str, Candidate], rounds: int, scale: float = 1
) -> dict[str, list[dict[str, float]]]:
    """Run all candidates in turn, round after round."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in candidates}
    for number in range(rounds):
        say(f"{mode}, round {number + 1} of {rounds}")
        for name, candidate in candidates.items():
            runs[name].append(bench.run(mode, candidate, "change", max(1, int(candidate.events * scale))))
    return runs


def measure(bench: Bench, *, quick: bool) -> dict[str, Any]:
    """Measure everything; the result is what results.json holds."""
    names = [OURS, PLAIN] if quick else list(CHANGE)
    candidates = {name: CHANGE[name] for name in names if bench.python_of(CHANGE[name].environment)}
    figures: dict[str, Any] = {
        "machine": {
            "python": platform.python_version(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "callgrind": shutil.which("valgrind") is not None,
        },
        "missing": sorted(set(names) - set(candidates)),
        "zip_bytes": bench.zip_bytes,
        "calls": {
            "change": bench.calls(CHANGE[OURS], "change"),
            "oversized": bench.calls(CHANGE[OURS], "oversized"),
        },
        "handlers": {},
        "sweeps": [],
    }
    rounds = 1 if quick else 9
    cold = alternated(bench, "cold", candidates, rounds)
    warm = alternated(bench, "warm", candidates, 1 if quick else 3, 0.02 if quick else 1)
    for name, candidate in candidates.items():
        ratio = [one["cpu"] / other["cpu"] for one, other in zip(cold[name], cold[PLAIN], strict=True)]
        figures["handlers"][name] = {
            "cold_cpu_ms": 1000 * median_of(cold[name], "cpu"),
            "cold_ratio": statistics.median(ratio),
            "warm_cpu_ms": 1000 * median_of(warm[name], "cpu"),
            "calls": bench.calls(candidate, "change"),
        }
        if figures["machine"]["callgrind"] and not quick:
            say(f"counting the instructions of {name}")
            figures["handlers"][name]["instructions_m"] = bench.instructions(candidate)
    figures["sweeps"] = list(sweeps(bench, quick=quick))
    figures["pipeline"] = pipeline(bench, quick=quick)
    figures["model"] = model(bench, quick=quick)
    return figures


def sweeps(bench: Bench, *, quick: bool) -> Iterator[dict[str, Any]]:
    """Sweep regions of three sizes, ours with and without earlier results to look through."""
    for size in (200,) if quick else (1_000, 10_000, 100_000):
        cases = [(name, candidate, 0, limit) for name, (candidate, limit) in SWEEP.items() if not quick or name == OURS]
        cases.insert(1, (f"{OURS}, clearing", SWEEP[OURS][0], size, 100_000))
        for name, candidate, results, limit in cases:
            if size > limit or not bench.python_of(candidate.environment):
                continue
            say(f"sweep of {size} by {name}")
            bench.play(instances=size, results=results)
            runs = [bench.run("sweep", candidate, "schedule") for _ in range(3 if size <= 10_000 else 1)]
            calls = {call: count // len(runs) for call, count in bench.play().items()}
            figures = {figure: median_of(runs, figure) for figure in ("cpu", "wall", "peak_mib")}
            yield {"name": name, "instances": size, "calls": calls, **figures}


def pipeline(bench: Bench, *, quick: bool) -> dict[str, float]:
    """The wall time of a sweep at 50 ms a call: as it is, and with one call after the other."""
    size = 500 if quick else 10_000
    found: dict[str, float] = {"instances": size, "latency": 0.05}
    for mode in ("sweep", "sequential"):
        say(f"{mode} of {size} at 50 ms a call")
        bench.play(instances=size, latency=0.05)
        found[mode] = bench.run(mode, CHANGE[OURS], "schedule")["wall"]
    return found


def model(bench: Bench, *, quick: bool) -> list[dict[str, float]]:
    """What the model on paper foretells of a sweep with clearing, and what the stub makes of it."""
    size = 500 if quick else 10_000
    found = []
    for latency, every in ((0.05, 0), (0.1, 0), (0.05, 20)):
        say(f"model: sweep of {size} with clearing at {latency} s a call, one of {every} throttled")
        bench.play(instances=size, results=size, latency=latency, throttle_every=every)
        wall = bench.run("sweep", CHANGE[OURS], "schedule")["wall"]
        found.append(
            {
                "instances": size,
                "latency": latency,
                "throttle_every": every,
                "modelled": report.modelled(size, latency, every),
                "measured": wall,
            }
        )
    return found


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measures the evaluator beside its peers.")
    parser.add_argument("--quick", action="store_true", help="small sizes, ours and plain only: to see that it works")
    parser.add_argument("--output", type=Path, default=HERE / "results", help="the folder to write to")
    arguments = parser.parse_args()
    with started() as bench:
        figures = measure(bench, quick=arguments.quick)
    print(report.write(figures, arguments.output))


if __name__ == "__main__":
    main()
