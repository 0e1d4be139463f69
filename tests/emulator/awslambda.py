"""AWS Lambda: the deployed zip really runs, with the credentials of its role.

- Invocation, retries and dead letters: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
  and https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
- Environment: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
- Errors: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
- Logs: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html and
  https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html

Stricter than AWS: a function has one execution environment, which takes one event at a time, and further ones only
for batches of an event source mapping that run beside each other (:mod:`tests.emulator.event_sources`); an update or
a deletion ends the invocation under way, which on AWS goes on with the old code. Laxer: the pauses of one and two
minutes before a retry are left out and events do not grow too old; Lambda's own lines (START, END, REPORT) are not
written. Dead letters and failure records go to SQS queues only.
"""

import atexit
import base64
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
from moto.awslambda.models import EventInvokeConfig, LambdaBackend, LambdaFunction, lambda_backends
from moto.moto_api._internal.models import MotoAPIBackend
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from tests.emulator import logs, metrics, policies, roles, server
from tests.emulator.background import background
from tests.emulator.extension import ACCOUNT_ID, extends, refuse
from tests.emulator.runtime import Outcome, Request, Runtime

PRINCIPAL = "lambda.amazonaws.com"
NOT_ASSUMABLE = "The role defined for the function cannot be assumed by Lambda."


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


# moto copies functions, and a process can't be copied: so they are kept apart, by the function's ARN and the number of
# the execution environment.
_runtimes: dict[tuple[str, int], Runtime] = {}
_one_at_a_time: defaultdict[tuple[str, int], threading.Lock] = defaultdict(threading.Lock)


def function_of(function_arn: str) -> LambdaFunction | None:
    """The function with an unqualified ARN."""
    prefix, _, rest = function_arn.partition(":lambda:")
    region = rest.split(":")[0]
    if not prefix or not region:
        return None
    backend: LambdaBackend = lambda_backends[ACCOUNT_ID][region]
    return next((each for each in backend.list_functions() if each.function_arn == function_arn), None)


def invocations(function_arn: str) -> list[Invocation]:
    """Every invocation of a function that has ended, oldest first; they are forgotten with the function."""
    function = function_of(function_arn)
    return list(history(function)) if function else []


def history(function: LambdaFunction) -> list[Invocation]:
    """The list in which a function's invocations are kept."""
    kept: list[Invocation] = vars(function).setdefault("invocations", [])
    return kept


# Who may invoke


def may_invoke(function_arn: str, principal: str, source_arn: str | None = None) -> bool:
    """Say whether the function's policy lets a service of this account invoke it.

    Args:
        function_arn: an unqualified ARN.
        principal: such as ``config.amazonaws.com``.
        source_arn: the resource in whose name the service invokes; without it, conditions on it are not fulfilled.
    """
    function = function_of(function_arn)
    if function is None:
        return False
    return policies.admits(
        {"Statement": function.policy.statements},
        principal=principal,
        action="lambda:InvokeFunction",
        resource=function_arn,
        context=policies.service_context(source_arn) if source_arn else {"aws:SourceAccount": ACCOUNT_ID},
    )


def invoke_async(function_arn: str, event: str, *, principal: str, source_arn: str | None = None) -> bool:
    """Take an event from a service and work it off later.

    Returns:
        Whether the function's policy admits the service; if not, nothing happens.
    """
    if not may_invoke(function_arn, principal, source_arn):
        return False
    background.submit(process, function_arn, event)
    return True


# Asynchronous invocation


def process(function_arn: str, event: str) -> None:
    """Invoke with retries; what fails for the last time goes to the dead-letter and the on-failure queue."""
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
        metrics.count(function.region, "AWS/Lambda", "DeadLetterErrors", FunctionName=str(function.function_name))


# The role


def role_credentials(function: LambdaFunction) -> dict[str, str]:
    """Temporary credentials of the function's role, as Lambda gets them from STS."""
    # Not through the API: moto would ask Lambda for credentials of its own once it enforces IAM.
    partition = get_partition(function.region)
    session = sts_backends[ACCOUNT_ID][partition].assume_role(
        region_name=function.region,
        role_session_name=function.function_name,
        role_arn=function.role,
        policy="",
        duration=3600,
        external_id="",
    )
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }


# Running


def run(
    function: LambdaFunction, event: str, request_id: str, attempt: int = 1, environment_number: int = 0
) -> Invocation:
    """Invoke the function once, in its warm execution environment of a number or in a new one."""
    place = (function.function_arn, environment_number)
    with _one_at_a_time[place]:
        outcome, lines = invoke_in_runtime(function, event, request_id, place)
    failure = outcome.payload if outcome.is_error else None
    if failure:
        metrics.count(function.region, "AWS/Lambda", "Errors", FunctionName=str(function.function_name))
    invocation = Invocation(request_id, event, attempt, outcome.payload, failure, tuple(lines))
    history(function).append(invocation)
    return invocation


