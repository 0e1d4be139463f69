"""A trial: each judge and the embedded AWS get the same event path and the same cases, and what arrives is compared."""

import os
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

from botocore.exceptions import BotoCoreError, ClientError

from tests.oracles.emulators import event_path
from tests.oracles.emulators.cases import ACCOUNT, REGION, TIME, Case, Event, cases
from tests.oracles.emulators.comparison import Deliveries, Difference, differences
from tests.oracles.emulators.event_path import Account
from tests.oracles.emulators.excuses import EXCUSES, WORKAROUNDS
from tests.oracles.emulators.judges import JUDGES, Judge
from tests.oracles.emulators.processes import Processes, ending_on_signals, exposed, listening
from tests.support.providers import provider_environment
from tests.support.terraform import TerraformError

LIMIT = 900  # seconds for all of it
READY_WITHIN = 120.0


class TrialError(RuntimeError):
    """The trial can't be held; the message says why."""


@dataclass(frozen=True, slots=True)
class Started:
    """A judge that runs."""

    judge: Judge
    process: Popen[bytes]
    folder: Path
    account: Account

    @property
    def log(self) -> str:
        """The end of what it has written."""
        lines = (self.folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-20:])


def main(judges: Sequence[Judge] = JUDGES) -> int:
    """Hold a trial; returns the exit status: 0 if the judges agree, 128 + N on the signal N, else 1."""
    if not Path("/proc/net/tcp").exists():
        print("make judge needs Linux: it reads /proc to see that the judges listen on the loopback interface only.")
        return 1
    try:
        # Processes ends first: the threads of the pool end when what they wait for has ended.
        with (
            ending_on_signals(LIMIT),
            TemporaryDirectory(prefix="judge-") as folder,
            ThreadPoolExecutor() as pool,
            Processes() as processes,
        ):
            return 0 if hold(judges, Path(folder), pool, processes) else 1
    except TrialError as error:
        print(f"✗ {error}")
        return 1
    except SystemExit as stopped:
        reason = f"The trial takes longer than {LIMIT} s" if stopped.code == 128 + signal.SIGALRM else "Interrupted"
        print(f"{reason}: everything that was started is stopped.")
        return int(stopped.code or 0)


def hold(judges: Sequence[Judge], folder: Path, pool: ThreadPoolExecutor, processes: Processes) -> bool:
    """Hold a trial; returns whether all is well."""
    started = [start(judge, folder / judge.key, processes) for judge in judges]
    for each in started:
        wait_until_ready(each)
    check_sockets(processes)
    names = " and ".join(each.judge.name for each in started)
    places = ", ".join(f"{address}:{port}" for address, port in listening(processes.running()))
    print(f"{names} listen on {places} only. Applying the event path to each and to the embedded AWS.", flush=True)
    given, providers = cases(), provider_environment(folder, os.environ)
    futures = [pool.submit(judged, each, given, providers) for each in started]
    ours, faulty = embedded(given, folder, providers)
    theirs = {each.judge: result_of(each, future) for each, future in zip(started, futures, strict=True)}
    check_sockets(processes)
    return report(given, ours, faulty, theirs)


def start(judge: Judge, folder: Path, processes: Processes) -> Started:
    """Start a judge on a free port; it sees nothing of the user's environment."""
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}
    process = processes.start(judge.command, {**environment, **judge.environment(port, folder)}, folder)
    return Started(judge, process, folder, Account(f"http://127.0.0.1:{port}", ACCOUNT))


def wait_until_ready(started: Started) -> None:
    """Wait until a judge answers."""
    deadline = time.monotonic() + READY_WITHIN
    while True:
        try:
            started.account.client("sqs").list_queues()
        except (BotoCoreError, ClientError) as error:
            if started.process.poll() is not None:
                raise TrialError(f"{started.judge.name} has ended:\n{started.log}") from error
            if time.monotonic() > deadline:
                raise TrialError(f"{started.judge.name} does not answer:\n{started.log}") from error
            time.sleep(0.2)
        else:
            return


