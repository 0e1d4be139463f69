"""Lambda's event source mappings for SQS: batches of a queue's messages, and what becomes of those that fail.

- Polling, batching, maximum concurrency: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html,
  https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html and
  https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
- Partial batch responses: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
- Limits: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
- Dead letters: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html

Time is compressed: a second of a batching window takes a hundredth of a second, and the window ends when no other job
is left that could fill the batch. A failed message is visible again immediately, so it is tried as often as its queue's
redrive policy says. Messages are distributed in tens to as many pollers as the maximum concurrency, and their batches
run at the same time. On AWS, chance decides which poller gets a message. The function's role needs its permissions at
each poll. Without them nothing is polled, and nobody is notified.

More permissive than AWS: what fails in a queue without a redrive policy is tried again only when another message
arrives; nothing is scaled up or down, filter criteria are not honoured, and FIFO queues, streams and aliases are left
to moto.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import EventSourceMapping, LambdaBackend, LambdaFunction, lambda_backends
from moto.sqs.models import Message, Queue, sqs_backends

from tests.emulator import lambda_invocations, policies, roles, sqs
from tests.emulator.jobs import jobs
from tests.emulator.moto_methods import extends

# What Lambda does with the function's role.
POLLING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
MAXIMUM_BATCH_BYTES = 6 * 1024 * 1024
RECEIVED_AT_ONCE = 10
DEFAULT_CONCURRENCY = 5
COMPRESSION = 100


# The API


@extends(LambdaBackend)
def create_event_source_mapping(self: LambdaBackend, spec: dict[str, Any]) -> EventSourceMapping:
    """CreateEventSourceMapping, with the checks of the limits, of the role, and of the queue's visibility timeout."""
    queue = sqs.queue_of(spec.get("EventSourceArn") or ":::::")
    if queue is not None and not queue.fifo_queue:
        check(self.get_function(spec["FunctionName"]), queue, spec)
    made: EventSourceMapping = create_event_source_mapping.replaced(self, spec)
    if queue is not None and not queue.fifo_queue:
        # moto would invoke the function inside SendMessage, once a message.
        queue.lambda_event_source_mappings.clear()
        wake(queue)
    return made


@extends(LambdaBackend)
def update_event_source_mapping(self: LambdaBackend, uuid: str, spec: dict[str, Any]) -> EventSourceMapping | None:
    """UpdateEventSourceMapping, with the same checks."""
    known = self.get_event_source_mapping(uuid)
    queue = sqs.queue_of(known.event_source_arn) if known else None
    if known and queue is not None and not queue.fifo_queue:
        before = {"BatchSize": known.batch_size, "MaximumBatchingWindowInSeconds": known.max_batch_window}
        check(self.get_function(spec.get("FunctionName", known.function_arn)), queue, before | spec)
    made: EventSourceMapping | None = update_event_source_mapping.replaced(self, uuid, spec)
    if queue is not None:
        wake(queue)
    return made


def check(function: LambdaFunction, queue: Queue, spec: Mapping[str, Any]) -> None:
    """Refuse what AWS refuses."""
    window, size = spec.get("MaximumBatchingWindowInSeconds") or 0, spec.get("BatchSize") or 10
    concurrency = (spec.get("ScalingConfig") or {}).get("MaximumConcurrency")
    problem = ""
    if not 0 <= window <= 300 or not 1 <= size <= 10_000 or (concurrency and not 2 <= concurrency <= 1000):
        problem = "1 validation error detected: a value fails to satisfy its constraint"
    elif size > RECEIVED_AT_ONCE and window < 1:
        problem = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    for action in POLLING:
        if not roles.may(function.role, action, queue.queue_arn):
            name = action.partition(":")[2]
            problem = problem or f"The function execution role does not have permissions to call {name} on SQS"
    visibility = sqs.visibility_timeout(queue)
    if visibility < int(function.timeout):
        problem = problem or (
            f"Queue visibility timeout: {visibility} seconds is less than Function timeout: {function.timeout} seconds"
        )
    if problem:
        raise InvalidParameterValueException(problem)


# Polling


@extends(Queue)
def add_message(self: Queue, message: Message) -> None:
    """A message has arrived in a queue."""
    add_message.replaced(self, message)
    wake(self)


def wake(queue: Queue) -> None:
    """Poll a queue for each of its mappings when nothing else is left to do."""
    for mapping in lambda_backends[queue.account_id][queue.region]._event_source_mappings.values():
        if mapping.event_source_arn == queue.queue_arn and not queue.fifo_queue:
            window = (mapping.max_batch_window or 0) / COMPRESSION
            jobs.when_idle(window, poll, queue.account_id, queue.region, mapping.uuid)


