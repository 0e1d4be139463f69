"""What a run starts is found, watched and stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracles.emulators import processes
from tests.oracles.emulators.processes import Processes, ending_on_signals, exposed, listening

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc")

# Leaves a process behind that has a session of its own and does not end when asked to.
LEAVING = """
import subprocess, sys
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
left = subprocess.Popen([sys.executable, "-c", stubborn], start_new_session=True, stdout=subprocess.PIPE)
left.stdout.readline()
"""

LISTENING = """
import socket, sys, time
family, kind, host = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, sys.argv[2], sys.argv[1]
one = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
one.bind((host, 0))
if kind == "tcp":
    one.listen()
print(one.getsockname()[1], flush=True)
time.sleep(60)
"""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    """Processes that are given less time to end."""
    monkeypatch.setattr(processes, "PATIENCE", 0.5)
    with Processes() as these:
        yield these


def run_of(started: Processes, folder: Path, code: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a piece of Python and wait until it has written a line or ended."""
    process = started.start([sys.executable, "-c", code, *arguments], dict(os.environ), folder)
    while process.poll() is None and not (folder / "log").read_bytes().endswith(b"\n"):
        time.sleep(0.01)
    return process


def test_everything_is_stopped(started: Processes, tmp_path: Path) -> None:
    """What a process has left behind is stopped with the rest, though it does not end when asked to."""
    run_of(started, tmp_path, LEAVING).wait()
    left = started.running()
    assert left

    started.__exit__()

    assert not started.running()
    assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("address", "reachable"),
    [("127.0.0.1", False), ("127.0.0.2", False), ("0.0.0.0", True), ("::1", False), ("::", True)],  # noqa: S104
)
def test_what_listens_elsewhere_is_exposed(
    started: Processes,
    tmp_path: Path,
    protocol: str,
    address: str,
    reachable: bool,  # noqa: FBT001
) -> None:
    """A socket counts as exposed unless its address is of the loopback interface."""
    run_of(started, tmp_path, LISTENING, address, protocol)
    text = (tmp_path / "log").read_text(encoding="utf-8")
    if not text.strip().isdecimal():
        pytest.skip("there is no IPv6")
    assert listening(started.running()) == [(address, int(text))]
    assert exposed(started.running()) == ([f"{address}:{int(text)}"] if reachable else [])


def test_time_is_up() -> None:
    """A run that takes too long ends with the status of SIGALRM."""
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as stopped, ending_on_signals(1):
        time.sleep(10)
    assert stopped.value.code == 128 + signal.SIGALRM
    assert signal.getsignal(signal.SIGINT) is before