def check_sockets(processes: Processes) -> None:
    """Refuse to go on while anything listens where others can reach it."""
    if reachable := exposed(processes.running()):
        raise TrialError(f"The judges listen on {', '.join(reachable)}, which other machines can reach.")


def judged(started: Started, given: Sequence[Case], providers: Mapping[str, str]) -> Deliveries:
    """What arrives at a judge."""
    account = started.account
    workarounds = [each for each in WORKAROUNDS if each.judge == started.judge.key]
    event_path.apply(account, started.folder, providers)
    for workaround in workarounds:
        if not event_path.adapt(account, workaround):
            raise TrialError(f"{started.judge.name} needs no workaround any more: {workaround.reason}")
    event_path.give(account, given, partial(event_path.put_events, account, workarounds))
    return event_path.read(account, given, workarounds)


def result_of(started: Started, future: Future[Deliveries]) -> Deliveries:
    """What arrived at a judge, or an error with the end of its log."""
    try:
        return future.result()
    except (BotoCoreError, ClientError, TerraformError, TimeoutError, RuntimeError) as error:
        raise TrialError(f"{started.judge.name} can't judge: {error}\n{started.log}") from error


def embedded(
    given: Sequence[Case], folder: Path, providers: Mapping[str, str]
) -> tuple[Deliveries, dict[str, Deliveries]]:
    """What arrives at the embedded AWS, and what arrives there with each planted fault."""
    from tests.emulator import EmbeddedAws, eventbridge  # noqa: PLC0415  (moto takes seconds to import)
    from tests.emulator.accounts import ADMINISTRATOR  # noqa: PLC0415
    from tests.oracles.emulators.faults import FAULTS  # noqa: PLC0415

    def emit(emitted: Sequence[Event]) -> None:
        """Let the services themselves emit the events."""
        for each in emitted:
            moment = datetime.fromisoformat(TIME)
            eventbridge.publish(REGION, each.source, each.detail_type, each.detail, time=moment)
        aws.settle()

    (folder / "embedded").mkdir()
    with EmbeddedAws() as aws:
        account = Account(aws.endpoint_url, ADMINISTRATOR)
        event_path.apply(account, folder / "embedded", providers)
        event_path.give(account, given, emit)
        ours = event_path.read(account, given)
        faulty = {}
        for fault in FAULTS:
            with fault():
                event_path.give(account, given, emit)
            faulty[fault.__name__] = event_path.read(account, given)
    return ours, faulty


def report(
    given: Sequence[Case], ours: Deliveries, faulty: Mapping[str, Deliveries], theirs: Mapping[Judge, Deliveries]
) -> bool:
    """Say what each judge found; returns whether all is well."""
    complaints = []
    keys = {judge.key for judge in theirs}
    unmet = {(each, case) for each in EXCUSES for case in each.cases if each.judge in keys}
    for judge, found in theirs.items():
        differing = differences(ours, found)
        left = unexcused(judge, differing)
        unmet -= {(each, case) for each in EXCUSES for one in differing for case in each.covers(judge.key, one)}
        missed = [name for name, broken in faulty.items() if not unexcused(judge, differences(broken, found))]
        arrived = sum(map(len, found.values()))
        print(
            f"{judge.name} judged {arrived} messages of {len(given)} events and publications: "
            f"{len(left)} differences, and {len(differing) - len(left)} that are excused. "
            f"It found {len(faulty) - len(missed)} of {len(faulty)} planted faults."
        )
        complaints += [f"{judge.name}: {each}" for each in left]
        complaints += [f"{judge.name} did not find the planted fault {name}." for name in missed]
    complaints += [f"No difference needs the excuse of {each.judge} for {case}: {each.reason}" for each, case in unmet]
    for complaint in complaints:
        print(f"✗ {complaint}")
    return not complaints


def unexcused(judge: Judge, found: Sequence[Difference]) -> list[Difference]:
    """The differences that no excuse covers."""
    return [each for each in found if not any(excuse.covers(judge.key, each) for excuse in EXCUSES)]
