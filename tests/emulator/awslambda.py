"""AWS Lambda: the deployed zip really runs, with the credentials of its role.

- Invocation, retries and dead letters: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html and
  https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
- Errors: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
- Logs: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html

Stricter than AWS: a function has one execution environment and works off one event at a time. Laxer: the pauses of one
and two minutes before a retry are left out, events do not grow too old, and writing logs asks for no permission.
"""

import atexit
import base64
import io
import json
import shutil
import tempfile
import threading
import uuid
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from moto.awslambda.models import EventInvokeConfig, LambdaBackend, LambdaFunction, lambda_backends
from moto.core.exceptions import JsonRESTError
from moto.iam.models import ManagedPolicy, Role, iam_backends
from moto.logs.models import logs_backends
from moto.moto_api._internal.models import MotoAPIBackend

from tests.emulator import policies, server
from tests.emulator.background import background
from tests.emulator.extension import ACCOUNT_ID, extends
from tests.emulator.runtime import Outcome, Request, Runtime

PRINCIPAL = "lambda.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation that has ended; ``error`` is the error document, or None."""

    request_id: str
    event: str
    attempt: int
    response: str
    error: str | None
    log: tuple[str, ...]


_runtimes: dict[str, Runtime] = {}
_invocations: defaultdict[str, list[Invocation]] = defaultdict(list)
_one_at_a_time: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def invocations(function_arn: str) -> list[Invocation]:
    """Every invocation of a function, oldest first."""
    return list(_invocations[function_arn])


def function_of(function_arn: str) -> LambdaFunction | None:
    """The function with an unqualified ARN."""
    region = function_arn.split(":")[3]
    backend: LambdaBackend = lambda_backends[ACCOUNT_ID][region]
    return next((each for each in backend.list_functions() if each.function_arn == function_arn), None)


# Who may invoke


def may_invoke(function_arn: str, principal: str, source_arn: str | None = None) -> bool:
    """Say whether the function's policy lets a service of this account invoke it."""
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


def process(function_arn: str, event: str) -> None:
    """Invoke with retries; what fails for the last time goes to the dead-letter queue and the on-failure queue."""
    function = function_of(function_arn)
    if function is None:
        return
    request_id = str(uuid.uuid4())
    config = function.event_invoke_config[0].config if function.event_invoke_config else {}
    attempts = 1 + int(config.get("MaximumRetryAttempts", 2))
    for attempt in range(1, attempts + 1):
        outcome = run(function, event, request_id, attempt)
        if not outcome.is_error:
            return
    error = json.loads(outcome.payload)
    if target := getattr(function, "dead_letter_config", {}).get("TargetArn"):
        attributes = {
            "RequestID": {"DataType": "String", "StringValue": request_id},
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": {"DataType": "String", "StringValue": str(error.get("errorMessage"))[:1024] or "-"},
        }
        send(function, target, event, attributes)
    if target := config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
        record = {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(),
            "requestContext": {
                "requestId": request_id,
                "functionArn": f"{function_arn}:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": attempts,
            },
            "requestPayload": json.loads(event),
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": error,
        }
        send(function, target, json.dumps(record), {})


def send(function: LambdaFunction, queue_arn: str, body: str, attributes: Mapping[str, Any]) -> None:
    """Send to a queue in the name of the function's role; without its permission the event is gone, as on AWS."""
    if not role_allows(function.role, "sqs:SendMessage", queue_arn):
        return
    credentials = role_credentials(function)
    sqs = boto3.client(
        "sqs",
        region_name=function.region,
        endpoint_url=server.endpoint_url(),
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=credentials["AWS_SESSION_TOKEN"],
    )
    url = f"{server.endpoint_url()}/{ACCOUNT_ID}/{queue_arn.rpartition(':')[2]}"
    sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)


# The role


def role_of(role_arn: str) -> Role | None:
    """The role with an ARN."""
    backend = iam_backends[ACCOUNT_ID]["aws"]
    return next((role for role in backend.roles.values() if role.arn == role_arn), None)


