"""AWS Lambda's invocations: who may invoke a function, retries, and what becomes of an event that failed.

- Retries and dead letters: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
  and https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
- Errors: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html

Stricter than AWS: a function has one execution environment, which takes one event at a time. It has more only for
simultaneous batches of an event source mapping (:mod:`tests.emulator.lambda_queues`). An update or a deletion ends a
running invocation, which on AWS continues with the old code. More permissive: the pauses of one and two minutes before
a retry are skipped, and events never expire. Dead letters and failure records go to SQS queues only.
"""

import json
import threading
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends

from tests.emulator import cloudwatch_metrics, policies, server
from tests.emulator.jobs import jobs
from tests.emulator.lambda_environments import invoke_in_runtime, role_credentials


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation that has ended.

    Attributes:
        request_id: the same for all attempts at one event.
        event: the JSON text that the function got.
        attempt: 1 for the first.
        response: what the function answered, or the error document.
        error: the error document, or None.
        log: what the function printed.
    """

    request_id: str
    event: str
    attempt: int
    response: str
    error: str | None
    log: tuple[str, ...]


_one_at_a_time: defaultdict[tuple[str, int], threading.Lock] = defaultdict(threading.Lock)


def function_of(function_arn: str) -> LambdaFunction | None:
    """The function with an unqualified ARN."""
    prefix, _, rest = function_arn.partition(":lambda:")
    region, _, account = rest.partition(":function:")[0].partition(":")
    if not prefix or not region or not account:
        return None
    backend: LambdaBackend = lambda_backends[account][region]
    return next((each for each in backend.list_functions() if each.function_arn == function_arn), None)


def invocations(function_arn: str) -> list[Invocation]:
    """Every invocation of a function that has ended, oldest first; they are forgotten with the function."""
    function = function_of(function_arn)
    return list(history(function)) if function else []


def history(function: LambdaFunction) -> list[Invocation]:
    """The list in which a function's invocations are kept."""
    kept: list[Invocation] = vars(function).setdefault("invocations", [])
    return kept


def may_invoke(function_arn: str, principal: str, source_arn: str | None = None) -> bool:
    """Say whether the function's policy lets a service invoke it.

    Args:
        function_arn: an unqualified ARN.
        principal: such as ``config.amazonaws.com``.
        source_arn: the resource in whose name the service invokes; without it, the service invokes for the function's
            account, and conditions on the resource are not fulfilled.
    """
    function = function_of(function_arn)
    if function is None:
        return False
    context = {"aws:SourceAccount": function_arn.split(":")[4]}
    if source_arn:
        context = policies.service_context(source_arn)
    return policies.admits(
        {"Statement": function.policy.statements},
        principal=principal,
        action="lambda:InvokeFunction",
        resource=function_arn,
        context=context,
    )


def invoke_async(function_arn: str, event: str, *, principal: str, source_arn: str | None = None) -> bool:
    """Take an event from a service and process it later.

    Returns:
        Whether the function's policy admits the service; if not, nothing happens.
    """
    if not may_invoke(function_arn, principal, source_arn):
        return False
    jobs.submit(process, function_arn, event)
    return True


def process(function_arn: str, event: str) -> None:
    """Invoke with retries. If all fail, send the event to the dead-letter queue and to the on-failure queue."""
    function = function_of(function_arn)
    if function is None:
        return
    config = function.event_invoke_config[0].config if function.event_invoke_config else {}
    request_id = str(uuid.uuid4())
    for attempt in range(1, 2 + int(config.get("MaximumRetryAttempts", 2))):
        failed = run(function, event, request_id, attempt)
        if failed.error is None:
            return
    if queue_arn := dead_letter_config(function).get("TargetArn"):
        send(function, queue_arn, event, dead_letter_attributes(failed))
    if queue_arn := failure_destination(config):
        send(function, queue_arn, failure_record(function, failed), {})


def dead_letter_attributes(failed: Invocation) -> dict[str, Any]:
    """The message attributes of a dead letter."""
    # SQS takes no empty value.
    message = str(json.loads(failed.response).get("errorMessage") or "-")[:1024]
    return {
        "RequestID": {"DataType": "String", "StringValue": failed.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": message},
    }


def failure_destination(config: Mapping[str, Any]) -> str | None:
    """Where an event invoke configuration sends what has failed."""
    destination: str | None = (config.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
    return destination


def failure_record(function: LambdaFunction, failed: Invocation) -> str:
    """What an on-failure destination is sent."""
    record = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": failed.request_id,
            "functionArn": f"{function.function_arn}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": failed.attempt,
        },
        "requestPayload": json.loads(failed.event),
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": json.loads(failed.response),
    }
    return json.dumps(record)


def send(function: LambdaFunction, queue_arn: str, body: str, attributes: Mapping[str, Any]) -> None:
    """Send to a queue with the role's permissions; without them, or without the queue, the event is gone, as on AWS."""
    _, _, _, region, account, name = queue_arn.split(":")
    credentials = role_credentials(function)
    client = boto3.client(
        "sqs",
        region_name=region,
        endpoint_url=server.endpoint_url(),
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=credentials["AWS_SESSION_TOKEN"],
    )
    try:
        url = f"{server.endpoint_url()}/{account}/{name}"
        client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
    except (BotoCoreError, ClientError):
        count(function, "DeadLetterErrors")


def run(
    function: LambdaFunction, event: str, request_id: str, attempt: int = 1, environment_number: int = 0
) -> Invocation:
    """Invoke the function once, in its execution environment with a number, which is started if it is not warm."""
    place = (function.function_arn, environment_number)
    with _one_at_a_time[place]:
        outcome, lines = invoke_in_runtime(function, event, request_id, place)
    failure = outcome.payload if outcome.is_error else None
    if failure:
        count(function, "Errors")
    invocation = Invocation(request_id, event, attempt, outcome.payload, failure, tuple(lines))
    history(function).append(invocation)
    return invocation


def dead_letter_config(function: LambdaFunction) -> dict[str, str]:
    """The function's dead-letter queue as it was configured; an empty ARN stands for none."""
    return vars(function).get("dead_letter_config") or {}


def count(function: LambdaFunction, metric: str) -> None:
    """Count for a function."""
    account, dimensions = function.function_arn.split(":")[4], {"FunctionName": str(function.function_name)}
    cloudwatch_metrics.count(function.region, account, "AWS/Lambda", metric, dimensions)
