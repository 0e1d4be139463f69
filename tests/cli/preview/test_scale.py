"""What a large account takes, and how fast the command ends when it is told to."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.cli.conftest import Command
from tests.support import CHECKOUT


@contextmanager
def stub(instances: int) -> Iterator[tuple[dict[str, str], IO[str]]]:
    """An endpoint with as many instances; yields the environment that leads there, and what it says."""
    words = [sys.executable, "-m", "tests.cli.preview.stub", str(instances)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as process:  # noqa: S603  (ours)
        assert process.stdout
        port = process.stdout.readline().strip()
        try:
            environment = {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_REGION": "eu-central-1",
                "AWS_ACCESS_KEY_ID": "a",
                "AWS_SECRET_ACCESS_KEY": "b",
                "PATH": os.environ["PATH"],
            }
            yield environment, process.stdout
        finally:
            process.kill()


def peak(command: Command, instances: int, form: str) -> float:
    """The memory, in MiB, of a preview."""
    with stub(instances) as (environment, _):
        words = [str(command.folder / "ec2-key-pair-monitor"), "preview", "--format", form]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, env=environment)  # noqa: S603  (ours)
        assert process.stdout
        lines = sum(1 for _ in process.stdout)
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 1
    assert form != "json" or lines > 5 * instances  # each is listed
    return usage.ru_maxrss / 1024


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "table"])
def test_memory(command: Command, form: str) -> None:
    """200,000 instances take at most 1.05 times the memory of 20,000."""
    assert peak(command, 200_000, form) <= 1.05 * peak(command, 20_000, form)


def test_interrupt(command: Command) -> None:
    """Ctrl-C ends the command at once, while it waits for AWS, with the status of an interrupt."""
    with stub(-1) as (environment, says):
        regions = ("--region", "eu-central-1", "--region", "us-east-1")
        words = [str(command.folder / "ec2-key-pair-monitor"), "preview", *regions]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:  # noqa: S603
            try:
                assert says.readline() == "called\n"
                process.send_signal(signal.SIGINT)
                # The call itself would take a minute, and then be repeated.
                output, errors = process.communicate(timeout=30)
            finally:
                process.kill()

    assert (process.returncode, output, errors) == (130, b"", b"")


def test_without_boto3(command: Command, tmp_path: Path) -> None:
    """Where the extra is not installed, one line says what to install."""
    (tmp_path / "boto3.py").write_text("raise ImportError", encoding="utf-8")
    program = "import sys; from ec2_key_pair_monitor.main import main; sys.exit(main(['preview']))"
    words = [str(command.folder / "python"), "-c", program]
    environment = {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)  # noqa: S603  (ours)
    assert done.returncode == 2
    assert done.stderr == "ec2-key-pair-monitor: error: preview needs boto3: install ec2-key-pair-monitor[preview].\n"