def role_allows(role_arn: str, action: str, resource: str) -> bool:
    """Say whether the role's policies allow an action, and its permissions boundary as well."""
    role = role_of(role_arn)
    if role is None:
        return False
    documents = [*role.policies.values(), *map(document_of, role.managed_policies.values())]
    boundary = role.permissions_boundary_arn
    known = iam_backends[ACCOUNT_ID]["aws"].managed_policies.values()
    bounds = [document_of(policy) for policy in known if policy.arn == boundary]
    return policies.allows(documents, action, resource) and (not boundary or policies.allows(bounds, action, resource))


def document_of(policy: ManagedPolicy) -> str:
    """The default version of a managed policy."""
    return next(version.document for version in policy.versions if version.is_default)


def role_credentials(function: LambdaFunction) -> dict[str, str]:
    """Temporary credentials of the function's role, if the role trusts Lambda."""
    role = role_of(function.role)
    trust = role.assume_role_policy_document if role else None
    if not policies.admits(trust, principal=PRINCIPAL, action="sts:AssumeRole", resource="*", context={}):
        raise PermissionError(f"The role defined for the function cannot be assumed by Lambda: {function.role}")
    sts = boto3.client(
        "sts",
        region_name=function.region,
        endpoint_url=server.endpoint_url(),
        aws_access_key_id="embedded",
        aws_secret_access_key="embedded",  # noqa: S106
    )
    credentials = sts.assume_role(RoleArn=function.role, RoleSessionName=function.function_name)["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }


# Running


def run(function: LambdaFunction, event: str, request_id: str | None = None, attempt: int = 1) -> Outcome:
    """Invoke the function once, in its warm execution environment or in a new one."""
    request = Request(request_id or str(uuid.uuid4()), function.function_arn, event, float(function.timeout))
    with _one_at_a_time[function.function_arn]:
        runtime = _runtimes.get(function.function_arn)
        if runtime is None or not runtime.is_alive:
            stop(function.function_arn)
            try:
                runtime = _runtimes[function.function_arn] = start(function)
            except PermissionError as error:
                document = {"errorType": "AccessDeniedException", "errorMessage": str(error)}
                return Outcome(json.dumps(document), is_error=True)
        outcome = runtime.invoke(request)
        lines = tuple(line for line in runtime.new_output() if line)
    write_log(function, lines)
    failure = outcome.payload if outcome.is_error else None
    done = Invocation(request.request_id, event, attempt, outcome.payload, failure, lines)
    _invocations[function.function_arn].append(done)
    return outcome


def start(function: LambdaFunction) -> Runtime:
    """Unpack the deployed zip and start it, with nothing of this process's environment."""
    folder = Path(tempfile.mkdtemp(prefix="lambda-")) / "task"
    with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as package:
        package.extractall(folder)
    logging = logging_config(function)
    environment = {
        "_HANDLER": function.handler,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": server.endpoint_url(),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": logging["LogFormat"],
        "AWS_LAMBDA_LOG_GROUP_NAME": logging["LogGroup"],
        "AWS_LAMBDA_LOG_LEVEL": logging.get("ApplicationLogLevel", ""),
        "AWS_REGION": function.region,
        "LAMBDA_TASK_ROOT": str(folder),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
        **role_credentials(function),
        **function.environment_vars,
    }
    return Runtime(str(function.handler), folder, environment)


def stop(function_arn: str) -> None:
    """End the function's process, if it has one; the next event starts a new one."""
    runtime = _runtimes.pop(function_arn, None)
    if runtime:
        runtime.stop()
        shutil.rmtree(Path(runtime.folder).parent, ignore_errors=True)


@atexit.register
def stop_all() -> None:
    """End every function's process."""
    for function_arn in list(_runtimes):
        stop(function_arn)


@extends(MotoAPIBackend)
def reset(self: MotoAPIBackend) -> None:
    """Forget the functions with everything else."""
    stop_all()
    _invocations.clear()
    reset.replaced(self)  # type: ignore[attr-defined]


def write_log(function: LambdaFunction, lines: Sequence[str]) -> None:
    """Write lines to the function's log group, where there is one."""
    backend = logs_backends[ACCOUNT_ID][function.region]
    group = logging_config(function)["LogGroup"]
    if not lines or group not in backend.groups:
        return
    now = datetime.now(UTC)
    stream = f"{now:%Y/%m/%d}/{function.function_name}[$LATEST]{uuid.uuid4().hex}"
    backend.create_log_stream(group, stream)
    stamp = int(now.timestamp() * 1000)
    backend.put_log_events(group, stream, [{"timestamp": stamp, "message": line} for line in lines])


# The API


@extends(LambdaFunction)
def invoke(self: LambdaFunction, body: str | bytes, request_headers: Any, response_headers: Any) -> bytes:
    """Invoke: synchronously, asynchronously (Event) or not at all (DryRun)."""
    event = (body.decode() if isinstance(body, bytes) else body) or "{}"
    invocation_type = request_headers.get("X-Amz-Invocation-Type", "RequestResponse")
    if invocation_type != "RequestResponse":
        if invocation_type == "Event":
            background.submit(process, self.function_arn, event)
        return b""
    outcome = run(self, event)
    if outcome.is_error:
        response_headers["x-amz-function-error"] = "Unhandled"
    tail = "\n".join(invocations(self.function_arn)[-1].log)[-4096:] if invocations(self.function_arn) else ""
    response_headers["x-amz-log-result"] = base64.b64encode(tail.encode()).decode()
    return outcome.payload.encode()


def logging_config(function: LambdaFunction) -> dict[str, str]:
    """Where and how the function logs, with Lambda's defaults."""
    given: dict[str, str] = getattr(function, "logging_config", None) or {}
    return {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}"} | given


def check_dead_letter_queue(role_arn: str, config: Mapping[str, str]) -> None:
    """Refuse a dead-letter queue that the role may not write to, as CreateFunction does."""
    target = config.get("TargetArn")
    if target and not role_allows(role_arn, "sqs:SendMessage", target):
        message = "The provided execution role does not have permissions to call SendMessage on SQS"
        raise JsonRESTError("InvalidParameterValueException", message)


@extends(LambdaBackend)
def create_function(self: LambdaBackend, spec: dict[str, Any]) -> LambdaFunction:
    """CreateFunction keeps what moto drops: the dead-letter queue and the logging configuration."""
    check_dead_letter_queue(spec["Role"], spec.get("DeadLetterConfig") or {})
    function: LambdaFunction = create_function.replaced(self, spec)  # type: ignore[attr-defined]
    function.__dict__["dead_letter_config"] = spec.get("DeadLetterConfig") or {}
    function.__dict__["logging_config"] = spec.get("LoggingConfig") or {}
    return function


@extends(LambdaFunction)
def get_configuration(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
    """The configuration with the dead-letter queue and the logging configuration."""
    described: dict[str, Any] = get_configuration.replaced(self, on_create=on_create)  # type: ignore[attr-defined]
    described["LoggingConfig"] = logging_config(self)
    if queue := getattr(self, "dead_letter_config", None):
        described["DeadLetterConfig"] = queue
    return described


@extends(LambdaFunction)
def update_configuration(self: LambdaFunction, config_updates: dict[str, Any]) -> dict[str, Any]:
    """UpdateFunctionConfiguration; the next event starts cold."""
    check_dead_letter_queue(config_updates.get("Role", self.role), config_updates.get("DeadLetterConfig") or {})
    for name, attribute in (("DeadLetterConfig", "dead_letter_config"), ("LoggingConfig", "logging_config")):
        if name in config_updates:
            self.__dict__[attribute] = config_updates[name]
    stop(self.function_arn)
    update_configuration.replaced(self, config_updates)  # type: ignore[attr-defined]
    described: dict[str, Any] = self.get_configuration()
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
    stop(self.get_function(function_name).function_arn)
    delete_function.replaced(self, function_name, qualifier)  # type: ignore[attr-defined]


@extends(LambdaBackend)
def put_function_event_invoke_config(self: LambdaBackend, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
    """PutFunctionEventInvokeConfig replaces what was there; moto keeps the first."""
    function = self.get_function(function_name)
    function.event_invoke_config = [EventInvokeConfig(function.function_arn, function.last_modified, config)]
    described: dict[str, Any] = function.event_invoke_config[0].response()
    return described
