"""The judge of the wire, on planted faults: in a fake client, in the emulator's bytes, and in a run of pytest."""

import fnmatch
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from shutil import copy
from typing import Any

import boto3
import pytest
import regex
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import REGION
from tests.emulator import EmbeddedAws
from tests.emulator import wire as emulated
from tests.oracles import wire
from tests.oracles.tally import JUDGED
from tests.oracles.wire import WireError, exchange, raise_errors
from tests.support import CHECKOUT
from tests.support.functions import invoke, make_function, make_role

EVALUATION = {
    "ComplianceResourceType": "AWS::EC2::Instance",
    "ComplianceResourceId": "i-1",
    "ComplianceType": "COMPLIANT",
    "OrderingTimestamp": datetime(2026, 3, 1, tzinfo=UTC),
}
CALLS = ("requests by AWS's service models", "responses by AWS's service models")


def evaluations(**changes: Any) -> dict[str, Any]:
    """The arguments of PutEvaluations, with a change to the evaluation."""
    return {"Evaluations": [EVALUATION | changes], "ResultToken": "token"}


def found() -> str:
    """Take the faults that the judge has found."""
    with pytest.raises(WireError) as raised:
        raise_errors()
    return str(raised.value)


# A fake client


def test_what_fits_is_counted_and_handed_over() -> None:
    """A sound exchange raises nothing, counts once each way and returns the response."""
    before = [JUDGED[each] for each in CALLS]

    answer = exchange("config", "PutEvaluations", evaluations(Annotation="x" * 256), {"FailedEvaluations": []})

    raise_errors()
    assert answer == {"FailedEvaluations": []}
    assert [JUDGED[each] for each in CALLS] == [each + 1 for each in before]


@pytest.mark.parametrize(
    ("operation", "arguments", "said"),
    [
        ("SelectResourceConfig", {"Expression": "SELECT x", "Limit": 101}, "Limit: range 101 is not between 0 and 100"),
        ("SelectResourceConfig", {"Limit": 1}, "Expression: is missing"),
        ("SelectResourceConfig", {"Expression": 7}, "Expression: 7 is no string"),
        ("SelectResourceConfig", {"Expression": "SELECT x", "Limit": True}, "Limit: True is no integer"),
        ("SelectResourceConfig", {"Expression": "SELECT x", "limit": 1}, "limit: is not in the model"),
        ("PutEvaluations", evaluations(ComplianceType="UNSURE"), "Evaluations.ComplianceType: 'UNSURE' is not one of"),
        ("PutEvaluations", evaluations(Annotation="x" * 257), "Evaluations.Annotation: length 257 is not between"),
        ("PutEvaluations", {"ResultToken": "t", "Evaluations": [EVALUATION] * 101}, "Evaluations: length 101 is not"),
        (
            "PutEvaluations",
            evaluations(OrderingTimestamp="2026-03-01"),
            "Evaluations.OrderingTimestamp: '2026-03-01' is no",
        ),
        ("PutConfigRule", {"ConfigRule": {"ConfigRuleArn": "", "Source": {"Owner": "AWS"}}}, "ConfigRuleArn: length 0"),
        ("DescribeConfigRules", {"ConfigRuleNames": [" "]}, "ConfigRuleNames: ' ' does not match"),
    ],
)
def test_bad_request(operation: str, arguments: dict[str, Any], said: str) -> None:
    """A fake client fails its test if AWS would refuse the request."""
    exchange("config", operation, arguments, {})

    assert f"config.{operation} request {said}" in found().replace("ConfigRule.", "")


@pytest.mark.parametrize(
    ("operation", "response", "said"),
    [
        ("PutEvaluations", {"FailedEvaluations": [{"ComplianceResourceId": "i-1"}]}, "ComplianceType: is missing"),
        ("SelectResourceConfig", {"Results": [], "NextToken": None}, "NextToken: None is no string"),
        ("SelectResourceConfig", {"Result": []}, "Result: is not in the model"),
    ],
)
def test_bad_response(operation: str, response: dict[str, Any], said: str) -> None:
    """A fake client fails its test if AWS would never give the response."""
    arguments = {"Expression": "SELECT x"} if operation == "SelectResourceConfig" else evaluations()
    exchange("config", operation, arguments, response)

    assert said in found()


@pytest.mark.parametrize(("code", "is_known"), [("ThrottlingException", True), ("NoSuchConfigRuleException", True),
                                                ("Throttled", False)])  # fmt: skip
def test_error_of_a_fake(code: str, is_known: bool) -> None:  # noqa: FBT001
    """A fake client raises errors that AWS Config has, or every service."""
    error = ClientError({"Error": {"Code": code, "Message": "no"}}, "PutEvaluations")
    with pytest.raises(ClientError):
        exchange("config", "PutEvaluations", evaluations(), error)

    if not is_known:
        assert "config.PutEvaluations response Throttled: is neither an error of the operation" in found()


