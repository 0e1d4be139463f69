"""The command as people install it: a wheel of this checkout, in an environment of its own."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import CHECKOUT
from tests.support.once import once


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of the command ended."""

    status: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        """The output as JSON."""
        return json.loads(self.output)

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict of each address."""
        return {each["address"]: each["verdict"] for each in self.json["resources"]}


@dataclass(frozen=True, slots=True)
class Command:
    """The installed command."""

    folder: Path

    def __call__(
        self,
        *arguments: str | Path,
        stdin: bytes = b"",
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Run it."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
        done = subprocess.run(  # noqa: S603  (the command, with the tests' arguments)
            [self.folder / "ec2-key-pair-monitor", *arguments],
            input=stdin,
            capture_output=True,
            cwd=cwd,
            env={**inherited, **(environment or {})},
            check=False,
            timeout=120,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The installed package, run again and again by one Python: where a test asks for results and no more."""

    process: subprocess.Popen[str]

    def __call__(self, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> Outcome:
        """Run the command, with these environment variables besides those of the tests."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([[str(each) for each in arguments], {**(environment or {})}]) + "\n")
        self.process.stdin.flush()
        return Outcome(*json.loads(self.process.stdout.readline()))


_LOOP = """
import contextlib, io, json, os, sys
from ec2_key_pair_monitor.main import main
inherited = dict(os.environ)
for line in sys.stdin:
    arguments, environment = json.loads(line)
    os.environ.clear()
    os.environ.update(inherited | environment)
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        status = main(arguments)
    for stream in streams:
        stream.flush()
    print(json.dumps([status, *(stream.buffer.getvalue().decode() for stream in streams)]), flush=True)
"""


@pytest.fixture(scope="session")
def wheel_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel and what it needs; all workers of a run share it."""
    return once(tmp_path_factory, "command", _install) / "environment" / "bin"


@pytest.fixture(scope="session")
def command(wheel_environment: Path) -> Command:
    """The installed command."""
    return Command(wheel_environment)


@pytest.fixture(scope="session")
def interpreter(wheel_environment: Path) -> Iterator[Interpreter]:
    """The installed package in one Python."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    words: list[str | Path] = [wheel_environment / "python", "-c", _LOOP]
    with subprocess.Popen(words, stdin=-1, stdout=-1, env=environment, encoding="utf-8") as process:  # noqa: S603
        yield Interpreter(process)
        assert process.stdin is not None
        process.stdin.close()


def _install(folder: Path) -> None:
    """Build the wheel with the locked backend, and install it with the locked versions of what it needs."""
    pip = ("-m", "pip", "--disable-pip-version-check", "--quiet")
    _run(sys.executable, *pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(CHECKOUT))
    (wheel,) = folder.glob("*.whl")
    locked = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8")
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(re.findall(r"^[\w.-]+==[\w.]+", locked, re.MULTILINE)), encoding="utf-8")
    environment = folder / "environment"
    _run(sys.executable, "-m", "venv", str(environment))
    _run(str(environment / "bin/python"), *pip, "install", "-c", str(constraints), f"{wheel}[preview]")


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  (pip and venv)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
