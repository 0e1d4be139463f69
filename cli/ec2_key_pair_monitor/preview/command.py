"""Runs a preview: the session, the regions in parallel, and the progress."""

import argparse
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ec2_key_pair_monitor import policy
from ec2_key_pair_monitor.errors import CommandError
from ec2_key_pair_monitor.preview.first_day import Assumptions

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError as error:
    raise CommandError("preview needs boto3: install ec2-key-pair-monitor[preview].") from error

from ec2_key_pair_monitor.preview.failures import NO_CREDENTIALS, is_invalid, why
from ec2_key_pair_monitor.preview.region import RegionReport, Task, inspect
from ec2_key_pair_monitor.preview.report import PreviewReport

# The number of regions that an account has by default. More threads would only wait for each other.
WORKERS = 8
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 10},
    connect_timeout=10,
    read_timeout=60,
    user_agent_extra="ec2-key-pair-monitor",
)


def preview(options: argparse.Namespace) -> PreviewReport:
    """Preview the regions that the options name.

    Raises:
        CommandError: nothing could be judged; the message says why.
    """
    if options.rule is not None and (options.policy is not None or policy.is_given(options)):
        raise CommandError("--rule holds the whole policy and cannot be combined with other policy options.")
    task = Task(
        None if options.rule is not None else policy.from_options(options),
        options.rule,
        options.source,
        tuple(options.fleet_tag),
        Assumptions.of(options),
        options.today or datetime.now(UTC).date(),
    )
    try:
        session = boto3.Session(profile_name=options.profile)
        regions = _regions(session, options.region)
        if session.get_credentials() is None:
            raise CommandError(NO_CREDENTIALS)
        reports = [RegionReport(region, task.source) for region in regions]
        readable = _known(session, reports)
        if options.role_arn and readable:
            session = _assumed(session, options.role_arn, [report.region for report in readable])
    except (BotoCoreError, ClientError) as error:
        raise CommandError(why(error)) from error
    with _progress(readable) as refresh:
        _run(session, readable, task, refresh)
    if all(report.failure and not report.instances for report in reports):
        reasons = {report.failure or "": report.region for report in reversed(reports)}
        raise CommandError(
            "nothing could be judged. " + " ".join(f"{region}: {text}" for text, region in reasons.items())
        )
    return PreviewReport(reports, task.assumed)


def _regions(session: Any, named: Sequence[str]) -> list[str]:
    """Return the regions to preview, without repetition."""
    regions = list(dict.fromkeys(named)) or [os.environ.get("AWS_REGION") or session.region_name]
    if regions == [None]:
        raise CommandError("there is no region; set --region or AWS_REGION.")
    return regions


def _known(session: Any, reports: Sequence[RegionReport]) -> list[RegionReport]:
    """Return the reports of existing regions. Those of other regions become failures."""
    known = {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition)
    }
    for report in reports:
        if report.region not in known:
            report.fail("botocore knows no such region; for a new one, update boto3.")
    return [report for report in reports if not report.failure]


def _assumed(session: Any, role_arn: str, regions: Sequence[str]) -> Any:
    """Return a session with a role, for an hour, from the first region that is enabled."""
    region, *others = regions
    sts = session.client("sts", region_name=region, config=_CONFIG)
    try:
        credentials = sts.assume_role(RoleArn=role_arn, RoleSessionName="ec2-key-pair-monitor-preview")["Credentials"]
    except ClientError as error:
        if others and is_invalid(error):
            return _assumed(session, role_arn, others)
        raise
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def _run(session: Any, reports: Sequence[RegionReport], task: Task, refresh: Callable[[], None]) -> None:
    """Inspect the regions in threads. They are daemons, so that Ctrl-C does not wait for AWS's responses."""
    waiting: queue.SimpleQueue[RegionReport] = queue.SimpleQueue()
    done: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()
    # Sessions are not thread-safe, but clients are.
    lock = threading.Lock()
    for report in reports:
        waiting.put(report)

    def client_of(region: str, service: str) -> Any:
        with lock:
            return session.client(service, region_name=region, config=_CONFIG)

    def work() -> None:
        while True:
            try:
                report = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                inspect(report, task, partial(client_of, report.region))
            except Exception as error:
                done.put(error)
            else:
                done.put(None)

    for _ in range(min(WORKERS, len(reports))):
        threading.Thread(target=work, daemon=True).start()
    left = len(reports)
    while left:
        refresh()
        try:
            error = done.get(timeout=0.2)
        except queue.Empty:
            continue
        if isinstance(error, OSError):  # such as a full disk
            raise error
        if error:
            text = f"an answer of AWS could not be read ({type(error).__name__}: {error})."
            raise CommandError(text) from error
        left -= 1


@contextmanager
def _progress(reports: Sequence[RegionReport]) -> Iterator[Callable[[], None]]:
    """Show the number of instances that were read, on a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415  (slow, and not needed elsewhere)

    with Console(stderr=True).status("") as status:

        def refresh() -> None:
            where = reports[0].region if len(reports) == 1 else f"{len(reports)} regions"
            status.update(f"Reading {where}: {sum(each.instances for each in reports):,} instances")

        yield refresh
