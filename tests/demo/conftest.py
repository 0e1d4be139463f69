"""The walkthrough of a real account, run against the embedded AWS as if that were one."""

import io
import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from rich.console import Console

from demo import monitor
from demo.account import Account, Request
from demo.cloud import TAG_KEY, Clock
from demo.walkthrough import run
from tests.conftest import REGION
from tests.emulator import EmbeddedAws
from tests.emulator.iam import DENIALS
from tests.oracles import wire


class Keyboard(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@dataclass
class Caller:
    """Somebody with credentials for the embedded AWS, who runs ``make verify``.

    ``waits`` is what happens at each wait, which takes
    no time.
    """

    aws: EmbeddedAws
    monkeypatch: pytest.MonkeyPatch
    session: boto3.Session | None
    waits: Callable[[float], None] = lambda _: None
    elapsed: float = 0.0
    output: io.StringIO = field(default_factory=io.StringIO)

    @property
    def events(self) -> Any:
        """The events of botocore in the run."""
        assert self.session
        return self.session.events

    def client(self, service: str) -> Any:
        """A client of the account's administrator."""
        return self.aws.client(service, REGION)

    def verify(self, *, types: str | None = None, region: str = REGION, **request: Any) -> tuple[int, str]:
        """Run it, agreed to beforehand unless the caller types something; returns the exit status and what it said."""
        self.monkeypatch.setattr("sys.stdin", io.StringIO() if types is None else Keyboard(types))
        self.output = io.StringIO()
        console, clock = Console(file=self.output, width=160), Clock(lambda: self.elapsed, self.wait)
        asked = Request(region, **{"agreed": types is None, **request})
        status = run(console, Account(console, clock, asked, self.session), clock)
        self.aws.settle()
        return status, self.output.getvalue()

    def wait(self, seconds: float) -> None:
        """Let the time pass and AWS do what it does meanwhile."""
        self.elapsed += seconds
        self.aws.settle()
        self.waits(seconds)

    def refuse(self, operation: str, code: str, when: Callable[[], bool] = lambda: True, status: int = 403) -> None:
        """Let AWS answer calls of an operation, such as ``ec2.RunInstances``, or of a service with an error."""

        def answer(event_name: str, **_: Any) -> AWSResponse | None:
            if not when():
                return None
            wire.judge_error(operation.partition(".")[0], event_name.rpartition(".")[2], code)
            return refused(operation, code, status)

        self.events.register(f"before-send.{operation}", answer)

    def after(self, operation: str, call: Callable[[], object]) -> None:
        """Do something once a call has been made, and before its answer is known."""
        self.events.register(f"after-call.{operation}", lambda **_: call())

    def act_as_user_who_may(self, actions: list[str]) -> None:
        """Go on as a user with these permissions, which moto checks by action."""
        iam = self.client("iam")
        iam.create_user(UserName="caller")
        allow = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        iam.put_user_policy(UserName="caller", PolicyName="walkthrough", PolicyDocument=document)
        key = iam.create_access_key(UserName="caller")["AccessKey"]
        self.session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"])

    def act_as_administrator(self) -> None:
        """Go on as before."""
        self.session = boto3.Session()
        iam = self.client("iam")
        for each in iam.list_access_keys(UserName="caller")["AccessKeyMetadata"]:
            iam.delete_access_key(UserName="caller", AccessKeyId=each["AccessKeyId"])
        iam.delete_user_policy(UserName="caller", PolicyName="walkthrough")
        iam.delete_user(UserName="caller")

    def temporary(self) -> dict[str, list[str]]:
        """What is there that a run of the walkthrough may have made."""
        reservations = self.client("ec2").describe_instances()["Reservations"]
        instances = [each for reservation in reservations for each in reservation["Instances"]]
        return {
            "instances": [each["InstanceId"] for each in instances if each["State"]["Name"] != "terminated"],
            "key pairs": [each["KeyName"] for each in self.client("ec2").describe_key_pairs()["KeyPairs"]],
            "queues": self.client("sqs").list_queues(QueueNamePrefix=TAG_KEY).get("QueueUrls", []),
            "subscriptions": [
                each["SubscriptionArn"]
                for each in self.client("sns").list_subscriptions()["Subscriptions"]
                if each["Protocol"] == "sqs"
            ],
        }


NOTHING: dict[str, list[str]] = {"instances": [], "key pairs": [], "queues": [], "subscriptions": []}


def denial(operation: str) -> str:
    """The code of AWS's answer to somebody who may not make a call."""
    return DENIALS.get(operation.partition(".")[0], "AccessDeniedException")


def refused(operation: str, code: str, status: int) -> AWSResponse:
    """An error in the form of the service's protocol."""
    service = operation.partition(".")[0]
    message = "You are not authorized to do that"
    body = f'{{"__type": "{code}", "message": "{message}"}}'
    if service in ("ec2", "sns", "sts"):
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        body = f"<Response><Errors>{error}</Errors><RequestID>1</RequestID></Response>"
        if service != "ec2":
            body = f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"
    answer = AWSResponse("", status, {"content-type": "text/xml"}, None)
    answer._content = body.encode()
    return answer


@pytest.fixture
def caller(embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Caller]:
    """The caller, with the credentials in the environment and a checkout that no run has used yet."""
    for name, value in embedded_aws.environment(REGION).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(monitor, "STATES", tmp_path / ".verify")
    # A job in the background ignores Ctrl-C, and one under nohup a closed terminal.
    usual: dict[signal.Signals, Any] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {each: signal.signal(each, handler) for each, handler in usual.items()}
    yield Caller(embedded_aws, monkeypatch, boto3.Session())
    assert {each: signal.getsignal(each) for each in usual} == usual
    for each, handler in before.items():
        signal.signal(each, handler)
