"""What a measurement runs in: a stub of AWS, an environment for each peer, the package, and the workers.

The handlers' own code has no bytecode, as on Lambda, where it can't be written; the libraries have theirs.
"""

import json
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import certifi
import trustme

from benchmarks.stub import CONTROL, REGION

HERE = Path(__file__).parent
CHECKOUT = HERE.parent
ENVIRONMENTS = CHECKOUT / "build" / "benchmarks"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A handler to measure: its module, the environment that it is installed in, and how many events warm."""

    module: str
    environment: str = "boto3"
    events: int = 1000
    settings: tuple[tuple[str, str], ...] = ()


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
    """The Python of the function's runtime, and its version: this one or one on the PATH; if neither is, this one."""
    [wanted] = re.findall(r'runtime += "python([\d.]+)"', (CHECKOUT / "main.tf").read_text())
    found = shutil.which(f"python{wanted}")
    if found and not platform.python_version().startswith(f"{wanted}."):
        answer = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
        if not answer.returncode:  # a shim may be found and yet lead nowhere
            return found, answer.stdout.split()[1]
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
