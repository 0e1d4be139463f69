"""A trial stops what it has started, however it ends, and says what is wrong."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.oracles.emulators.processes import descendants
from tests.support import CHECKOUT

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc")

# A judge that answers nothing but ListQueues, and that only if it is told to; it has a child and does not like to end.
JUDGE = """
import http.server, os, signal, subprocess, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        while os.environ["ANSWERS"] == "no" or not self.headers["X-Amz-Target"].endswith("ListQueues"):
            time.sleep(0.1)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")
if os.environ["ANSWERS"] == "never":
    sys.exit("no such emulator")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = http.server.ThreadingHTTPServer((os.environ["ADDRESS"], int(os.environ["PORT"])), Handler)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
open(os.environ["REPORT"], "w").write(os.environ["PORT"])
server.serve_forever()
"""

TRIAL = """
import sys
from tests.oracles.emulators import processes, trial
from tests.oracles.emulators.judges import Judge
judge, address, answers, report = sys.argv[1:]
processes.PATIENCE = 0.5
def environment(port, folder):
    return {"ADDRESS": address, "ANSWERS": answers, "PORT": str(port), "REPORT": report}
sys.exit(trial.main([Judge("Fake 1.0", "fake", (sys.executable, "-c", judge), environment)]))
"""


@dataclass(slots=True)
class Trial:
    """A trial with one judge, in a process of its own."""

    process: subprocess.Popen[str]
    report: Path

    def wait_for(self, happened: Callable[[], bool]) -> set[int]:
        """Wait until something has happened; returns the ids of all processes of the trial."""
        deadline = time.monotonic() + 60
        while True:
            # Asked first: what happens before the trial ends counts.
            has_ended = self.process.poll() is not None
            if happened():
                return descendants(self.process.pid)
            assert not has_ended
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def is_up(self) -> bool:
        """Whether the judge listens."""
        return self.report.exists() and bool(self.report.read_text(encoding="utf-8"))

    def applies(self) -> bool:
        """Whether Terraform runs, with the provider."""
        names = [Path(f"/proc/{pid}/cmdline") for pid in descendants(self.process.pid)]
        return any(b"terraform-provider-aws" in name.read_bytes() for name in names if name.exists())

    def end(self) -> tuple[int, str]:
        """Wait for the end; returns the exit status and what was said."""
        said, _ = self.process.communicate(timeout=60)
        return self.process.returncode, said


Hold = Callable[..., Trial]


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Hold]:
    """Starts a trial; one whose test fails is told to end."""
    report = tmp_path / "report"
    with ExitStack() as stack:

        def started(address: str = "127.0.0.1", answers: str = "no") -> Trial:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", TRIAL, JUDGE, address, answers, str(report)],
                cwd=CHECKOUT,
                env=dict(os.environ) | {"PYTHONPATH": ".:lambda", "TMPDIR": str(tmp_path)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.terminate)
            return Trial(process, report)

        yield started


def assert_gone(trial: Trial, pids: set[int], folder: Path) -> None:
    """Nothing runs, listens or lies about any more."""
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(trial.report.read_text(encoding="utf-8")))).close()
    assert list(folder.glob("judge-*")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(hold: Hold, tmp_path: Path, number: signal.Signals) -> None:
    """On Ctrl-C, and when it is told to end, a trial stops the judge and its child, and says so."""
    trial = hold()
    pids = trial.wait_for(trial.is_up)
    assert len(pids) == 2

    trial.process.send_signal(number)

    assert trial.end() == (128 + number, "Interrupted: everything that was started is stopped.\n")
    assert_gone(trial, pids, tmp_path)


@pytest.mark.slow
def test_a_signal_stops_terraform(hold: Hold, tmp_path: Path) -> None:
    """Ctrl-C stops Terraform and its providers too."""
    trial = hold(answers="yes")
    pids = trial.wait_for(trial.applies)

    trial.process.send_signal(signal.SIGINT)

    status, said = trial.end()
    assert (status, said.splitlines()[-1]) == (130, "Interrupted: everything that was started is stopped.")
    assert_gone(trial, pids, tmp_path)


def test_a_judge_that_others_can_reach_is_refused(hold: Hold, tmp_path: Path) -> None:
    """A judge that listens on every interface is stopped before it is asked anything else."""
    trial = hold(address="0.0.0.0", answers="yes")  # noqa: S104
    pids = trial.wait_for(trial.is_up)
    status, said = trial.end()

    port = trial.report.read_text(encoding="utf-8")
    assert (status, said) == (1, f"✗ The judges listen on 0.0.0.0:{port}, which other machines can reach.\n")
    assert_gone(trial, pids, tmp_path)


def test_a_judge_that_does_not_start(hold: Hold) -> None:
    """A judge that ends at once fails the trial with what it has written."""
    trial = hold(answers="never")

    assert trial.end() == (1, "✗ Fake 1.0 has ended:\nno such emulator\n")