def test_patterns_can_be_read() -> None:
    """Every pattern of the services that the module uses is one that Python understands."""
    services = ["cloudwatch", "config", "ec2", "events", "iam", "kms", "lambda", "logs", "s3", "sns", "sqs", "sts"]
    shapes = [shape for each in services for shape in wire.description(each)["shapes"].values() if "pattern" in shape]

    assert len([regex.compile(shape["pattern"]) for shape in shapes]) > 100


def test_list_names_what_exists() -> None:
    """Each entry of the list is about an operation of a service."""
    for pattern in chain(*wire.ALLOWED.values()):
        service, _, rest = pattern.partition(".")
        operations = wire.service_model(service).operation_names
        assert fnmatch.filter(operations, rest.partition(" ")[0]), pattern


# The emulator


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, str], None]:
    """Let the emulator answer every call with these bytes."""

    def planted(status: int, body: str) -> None:
        def application(_self: Any, _environ: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
            start_response(f"{status} -", [("Content-Type", "text/plain")])
            yield body.encode()

        monkeypatch.setattr(emulated.__call__, "replaced", application)

    return planted


Call = tuple[str, str, dict[str, Any]]
EVALUATED = {"EvaluationResultIdentifier": {"OrderingTimestamp": 1_700_000_000}, "ComplianceType": "COMPLIANT"}
LISTED = """<ListTopicsResponse><ListTopicsResult><Topics><member>{}</member></Topics></ListTopicsResult>
<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></ListTopicsResponse>"""
REFUSED = "<ErrorResponse><Error><Code>{}</Code></Error></ErrorResponse>"


def say(**changes: Any) -> str:
    """The response of GetComplianceDetailsByConfigRule, with a change to its result."""
    return json.dumps({"EvaluationResults": [EVALUATED | changes]})


RESULTS = ("config", "get_compliance_details_by_config_rule", {"ConfigRuleName": "rule"})
REPORT = ("config", "put_evaluations", evaluations())
TARGETS = ("events", "list_targets_by_rule", {"Rule": "rule"})
TOPICS: Call = ("sns", "list_topics", {})


@pytest.mark.parametrize(
    ("call", "response", "said"),
    [
        (RESULTS, (200, say(ComplianceType="UNSURE")), "EvaluationResults.ComplianceType: 'UNSURE' is not one of"),
        (RESULTS, (200, say(Annotation=7)), "EvaluationResults.Annotation: 7 is no string"),
        (RESULTS, (200, say(Note="x")), "EvaluationResult.Note: is not in the model"),
        (RESULTS, (200, say(ResultRecordedTime="2026-03-01T00:00:00Z")), "is a text, and JSON has times as numbers"),
        (RESULTS, (200, '{"EvaluationResults": 7}'), "cannot be read"),
        (RESULTS, (400, '{"__type": "Refused"}'), "Refused: is neither an error of the operation nor a common one"),
        (REPORT, (200, '{"FailedEvaluations": [{}]}'), "FailedEvaluations.ComplianceType: is missing"),
        (TARGETS, (200, '{"Targets": [{"Id": "t"}]}'), "Targets.Arn: is missing"),
        (TARGETS, (200, '{"Targets": [{"Id": "a b", "Arn": "arn"}]}'), "Targets.Id: 'a b' does not match"),
        (TOPICS, (200, LISTED.format("<Name>t</Name>")), "Topic.Name: is not in the model"),
        (TOPICS, (200, "<ListTopicsResponse/>"), "cannot be read"),
        (TOPICS, (404, REFUSED.format("AuthorizationError")), "comes with the status 404, and the model has 403"),
    ],
)
def test_planted_response(
    embedded_aws: EmbeddedAws, plant: Callable[[int, str], None], call: Call, response: tuple[int, str], said: str
) -> None:
    """A response that AWS would not give fails its test, whatever the caller does with it."""
    service, name, arguments = call
    client = embedded_aws.client(service, REGION)
    plant(*response)
    with suppress(Exception):
        getattr(client, name)(**arguments)

    with pytest.raises(WireError, match=said):
        embedded_aws.settle()


def careless(aws: EmbeddedAws, service: str, key: str = "embedded", agent: str = "") -> Any:
    """A client that sends whatever it is told to."""
    options = Config(parameter_validation=False, user_agent_extra=agent, retries={"total_max_attempts": 1})
    return boto3.client(service, REGION, endpoint_url=aws.endpoint_url, aws_access_key_id=key,
                        aws_secret_access_key=key, config=options)  # fmt: skip


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("config", "describe_config_rules", {"ConfigRuleNames": ["x" * 129]}), "ConfigRuleNames: length 129"),
        (("sns", "list_subscriptions_by_topic", {}), "TopicArn: is missing"),
        (("lambda", "list_functions", {"MaxItems": 10_001}), "MaxItems: range 10001"),
        (("ec2", "describe_instances", {"MaxResults": "many"}), "cannot be read"),
    ],
)
def test_planted_request(embedded_aws: EmbeddedAws, plant: Callable[[int, str], None], call: Call, said: str) -> None:
    """A request that AWS would refuse and the emulator takes fails the test."""
    service, name, arguments = call
    empty = {"ec2": "<R/>", "sns": "<R><ListSubscriptionsByTopicResult/></R>"}
    plant(200, empty.get(service, "{}"))
    getattr(careless(embedded_aws, service), name)(**arguments)

    assert said in found()


