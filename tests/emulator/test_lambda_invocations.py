"""Lambda: who may invoke a function, and what becomes of an event that failed."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws, lambda_invocations
from tests.support.functions import (
    CONFIG,
    COUNTER,
    FAILING,
    FUNCTION,
    QUEUE,
    REGION,
    document,
    make_function,
    make_role,
    permit,
)
from tests.support.queues import messages


def test_a_service_needs_permission(aws: EmbeddedAws) -> None:
    """A service that the function's policy does not admit, or not for this source, invokes nothing."""
    make_role(aws)
    client = make_function(aws, COUNTER)
    assert not lambda_invocations.invoke_async(FUNCTION, "{}", principal=CONFIG)
    permit(client, SourceAccount="111111111111")
    assert not lambda_invocations.may_invoke(FUNCTION, CONFIG)
    client.remove_permission(FunctionName="function", StatementId="config")
    permit(client, SourceAccount=ACCOUNT_ID, SourceArn=f"arn:aws:config:{REGION}:{ACCOUNT_ID}:config-rule/m*")
    other = f"arn:aws:config:{REGION}:{ACCOUNT_ID}:config-rule/other"
    assert not lambda_invocations.invoke_async(FUNCTION, "{}", principal=CONFIG, source_arn=other)
    assert lambda_invocations.invoke_async(FUNCTION, "{}", principal=CONFIG, source_arn=other.replace("other", "mine"))
    aws.settle()
    assert [done.attempt for done in lambda_invocations.invocations(FUNCTION)] == [1]


@pytest.mark.parametrize("name", [FUNCTION, "function", "arn:aws:lambda", ""])
def test_a_function_that_is_not_there_can_not_be_invoked(aws: EmbeddedAws, name: str) -> None:
    """A service may not invoke a function that does not exist, whatever it is called."""
    aws.client("lambda", REGION)
    assert not lambda_invocations.invoke_async(name, "{}", principal=CONFIG)


@pytest.mark.parametrize("retries", [None, 1, 0])
def test_what_fails_is_tried_again_and_then_a_dead_letter(aws: EmbeddedAws, retries: int | None) -> None:
    """An event that fails is tried twice more, or as configured, and is then in the dead-letter queue, once."""
    make_role(aws, "sqs:SendMessage")
    aws.client("sqs", REGION).create_queue(QueueName="queue")
    client = make_function(aws, FAILING, DeadLetterConfig={"TargetArn": QUEUE})
    permit(client)
    if retries is not None:
        client.put_function_event_invoke_config(FunctionName="function", MaximumRetryAttempts=retries)
    assert lambda_invocations.invoke_async(FUNCTION, '{"a": 1}', principal=CONFIG)
    aws.settle()
    done = lambda_invocations.invocations(FUNCTION)
    assert [each.attempt for each in done] == list(range(1, 4 if retries is None else 2 + retries))
    assert all(each.error and each.event == '{"a": 1}' for each in done)
    (letter,) = messages(aws, QUEUE)
    values = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert letter["Body"] == '{"a": 1}'
    assert values == {"RequestID": done[0].request_id, "ErrorCode": "200", "ErrorMessage": "broken"}
    assert len({each.request_id for each in done}) == 1


def test_what_succeeds_is_not_tried_again(aws: EmbeddedAws) -> None:
    """An event that fails once and then succeeds is no dead letter."""
    make_role(aws, "sqs:SendMessage")
    aws.client("sqs", REGION).create_queue(QueueName="queue")
    code = COUNTER + '    \ndef second(event, context):\n    if next(count) == 1:\n        raise ValueError("broken")'
    client = make_function(aws, code, Handler="module.second", DeadLetterConfig={"TargetArn": QUEUE})
    assert client.invoke(FunctionName="function", InvocationType="Event")["StatusCode"] == 202
    aws.settle()
    assert [each.error is None for each in lambda_invocations.invocations(FUNCTION)] == [False, True]
    assert messages(aws, QUEUE) == []


def test_a_failure_goes_to_its_destination(aws: EmbeddedAws) -> None:
    """An on-failure destination gets a record of the event and of what went wrong."""
    make_role(aws, "sqs:SendMessage")
    aws.client("sqs", REGION).create_queue(QueueName="queue")
    client = make_function(aws, FAILING)
    destination = {"OnFailure": {"Destination": QUEUE}}
    client.put_function_event_invoke_config(
        FunctionName="function", MaximumRetryAttempts=0, DestinationConfig=destination
    )
    client.invoke(FunctionName="function", InvocationType="Event", Payload='{"a": 1}')
    aws.settle()
    (message,) = messages(aws, QUEUE)
    record = json.loads(message["Body"])
    assert (record["requestPayload"], record["responsePayload"]["errorType"]) == ({"a": 1}, "ValueError")
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 1


def test_without_its_permission_the_dead_letter_is_lost(aws: EmbeddedAws) -> None:
    """A role that has lost sqs:SendMessage since the function was made writes no dead letter."""
    make_role(aws, "sqs:SendMessage")
    aws.client("sqs", REGION).create_queue(QueueName="queue")
    client = make_function(aws, FAILING, DeadLetterConfig={"TargetArn": QUEUE})
    aws.client("iam", REGION).delete_role_policy(RoleName="role", PolicyName="policy")
    client.invoke(FunctionName="function", InvocationType="Event")
    aws.settle()
    assert len(lambda_invocations.invocations(FUNCTION)) == 3
    assert messages(aws, QUEUE) == []


def test_a_dead_letter_queue_that_is_gone_loses_the_event(aws: EmbeddedAws) -> None:
    """A dead-letter queue that does not exist is no error of the embedded AWS."""
    make_role(aws, "sqs:SendMessage")
    client = make_function(aws, FAILING, DeadLetterConfig={"TargetArn": QUEUE})
    client.invoke(FunctionName="function", InvocationType="Event")
    aws.settle()
    assert len(lambda_invocations.invocations(FUNCTION)) == 3


@pytest.mark.parametrize("bounded", [False, True])
def test_a_dead_letter_queue_needs_the_roles_permission(aws: EmbeddedAws, bounded: bool) -> None:  # noqa: FBT001
    """CreateFunction refuses a dead-letter queue that the role, or its boundary, does not let it write to."""
    make_role(aws, *(["sqs:SendMessage"] if bounded else []))
    if bounded:
        iam = aws.client("iam", REGION)
        boundary = document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
        arn = iam.create_policy(PolicyName="boundary", PolicyDocument=boundary)["Policy"]["Arn"]
        iam.put_role_permissions_boundary(RoleName="role", PermissionsBoundary=arn)
    with pytest.raises(ClientError, match="does not have permissions to call SendMessage on SQS"):
        make_function(aws, FAILING, DeadLetterConfig={"TargetArn": QUEUE})
