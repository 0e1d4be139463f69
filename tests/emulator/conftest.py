"""The embedded AWS for its own tests: started once, empty before each test."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import EmbeddedAws, config_control, config_delivery, config_store, lambda_invocations
from tests.support.functions import document, zipped

REGION = "eu-central-1"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture(scope="session")
def started() -> Iterator[EmbeddedAws]:
    """One embedded AWS for the whole run, because starting it takes longer than emptying it."""
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture
def aws(started: EmbeddedAws) -> Iterator[EmbeddedAws]:
    """An empty account. A failure in the background fails the test that caused it."""
    started.reset()
    yield started
    started.settle()


class Region:
    """A region with a recorder, a function and its rule. Events for the function are only kept."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.config = aws.client("config", REGION)
        self.function_arn = ""
        self.received: list[dict[str, Any]] = []

    def add_function(self, *, source_account: str = "123456789012") -> None:
        """Create the function, with a permission for AWS Config of an account."""
        iam, functions = self.aws.client("iam", REGION), self.aws.client("lambda", REGION)
        role = iam.create_role(RoleName="evaluator", AssumeRolePolicyDocument=document(TRUST))["Role"]["Arn"]
        function = functions.create_function(
            FunctionName="evaluator",
            Role=role,
            Runtime="python3.13",
            Handler="module.handler",
            Code={"ZipFile": zipped("def handler(event, context): pass")},
        )
        self.function_arn = function["FunctionArn"]
        functions.add_permission(
            FunctionName="evaluator",
            StatementId="config",
            Action="lambda:InvokeFunction",
            Principal="config.amazonaws.com",
            SourceAccount=source_account,
        )

    def put_rule(self, parameters: str | None = None, *, schedule: bool = False) -> None:
        """Create or change the rule."""
        types = ["ConfigurationItemChangeNotification", "OversizedConfigurationItemChangeNotification"]
        details = [{"EventSource": "aws.config", "MessageType": each} for each in types]
        if schedule:
            details.append({"EventSource": "aws.config", "MessageType": "ScheduledNotification"})
        rule: dict[str, Any] = {
            "ConfigRuleName": "rule",
            "Scope": {"ComplianceResourceTypes": ["AWS::EC2::Instance"]},
            "Source": {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": self.function_arn, "SourceDetails": details},
        }
        self.config.put_config_rule(ConfigRule=rule | ({"InputParameters": parameters} if parameters else {}))
        self.aws.settle()

    def token(self) -> str:
        """A result token of the rule."""
        backend = config_store.backend_of(REGION)
        config_delivery.invoke(backend, backend.config_rules["rule"], {})
        return str(self.received[-1]["resultToken"])

    def put(self, *evaluations: dict[str, Any], token: str | None = None) -> dict[str, Any]:
        """Report evaluations and wait for what follows."""
        answer: dict[str, Any] = self.config.put_evaluations(
            Evaluations=list(evaluations), ResultToken=token or self.token()
        )
        self.aws.settle()
        return answer

    def verdicts(self) -> dict[str, str]:
        """The rule's results."""
        return config_control.verdicts_of(REGION, "rule")

    def launch(self, **options: Any) -> str:
        """Launch an instance and wait for what follows."""
        ec2 = self.aws.client("ec2", REGION)
        answer = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, **options)
        self.aws.settle()
        return str(answer["Instances"][0]["InstanceId"])

    def items(self) -> list[dict[str, Any]]:
        """The invoking events that the function was sent."""
        return [json.loads(each["invokingEvent"]) for each in self.received]


@pytest.fixture
def region(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Region:
    """A region with recorder, function and rule."""
    made = Region(aws)

    def keep(_arn: str, event: str, **_: Any) -> bool:
        made.received.append(json.loads(event))
        return True

    monkeypatch.setattr(lambda_invocations, "invoke_async", keep)
    aws.switch_on_config(REGION)
    made.add_function()
    made.put_rule()
    return made


def refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    """The error's code; a server error would make SDKs try again."""
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(error.value.response["Error"]["Code"])