def invoke_in_runtime(
    function: LambdaFunction, event: str, request_id: str, place: tuple[str, int]
) -> tuple[Outcome, list[str]]:
    """Invoke, and return with the outcome what the function has printed."""
    runtime = _runtimes.get(place)
    if runtime is None or not runtime.is_usable:
        if runtime := _runtimes.pop(place, None):
            runtime.stop()
        if not roles.trusts(function.role, PRINCIPAL):
            document = {"errorType": "AccessDeniedException", "errorMessage": NOT_ASSUMABLE}
            return Outcome(json.dumps(document), is_error=True), []
        runtime = _runtimes[place] = start(function)
    outcome = runtime.invoke(Request(request_id, function.function_arn, event, float(function.timeout)))
    lines = runtime.new_log_lines()
    group = logging_config(function)["LogGroup"]
    logs.write(function.region, function.role, group, runtime.log_stream, lines)
    return outcome, lines


def start(function: LambdaFunction) -> Runtime:
    """Start the deployed zip in a process of its own, with nothing of this process's environment."""
    stream = log_stream_name(function)
    return Runtime(function.code_bytes, str(function.handler), environment(function, stream), stream)


def environment(function: LambdaFunction, log_stream: str) -> dict[str, str]:
    """The runtime environment variables that Lambda documents; the function's own can't replace the reserved ones."""
    logging = logging_config(function)
    level = {"AWS_LAMBDA_LOG_LEVEL": logging["ApplicationLogLevel"]} if "ApplicationLogLevel" in logging else {}
    unreserved = {"LANG": "en_US.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": ":UTC"}
    reserved = {
        "_HANDLER": str(function.handler),
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": server.endpoint_url(),  # what leads an SDK here and not to AWS
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": logging["LogFormat"],
        "AWS_LAMBDA_LOG_GROUP_NAME": logging["LogGroup"],
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_REGION": function.region,
    }
    return {**unreserved, **function.environment_vars, **reserved, **level, **role_credentials(function)}


def stop(function_arn: str) -> None:
    """End the processes of a function and of its versions; the next event starts a new one."""
    for arn, number in list(_runtimes):
        if arn == function_arn or arn.startswith(f"{function_arn}:"):
            _runtimes.pop((arn, number)).stop()


def kill(function_arn: str) -> None:
    """Let the processes of a function die in the middle of what they do, as Lambda's own failures would."""
    for (arn, _), runtime in list(_runtimes.items()):
        if arn == function_arn:
            runtime.kill()


@atexit.register
def stop_all() -> None:
    """End every function's process."""
    for function_arn, _ in list(_runtimes):
        stop(function_arn)


@extends(MotoAPIBackend)
def reset(self: MotoAPIBackend) -> None:
    """End the processes with everything else."""
    stop_all()
    reset.replaced(self)  # type: ignore[attr-defined]


# Logs


def logging_config(function: LambdaFunction) -> dict[str, str]:
    """Where and how the function logs, with Lambda's defaults."""
    given: dict[str, str] = vars(function).get("logging_config") or {}
    levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} if given.get("LogFormat") == "JSON" else {}
    return {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}"} | levels | given


def log_stream_name(function: LambdaFunction) -> str:
    """A new execution environment's log stream; in a group of the user's choice it begins with the function's name."""
    given = vars(function).get("logging_config") or {}
    name = function.function_name if given.get("LogGroup") else ""
    return f"{datetime.now(UTC):%Y/%m/%d}/{name}[{function.version}]{uuid.uuid4().hex}"


# The API


@extends(LambdaFunction)
def invoke(self: LambdaFunction, body: str | bytes, request_headers: Any, response_headers: Any) -> bytes:
    """Invoke: synchronously, asynchronously (Event) or not at all (DryRun)."""
    event = (body.decode() if isinstance(body, bytes) else body) or "{}"
    check_event(event)
    response_headers["X-Amz-Executed-Version"] = str(self.version)
    match request_headers.get("X-Amz-Invocation-Type", "RequestResponse"):
        case "Event":
            background.submit(process, self.function_arn, event)
            return b""
        case "DryRun":
            return b""
    if not roles.trusts(self.role, PRINCIPAL):
        refuse("AccessDeniedException", NOT_ASSUMABLE)
    done = run(self, event, str(uuid.uuid4()))
    if done.error:
        response_headers["x-amz-function-error"] = "Unhandled"
    log = "\n".join(done.log).encode()
    response_headers["x-amz-log-result"] = base64.b64encode(log[-4096:]).decode()
    return done.response.encode()