def poll(account: str, region: str, mapping_id: str) -> None:
    """Hand what is in a queue to the function, as many batches beside each other as the mapping may run."""
    mapping = lambda_backends[account][region].get_event_source_mapping(mapping_id)
    queue = sqs.queue_of(mapping.event_source_arn) if mapping else None
    function = lambda_invocations.function_of(mapping.function_arn) if mapping else None
    if mapping is None or queue is None or function is None or not mapping.enabled or not may_poll(function, queue):
        return
    batches = collect(mapping, queue)
    with ThreadPoolExecutor(max_workers=max(1, len(batches))) as pollers:
        numbers = range(len(batches))
        done = sum(pollers.map(lambda n: hand_over(mapping, function, queue, batches[n], n), numbers))
    if done or (batches and queue.redrive_policy):
        jobs.when_idle(0, poll, account, region, mapping_id)


def may_poll(function: LambdaFunction, queue: Queue) -> bool:
    """Whether the function's role may take messages out of the queue, and read them with its key."""
    return all(roles.may(function.role, action, queue.queue_arn) for action in POLLING) and (
        roles.may_use_key(
            function.role, sqs.key_of(queue), queue.queue_arn, ["kms:Decrypt"], policies.key_context(queue.queue_arn)
        )
    )


def collect(mapping: EventSourceMapping, queue: Queue) -> list[list[Message]]:
    """Take what is visible out of the queue, dealt out in tens, until the batches are full."""
    backend = sqs_backends[queue.account_id][queue.region]
    concurrency = (mapping.scaling_config or {}).get("MaximumConcurrency", DEFAULT_CONCURRENCY)
    batches: list[list[Message]] = [[] for _ in range(concurrency)]
    sizes = [0] * concurrency
    number = 0
    while any(is_open := [room(mapping, batches[n], sizes[n]) for n in range(concurrency)]):
        if is_open[number]:
            count = min(RECEIVED_AT_ONCE, is_open[number])
            hidden = sqs.visibility_timeout(queue)
            got = backend.receive_message(queue.name, count, 0, hidden, ["All"])
            if not got:
                break
            batches[number] += got
            sizes[number] += sum(len(json.dumps(record(each, queue))) for each in got)
        number = (number + 1) % concurrency
    return [batch for batch in batches if batch]


def room(mapping: EventSourceMapping, batch: Sequence[Message], size: int) -> int:
    """How many messages a batch still takes; some are left for what those ten may weigh that come next."""
    return mapping.batch_size - len(batch) if size < MAXIMUM_BATCH_BYTES - RECEIVED_AT_ONCE * 2**18 else 0


def hand_over(
    mapping: EventSourceMapping, function: LambdaFunction, queue: Queue, batch: Sequence[Message], number: int
) -> bool:
    """Invoke the function with a batch; returns whether a message was done with."""
    event = json.dumps({"Records": [record(each, queue) for each in batch]})
    outcome = lambda_invocations.run(function, event, str(uuid.uuid4()), environment_number=number)
    ids = {each.id for each in batch}
    failed = ids
    if outcome.error is None:
        partial = "ReportBatchItemFailures" in (mapping.function_response_types or [])
        failed = failed_items(outcome.response, ids) if partial else set()
    backend = sqs_backends[queue.account_id][queue.region]
    for each in batch:
        if each.id in failed:
            backend.change_message_visibility(queue.name, str(each.receipt_handle), 0)
        else:
            backend.delete_message(queue.name, str(each.receipt_handle))
    return failed != ids


def record(message: Message, queue: Queue) -> dict[str, Any]:
    """A message as the function gets it."""
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        },
        "messageAttributes": {name: attribute_of(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": queue.region,
    }


def attribute_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """A message attribute as the function sees it."""
    lists = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    kind = "binaryValue" if value["DataType"].startswith("Binary") else "stringValue"
    return {kind: value.get("BinaryValue") or value.get("StringValue"), **lists}


def failed_items(response: str, ids: set[str]) -> set[str]:
    """The messages that a partial batch response names; all of them where it can't be understood."""
    try:
        answer = json.loads(response) if response else None
        failures = (answer or {}).get("batchItemFailures") or []
        named = {each["itemIdentifier"] for each in failures}
    except (AttributeError, KeyError, TypeError, ValueError):
        return ids
    return named if named <= ids else ids
