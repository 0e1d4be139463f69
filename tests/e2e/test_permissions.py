"""Least privilege with the role's own credentials: every permission is needed, and everything else is denied."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.conftest import REGION
from tests.e2e.conftest import ITSELF, Deploy, Deployment
from tests.emulator import (
    cloudwatch_metrics,
    config_control,
    config_delivery,
    faults,
    lambda_environments,
    lambda_invocations,
)
from tests.emulator.faults import Kind

ACCOUNT = "123456789012"
NAME = "ec2-key-pair-monitor"


@pytest.fixture(scope="module")
def scheduled(deploy: Deploy) -> Iterator[Deployment]:
    """The module with a schedule, by which the role has every permission that it can have."""
    with deploy(ITSELF, evaluation_frequency="One_Hour") as deployment:
        yield deployment


def change(deployment: Deployment) -> None:
    """An instance changes."""
    deployment.launch()


def oversized_change(deployment: Deployment) -> None:
    """An instance changes, and its item is too large to be sent."""
    instance = deployment.launch("ops")
    config_control.send_oversized(REGION, instance)
    config_delivery.deliver(REGION, config_control.history_of(REGION, instance)[-1])
    deployment.aws.settle()


def schedule(deployment: Deployment) -> None:
    """The schedule fires."""
    config_delivery.fire_schedule(REGION)
    deployment.aws.settle()


def sweep_with_a_gap(deployment: Deployment) -> None:
    """The schedule fires, and an instance with an old result is missing from the inventory."""
    instance = deployment.launch("ops")
    config_control.age(REGION, instance, timedelta(days=30))
    config_control.flaws(REGION).hidden.add(instance)
    schedule(deployment)


EVENTS = [
    pytest.param("config:PutEvaluations", change, id="PutEvaluations"),
    pytest.param("config:GetResourceConfigHistory", oversized_change, id="GetResourceConfigHistory, oversized"),
    pytest.param("config:GetResourceConfigHistory", sweep_with_a_gap, id="GetResourceConfigHistory, sweep"),
    pytest.param("config:BatchGetResourceConfig", sweep_with_a_gap, id="BatchGetResourceConfig"),
    pytest.param("config:SelectResourceConfig", schedule, id="SelectResourceConfig"),
    pytest.param("config:GetComplianceDetailsByConfigRule", schedule, id="GetComplianceDetailsByConfigRule"),
]


def test_first_sweep_has_its_permissions(scheduled: Deployment) -> None:
    """The sweep that AWS Config starts when the apply makes the rule is allowed every call, and ends at once."""
    first = lambda_invocations.invocations(scheduled.outputs["evaluator_function_arn"])[0]

    assert json.loads(json.loads(first.event)["invokingEvent"])["messageType"] == "ScheduledNotification"
    assert (first.attempt, first.error) == (1, None)
    assert [json.loads(line)["message"] for line in first.log if "sweep" in line] == ["sweep complete"]


@pytest.mark.parametrize(("action", "event"), EVENTS)
def test_call_is_needed(scheduled: Deployment, action: str, event: Callable[[Deployment], None]) -> None:
    """With its permissions the function works an event off; without the one for a call, it is denied and kept."""
    event(scheduled)
    assert scheduled.dead_letters("evaluations") == []

    with scheduled.without(action):
        event(scheduled)

    [letter] = scheduled.dead_letters("evaluations")
    error = letter["MessageAttributes"]["ErrorMessage"]["StringValue"]
    assert "AccessDeniedException" in error
    assert action in error


def test_dead_letter_needs_it(scheduled: Deployment) -> None:
    """Without the permission to send to the queue, Lambda can't keep what has failed."""
    cloudwatch_metrics.points(REGION).clear()
    faults.inject("PutEvaluations", Kind.INTERNAL_ERROR, times=12)
    with scheduled.without("sqs:SendMessage"):
        change(scheduled)
    faults.reset()

    assert scheduled.dead_letters("evaluations") == []
    assert "DeadLetterErrors" in {point.name for point in cloudwatch_metrics.points(REGION)}


def queue_url(purpose: str) -> str:
    """The URL of a queue of dead letters."""
    return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{NAME}-dead-{purpose}"


DENIED: list[tuple[str, str, dict[str, Any]]] = [
    ("config", "delete_config_rule", {"ConfigRuleName": NAME}),
    ("config", "delete_evaluation_results", {"ConfigRuleName": NAME}),
    ("config", "stop_configuration_recorder", {"ConfigurationRecorderName": "default"}),
    ("ec2", "create_key_pair", {"KeyName": "mine"}),
    ("ec2", "describe_instances", {}),
    ("events", "put_events", {"Entries": [{"Source": "mine", "DetailType": "x", "Detail": "{}"}]}),
    ("iam", "list_roles", {}),
    ("kms", "list_keys", {}),
    ("logs", "delete_log_group", {"logGroupName": f"/aws/lambda/{NAME}-evaluator"}),
    ("s3", "list_buckets", {}),
    ("secretsmanager", "list_secrets", {}),
    ("sns", "publish", {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}", "Message": "all is well"}),
    ("sqs", "receive_message", {"QueueUrl": queue_url("evaluations")}),
    ("sqs", "send_message", {"QueueUrl": queue_url("notifications"), "MessageBody": "{}"}),
]


@pytest.mark.parametrize(
    ("service", "call", "arguments"), DENIED, ids=[f"{service}:{call}" for service, call, _ in DENIED]
)
def test_anything_else_is_denied(scheduled: Deployment, service: str, call: str, arguments: dict[str, Any]) -> None:
    """What the function does not need, its credentials do not allow."""
    function = lambda_invocations.function_of(scheduled.outputs["evaluator_function_arn"])
    assert function is not None
    credentials = lambda_environments.role_credentials(function)
    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url=scheduled.aws.endpoint_url,
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=credentials["AWS_SESSION_TOKEN"],
    )

    with pytest.raises(ClientError, match=r"AccessDenied|AuthorizationError|UnauthorizedOperation"):
        getattr(client, call)(**arguments)