def check_event(event: str) -> None:
    """Refuse an event that is no JSON."""
    try:
        json.loads(event)
    except json.JSONDecodeError as error:
        refuse("InvalidRequestContentException", f"Could not parse request body into json: {error}")


def check_role(role_arn: str, dead_letters: Mapping[str, str]) -> None:
    """Refuse a role that Lambda can't assume, and a dead-letter queue that the role may not write to."""
    if not roles.trusts(role_arn, PRINCIPAL):
        refuse("InvalidParameterValueException", NOT_ASSUMABLE)
    queue_arn = dead_letters.get("TargetArn")
    if queue_arn and not roles.may(role_arn, "sqs:SendMessage", queue_arn):
        message = "The provided execution role does not have permissions to call SendMessage on SQS"
        refuse("InvalidParameterValueException", message)


def dead_letter_config(function: LambdaFunction) -> dict[str, str]:
    """The function's dead-letter queue as it was configured; an empty ARN stands for none."""
    return vars(function).get("dead_letter_config") or {}


@extends(LambdaBackend)
def create_function(self: LambdaBackend, spec: dict[str, Any]) -> LambdaFunction:
    """CreateFunction, with the checks of the role; keeps the dead-letter queue and the logging, which moto drops."""
    check_role(spec["Role"], spec.get("DeadLetterConfig") or {})
    created: LambdaFunction = create_function.replaced(self, spec)  # type: ignore[attr-defined]
    # With Publish, moto hands back a copy.
    for function in (created, self.get_function(created.function_name)):
        keep(function, spec)
    return created


def keep(function: LambdaFunction, spec: Mapping[str, Any]) -> None:
    """Keep what moto drops of a function's configuration."""
    for name, attribute in (("DeadLetterConfig", "dead_letter_config"), ("LoggingConfig", "logging_config")):
        if name in spec:
            vars(function)[attribute] = spec[name]


@extends(LambdaFunction)
def get_configuration(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
    """The configuration with the dead-letter queue and the logging."""
    described: dict[str, Any] = get_configuration.replaced(self, on_create=on_create)  # type: ignore[attr-defined]
    described["LoggingConfig"] = logging_config(self)
    if dead_letter_config(self).get("TargetArn"):
        described["DeadLetterConfig"] = dead_letter_config(self)
    return described


@extends(LambdaFunction)
def update_configuration(self: LambdaFunction, config_updates: dict[str, Any]) -> dict[str, Any]:
    """UpdateFunctionConfiguration, with the checks of the role; the next event starts cold."""
    check_role(config_updates.get("Role", self.role), config_updates.get("DeadLetterConfig", dead_letter_config(self)))
    keep(self, config_updates)
    stop(self.function_arn)
    described: dict[str, Any] = update_configuration.replaced(self, config_updates)  # type: ignore[attr-defined]
    return described


@extends(LambdaFunction)
def update_function_code(self: LambdaFunction, updated_spec: dict[str, Any]) -> dict[str, Any]:
    """UpdateFunctionCode; the next event starts cold."""
    stop(self.function_arn)
    described: dict[str, Any] = update_function_code.replaced(self, updated_spec)  # type: ignore[attr-defined]
    return described


@extends(LambdaBackend)
def delete_function(self: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
    """DeleteFunction ends the process."""
    stop(self.get_function(function_name, qualifier).function_arn)
    delete_function.replaced(self, function_name, qualifier)  # type: ignore[attr-defined]


@extends(LambdaBackend)
def put_function_event_invoke_config(self: LambdaBackend, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
    """PutFunctionEventInvokeConfig replaces what was there; moto keeps the first. Its queue must be writable."""
    function = self.get_function(function_name)
    queue_arn = failure_destination(config)
    if queue_arn and not roles.may(function.role, "sqs:SendMessage", queue_arn):
        message = f"The function's execution role does not have permissions to call SendMessage on {queue_arn}"
        refuse("InvalidParameterValueException", message)
    function.event_invoke_config = [EventInvokeConfig(function.function_arn, function.last_modified, config)]
    described: dict[str, Any] = function.event_invoke_config[0].response()
    return described


@extends(LambdaBackend)
def update_function_event_invoke_config(
    self: LambdaBackend, function_name: str, config: dict[str, Any]
) -> dict[str, Any]:
    """UpdateFunctionEventInvokeConfig leaves alone what it does not name."""
    self.get_function_event_invoke_config(function_name)  # refuses where there is none
    known = self.get_function(function_name).event_invoke_config[0].config
    described: dict[str, Any] = self.put_function_event_invoke_config(function_name, known | config)
    return described
