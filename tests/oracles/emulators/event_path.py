"""The module's event path on an emulator: applied by the module's own Terraform, given the cases, and read."""

import json
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.oracles.emulators.cases import REGION, TIME, Case, Event, Publication
from tests.oracles.emulators.comparison import Deliveries, deliveries
from tests.oracles.emulators.excuses import Workaround
from tests.support.terraform import Root, copy_module

# The resources that an event passes. Terraform takes along what they refer to.
PASSED = re.compile(r"(?:.*\.)?aws_(?:cloudwatch_event_(?:rule|target)|sns_topic\w*|sqs_queue)\.\w+")
INDEX = re.compile(r"\[[^]]*\]$")  # of the resource; that of its module stays
BATCH = 10  # entries that PutEvents takes
QUIET = 4.0  # seconds without a message after which one look at all queues must find none either
ARRIVED_WITHIN = 180.0

Messages = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Account:
    """The account of an emulator, and how to call it."""

    url: str
    access_key: str

    def client(self, service: str) -> Any:
        """A client that tries once."""
        # A session of its own: the default one is not for several threads.
        return boto3.session.Session().client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.access_key,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60),
        )

    def environment(self) -> dict[str, str]:
        """What leads Terraform here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.access_key,
        }


def apply(account: Account, folder: Path, providers: Mapping[str, str]) -> None:
    """Apply what an event passes of root.tf, after the queues of its subscribers are made."""
    root = copy_module(folder / "module") / "examples" / "judged"
    root.mkdir()
    shutil.copy(Path(__file__).with_name("root.tf"), root)
    environment = {**account.environment(), **providers}
    planning = Root(root, environment)
    planning.init()
    resources = planning.plan().resources
    sqs = account.client("sqs")
    for address, values in resources.items():
        if ".aws_sns_topic_subscription." in address:
            queue = values["endpoint"].rpartition(":")[2]
            sqs.create_queue(QueueName=queue, Attributes={"Policy": _admitting_topics(values["endpoint"])})
    addresses = {INDEX.sub("", address) for address in resources}
    targets = [f"-target={address}" for address in sorted(addresses) if PASSED.fullmatch(address)]
    # The provider waits half a minute for each queue, and so for all of them side by side.
    Root(root, environment | {"TF_CLI_ARGS_apply": " ".join(["-parallelism=30", *targets])}).apply()


def _admitting_topics(queue_arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def adapt(account: Account, workaround: Workaround) -> int:
    """Put the rules and their targets into words that a judge understands; returns how many were changed."""
    events, changed = account.client("events"), 0
    for rule in events.list_rules()["Rules"]:
        pattern = workaround.there(rule["EventPattern"])
        if pattern != rule["EventPattern"]:
            events.put_rule(Name=rule["Name"], EventPattern=pattern)
            changed += 1
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
            transformer = target.get("InputTransformer", {})
            template = workaround.there(transformer.get("InputTemplate", ""))
            if template != transformer.get("InputTemplate", ""):
                transformer["InputTemplate"] = template
                events.put_targets(Rule=rule["Name"], Targets=[target])
                changed += 1
    return changed


def put_events(account: Account, workarounds: Sequence[Workaround], cases: Sequence[Event]) -> None:
    """Put the events by the API."""
    events = account.client("events")
    entries = []
    for case in cases:
        source = f'"{case.source}"'
        for workaround in workarounds:
            source = workaround.there(source)
        detail, moment = json.dumps(case.detail), datetime.fromisoformat(TIME)
        entries.append({"Source": source[1:-1], "DetailType": case.detail_type, "Detail": detail, "Time": moment})
    for at in range(0, len(entries), BATCH):
        answer = events.put_events(Entries=entries[at : at + BATCH])
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"PutEvents refused: {answer['Entries']}")


def give(account: Account, cases: Sequence[Case], put: Callable[[Sequence[Event]], None]) -> None:
    """Publish the messages, and put the events, the last one last."""
    sns = account.client("sns")
    topics = {arn.rpartition(":")[2]: arn for arn in (each["TopicArn"] for each in sns.list_topics()["Topics"])}
    for case in cases:
        if isinstance(case, Publication):
            # What a judge refuses does not arrive, and so is seen.
            with suppress(ClientError):
                sns.publish(TopicArn=topics[case.topic], **case.arguments)
    put([case for case in cases if isinstance(case, Event)])


def read(account: Account, cases: Sequence[Case], workarounds: Sequence[Workaround] = ()) -> Deliveries:
    """Take everything out of all queues, until the last event has arrived and nothing more comes.

    Raises:
        TimeoutError: the last event has not arrived in time.
    """
    sqs = account.client("sqs")
    urls = {url.rpartition("/")[2]: url for url in sqs.list_queues(MaxResults=1000)["QueueUrls"]}
    messages: Messages = defaultdict(list)
    last = cases[-1].marker
    start = changed = time.monotonic()
    is_over = is_quiet = False
    while not is_over or not is_quiet:
        is_quiet = time.monotonic() - changed >= QUIET
        if time.monotonic() - start > ARRIVED_WITHIN:
            raise TimeoutError(f"{cases[-1].name} has not arrived within {ARRIVED_WITHIN:.0f} s at {account.url}")
        for queue, url in urls.items():
            for message in _received(sqs, url):
                for workaround in workarounds:
                    message["Body"] = workaround.back(message["Body"])
                messages[queue].append(message)
                is_over |= last in message["Body"]
                changed, is_quiet = time.monotonic(), False
        time.sleep(0.2)
    return deliveries(messages, {case.marker: case.name for case in cases})


def _received(sqs: Any, url: str) -> Iterator[dict[str, Any]]:
    """The messages of a queue, each taken out of it."""
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get(
        "Messages"
    ):
        receipts = [{"Id": str(at), "ReceiptHandle": each["ReceiptHandle"]} for at, each in enumerate(found)]
        sqs.delete_message_batch(QueueUrl=url, Entries=receipts)
        yield from found
