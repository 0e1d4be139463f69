"""What a run starts on this machine: watched while it runs, and gone when the run ends, however it ends.

It reads ``/proc``, and so needs Linux.
"""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from types import FrameType
from typing import NoReturn, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
PATIENCE = 5.0  # seconds between asking a process to end and ending it
KILLED_WITHIN = 60.0  # seconds that the system takes at most to end it
SET_CHILD_SUBREAPER = 36  # prctl(2)
LISTENING = "0A"  # the state of a TCP socket in /proc/net/tcp
UNCONNECTED = "07"  # that of a UDP socket


class Processes:
    """Every process that is started between entering and leaving this, its descendants included.

    What a process leaves behind when it ends becomes a child of this process, and so is found as well.
    """

    def __init__(self) -> None:
        self._before: set[int] = set()
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        self._before = descendants()
        _adopt_orphans(on=True)
        return self

    def __exit__(self, *error: object) -> None:
        for number, seconds in ((signal.SIGTERM, PATIENCE), (signal.SIGKILL, KILLED_WITHIN)):
            deadline, told = time.monotonic() + seconds, set[int]()
            while left := {pid for pid in self.running() if not _has_ended(pid)}:
                for pid in left - told:
                    _send(pid, number)
                told |= left
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
        for process in self._started:
            process.wait(KILLED_WITHIN)
        _adopt_orphans(on=False)

    def start(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own, which Ctrl-C does not reach; it writes to ``folder``/log."""
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603  (what the judges' list says)
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def running(self) -> set[int]:
        """The ids of the processes, and of those that have ended and whose end nobody has asked for yet."""
        return descendants() - self._before


def descendants(ancestor: int | None = None) -> set[int]:
    """The ids of all processes that descend from one, or from this one."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The second field is a name in parentheses, which can hold anything.
            parent = int(stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found: set[int] = set()
    left = [ancestor or os.getpid()]
    while left:
        more = children.get(left.pop(), [])
        found.update(more)
        left += more
    return found


def listening(pids: set[int]) -> list[tuple[str, int]]:
    """The addresses and ports at which processes can be reached, by TCP or UDP."""
    inodes = {inode for pid in pids for inode in _sockets(pid)}
    found = set()
    for protocol, state in (("tcp", LISTENING), ("tcp6", LISTENING), ("udp", UNCONNECTED), ("udp6", UNCONNECTED)):
        table = Path("/proc/net") / protocol
        for line in table.read_text(encoding="ascii").splitlines()[1:] if table.exists() else []:
            fields = line.split()
            if fields[3] == state and fields[9] in inodes:
                address, _, port = fields[1].partition(":")
                found.add((_address(address), int(port, 16)))
    return sorted(found)


def exposed(pids: set[int]) -> list[str]:
    """The addresses among them that other machines can reach."""
    return [f"{address}:{port}" for address, port in listening(pids) if not _is_loopback(address)]


@contextmanager
def ending_on_signals(seconds: int) -> Iterator[None]:
    """Leave in order, with the exit status 128 + N, on the signal N and when the time is up (N is 14)."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        # What stops the processes must not be stopped itself.
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    heeded = [each for each in SIGNALS if each != signal.SIGHUP or signal.getsignal(each) != signal.SIG_IGN]
    before = {each: signal.signal(each, leave) for each in heeded}
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        for each, handler in before.items():
            signal.signal(each, handler)


def _adopt_orphans(*, on: bool) -> None:
    ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, int(on), 0, 0, 0)


def _send(pid: int, signal_number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal_number)


def _has_ended(pid: int) -> bool:
    """Whether a process is gone; if it has ended and waits for its parent, which is this one, it is gone now."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # the child of another process
        return not Path(f"/proc/{pid}").exists()


def _sockets(pid: int) -> Iterator[str]:
    """The inodes of the sockets that a process holds."""
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = str(link.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                yield target[len("socket:[") : -1]
    except OSError:
        return


def _address(hexadecimal: str) -> str:
    """An address as people write it; the kernel writes words of four bytes in the machine's order."""
    words = [bytes.fromhex(hexadecimal[at : at + 8])[::-1] for at in range(0, len(hexadecimal), 8)]
    return str(ip_address(b"".join(words)))


def _is_loopback(address: str) -> bool:
    parsed = ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback
