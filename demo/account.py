"""A real account as a cloud: the account of the caller's credentials. It asks first, and removes what it creates."""

import json
import secrets
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import boto3
from botocore.config import Config
from rich.console import Console

from demo.cloud import (
    INSTANCE_TYPE,
    TEMPORARY,
    Clock,
    Cloud,
    Evaluated,
    Notification,
    Pace,
    RefusalError,
    find_subnet,
    launch_options,
    step,
    tag_specifications,
)
from demo.monitor import (
    DEFAULT_NAME,
    NAME_FOR_THE_PURPOSE,
    Applied,
    config_rule,
    key_name,
    notified,
    topic_of_digest,
)
from demo.readiness import check_permitted, check_recorder, identity
from demo.temporary import QUEUE_PREFIX, Temporary
from tests.support.providers import ProviderNotFoundError
from tests.support.terraform import TerraformError

NOTIFIED_WITHIN_SECONDS = 600.0  # a digest collects for up to five minutes
# Many attempts, for throttling and temporary errors. RunInstances has a token, so that a retry launches nothing twice.
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 8}, connect_timeout=10, read_timeout=30)


@dataclass(frozen=True, slots=True)
class Request:
    """The options of the caller.

    Attributes:
        region: the region to use.
        subnet_id: the subnet to launch in; None means the default VPC.
        name: the name of the deployed monitor. None means the default name; if there is none, a monitor is applied.
        agreed: whether to skip the question.
    """

    region: str
    subnet_id: str | None = None
    name: str | None = None
    agreed: bool = False