@pytest.mark.parametrize(
    ("key", "agent", "is_reported"),
    [("embedded", "", False), ("embedded", "Terraform/1.9.8", True), ("role", "", True)],
)
def test_refused_request(
    embedded_aws: EmbeddedAws,
    plant: Callable[[int, str], None],
    key: str,
    agent: str,
    is_reported: bool,  # noqa: FBT001
) -> None:
    """A test may see the emulator refuse a bad request; Terraform and a function make none."""
    plant(400, '{"__type": "ValidationException"}')
    with pytest.raises(ClientError):
        careless(embedded_aws, "config", key, agent).describe_config_rules(ConfigRuleNames=["x" * 129])

    if is_reported:
        assert "ConfigRuleNames: length 129" in found()


CARELESS = """
import boto3

def handler(event, context):
    client = boto3.client("config")
    evaluation = {"ComplianceResourceType": "AWS::EC2::Instance", "ComplianceResourceId": "i-1",
                  "ComplianceType": "COMPLIANT", "OrderingTimestamp": 0, "Annotation": "x" * 257}
    try:
        client.put_evaluations(ResultToken="token", Evaluations=[evaluation])
    except client.exceptions.ClientError:
        return "all is well"
"""


def test_function_is_judged(embedded_aws: EmbeddedAws) -> None:
    """A bad request of a deployed function fails the test, even if the function hides the refusal."""
    embedded_aws.reset()
    make_role(embedded_aws, "config:PutEvaluations")

    assert invoke(make_function(embedded_aws, CARELESS)) == ("all is well", None)

    assert "config.PutEvaluations request Evaluations.Annotation: length 257 is not between" in found()


def test_emulator_that_fails(embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in the embedded AWS fails the test, and is not taken for one of AWS's internal errors."""

    def broken(*_: Any) -> list[bytes]:
        raise KeyError("planted")

    monkeypatch.setattr(emulated.__call__, "replaced", broken)
    with suppress(Exception):
        embedded_aws.client("sns", REGION).list_topics()

    assert "KeyError: 'planted'" in found()


def test_demo_fails_too() -> None:
    """An embedded AWS that is left in spite of a fault raises it, with or without pytest."""
    with pytest.raises(WireError, match="planted"), EmbeddedAws():
        wire.report("planted")


# pytest

PLANTED = """
import pytest
from tests.oracles import wire

def ask(limit):
    wire.exchange("config", "SelectResourceConfig", {"Expression": "SELECT x", "Limit": limit}, {})

@pytest.fixture(scope="module")
def made():
    ask(101)
    yield
    ask(101)

def test_in_a_fixture(made):
    ask(1)

def test_behind_an_except():
    try:
        ask(101)
    except Exception:
        pass

def test_sound():
    ask(1)
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_run_of_pytest(tmp_path: Path, workers: str) -> None:
    """A fault fails its test, its fixtures' set-up and tear-down included; the run says how much was judged."""
    oracles = tmp_path / "tests" / "oracles"
    oracles.mkdir(parents=True)
    for name in ("__init__.py", "conftest.py", "oracles/__init__.py", "oracles/tally.py", "oracles/wire.py"):
        copy(CHECKOUT / "tests" / name, tmp_path / "tests" / name)
    (oracles / "test_planted.py").write_text(PLANTED)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\naddopts = --import-mode=importlib\n")
    words = [sys.executable, "-m", "pytest", "-n", workers, "-rA", "tests"]
    said = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False).stdout  # noqa: S603

    lines = {line.partition(" - ")[0] for line in said.splitlines()}
    test = "tests/oracles/test_planted.py::test"
    assert {f"ERROR {test}_in_a_fixture", f"FAILED {test}_behind_an_except", f"PASSED {test}_sound"} <= lines, said
    assert {f"judged: 4 {CALLS[0]}", f"judged: 4 {CALLS[1]}"} <= lines, said
    assert "1 failed" in said
    assert "2 errors" in said