class Account(Cloud):
    """A region of the account."""

    closing = "The notification is as expected, and everything that was created is removed."
    pace = Pace(every=10.0, evaluated_within=1200.0, tell_every=30.0)

    def __init__(self, console: Console, clock: Clock, request: Request, session: boto3.Session | None = None) -> None:
        super().__init__()
        self._console, self._clock, self._request = console, clock, request
        self._session = session
        self._clients: dict[str, Any] = {}
        self._run_id = secrets.token_hex(4)
        self._queue_url = ""
        self._account_id = ""
        self._temporary: Temporary
        self._applied: Applied
        self._rule: dict[str, Any] | None = None
        self._topic_arn = ""

    def client(self, service: str) -> Any:
        """A client with the caller's credentials."""
        self._session = self._session or boto3.Session()
        if service not in self._clients:
            self._clients[service] = self._session.client(service, region_name=self._request.region, config=PATIENT)
        return self._clients[service]

    def __enter__(self) -> Self:
        if not self._request.region:
            raise RefusalError("No region was given: make verify REGION=eu-central-1")
        with step(self._console, "Checking that the account is ready"):
            self._account_id, arn = identity(self.client)
            warnings = check_recorder(self.client("config"), self._request.region)
            self.subnet_id = find_subnet(self.client("ec2"), self._request.subnet_id)
            self._applied = Applied(self._account_id, self._request.region)
            self._find_monitor()
            self._check_permitted()
            self._temporary = Temporary(self.client, self._clock)
            left = [str(thing) for thing in self._temporary.find()]
            left += [f"monitor {NAME_FOR_THE_PURPOSE}"] if self._applied.is_there else []
        for warning in warnings:
            self._console.print(f"! {warning}", style="yellow", markup=False, highlight=False, soft_wrap=True)
        self._agree(arn, left)
        if left:
            with step(self._console, "Removing what an earlier run left"):
                remaining = self._remove()
            if remaining:
                raise RefusalError("What an earlier run left cannot be removed: " + "; ".join(remaining))
        return self

    def __exit__(self, *error: object) -> None:
        with uninterrupted():
            try:
                with step(self._console, "Removing what was created"):
                    self.remaining = self._remove()
            except (OSError, SystemExit):  # even if nobody reads the output any more, remove everything
                self.remaining = self._remove()

    def made(self, kind: str, name: str) -> None:
        """Note something to remove."""
        self._temporary.made(kind, name)

    def deploy(self) -> str:
        """Apply a monitor unless one is deployed, and subscribe a queue to its topic. Returns the rule's name."""
        name = self._rule["ConfigRuleName"] if self._rule else None
        if name is None:
            outputs = self._applied.apply(self._console)
            name, self._topic_arn = outputs["config_rule_name"], outputs["topic_arn"]
        with step(self._console, "Subscribing a temporary queue to the topic"):
            self._subscribe()
        return str(name)

    def notifications(self, instances: Sequence[Evaluated]) -> list[Notification]:
        """Return the notifications in the queue that are about the instances."""
        expected = {each.instance_id for each in instances if each.verdict in self.notified}
        sqs, deadline = self.client("sqs"), self._clock.now() + NOTIFIED_WITHIN_SECONDS
        bodies: dict[str, None] = {}  # SNS and SQS deliver at least once, so equal ones are one
        with step(self._console, "Waiting for the notification"):
            while True:
                answer = sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10)
                received = answer.get("Messages", [])
                for each in received:
                    sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=each["ReceiptHandle"])
                    bodies[each["Body"]] = None
                told = {name for name in expected if any(name in body for body in bodies)}
                if (told == expected and not received) or self._clock.now() > deadline:
                    break
                self._clock.sleep(self.pace.every)
        ours = [each.instance_id for each in instances]
        about = [body for body in bodies if any(name in body for name in ours)]
        return [Notification("The notification as it arrived in the queue", body) for body in about]

    def _find_monitor(self) -> None:
        """Find the deployed monitor, if there is one. Otherwise one must be applied."""
        config, asked = self.client("config"), self._request.name
        self.key_name = f"verify-{self._run_id}"
        if asked != NAME_FOR_THE_PURPOSE:
            self._rule = config_rule(config, asked or DEFAULT_NAME)
        if self._rule:
            self.key_name = key_name(self._rule, self.key_name)
            name = self._rule["ConfigRuleName"]
            targets = notified(self.client("events"), name)
            self.notified = list(targets)
            self._topic_arn = targets["NON_COMPLIANT"]
            if ":sns:" not in self._topic_arn:
                self._topic_arn = topic_of_digest(self.client("lambda"), name)
        elif asked not in (None, NAME_FOR_THE_PURPOSE):
            raise RefusalError(
                f"{self._request.region} has no Config rule {asked}. Without NAME, the monitor {DEFAULT_NAME} is "
                "verified if it is deployed, and otherwise a temporary one."
            )
        elif config_rule(config, NAME_FOR_THE_PURPOSE) and not self._applied.is_there:
            raise RefusalError(
                f"A run on another machine uses the monitor {NAME_FOR_THE_PURPOSE}, or has left it. Its Terraform "
                "state is there, in the folder .verify of the checkout: run make verify there again, or remove by hand "
                f"what this lists: aws resourcegroupstaggingapi get-resources --region {self._request.region} "
                f"--tag-filters Key={NAME_FOR_THE_PURPOSE}"
            )

    def _check_permitted(self) -> None:
        ec2 = self.client("ec2")
        check_permitted(ec2.create_key_pair, KeyName=self.key_name, TagSpecifications=tag_specifications("key-pair"))
        check_permitted(ec2.run_instances, MinCount=1, MaxCount=1, **launch_options(self))

    def _agree(self, arn: str, left: Sequence[str]) -> None:
        """Say what will be created and what it costs, and ask.

        Raises:
            RefusalError: the caller does not agree, or cannot be asked.
        """
        lines = [
            f"In {self._request.region} of account {self._account_id}, as {arn}, this creates and finally removes:",
            f"- three {INSTANCE_TYPE} instances with Amazon Linux 2023 in {self.subnet_id}, without a public address",
            f"- the key pair {self.key_name}, whose private key is discarded",
            f"- the queue {QUEUE_PREFIX}{self._run_id}, subscribed to the monitor's topic",
        ]
        if self._rule:
            name = self._rule["ConfigRuleName"]
            lines.append(f"The monitor {name} notifies its subscribers of the instance without a key pair.")
        else:
            lines.append(
                f"- the monitor {NAME_FOR_THE_PURPOSE}, by Terraform: Config rule, function, role, log group, topic, "
                "queues, EventBridge rules, alarms and KMS key (deleted after 30 days, free of charge). It "
                "evaluates every instance of the region once, at $0.001 each."
            )
        lines += [f"An earlier run left this, which is removed first: {', '.join(left)}."] if left else []
        lines.append(
            "It takes 5 to 30 minutes and costs about $0.20, at most $0.50: $0.003 for each of the configuration items "
            "that AWS Config records of instances, volumes and network interfaces; the instances a few cents."
        )
        self._console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
        if self._request.agreed:
            return
        if not sys.stdin.isatty():
            raise RefusalError("There is no terminal to ask in, so nothing was created. YES=1 agrees in advance.")
        try:
            answer = self._console.input("Continue? [y/N] ", markup=False)
        except EOFError:
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            raise RefusalError("Nothing was created.")

    def _subscribe(self) -> None:
        """Create a queue that the topic may write to. SQS encrypts it with its own key."""
        name, sqs = f"{QUEUE_PREFIX}{self._run_id}", self.client("sqs")
        partition = self._topic_arn.split(":")[1]
        queue_arn = f"arn:{partition}:sqs:{self._request.region}:{self._account_id}:{name}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": self._topic_arn}},
        }
        attributes = {
            "MessageRetentionPeriod": "86400",
            "Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            "SqsManagedSseEnabled": "true",
        }
        self._queue_url = sqs.create_queue(QueueName=name, Attributes=attributes, tags=TEMPORARY)["QueueUrl"]
        self.made("queue", self._queue_url)
        subscription = self.client("sns").subscribe(
            TopicArn=self._topic_arn,
            Protocol="sqs",
            Endpoint=queue_arn,
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )
        self.made("subscription", subscription["SubscriptionArn"])

    def _remove(self) -> list[str]:
        """Remove everything, the monitor last. Returns what remains, and why."""
        remaining = self._temporary.remove()
        try:
            self._applied.destroy()
        except (TerraformError, ProviderNotFoundError) as error:
            remaining.append(
                f"monitor {NAME_FOR_THE_PURPOSE}; the next run finds its state in {self._applied.directory} ({error})"
            )
        return remaining


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore signals during the removal."""
    before = {each: signal.signal(each, lambda *_: None) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
