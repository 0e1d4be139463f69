"""AWS Lambda's API: functions with their dead-letter queues, logging and role checked and kept.

Follows https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html,
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html and
https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html

What happens when a function is invoked is in :mod:`tests.emulator.lambda_invocations`.
"""

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import EventInvokeConfig, LambdaBackend, LambdaFunction

from tests.emulator import roles
from tests.emulator.jobs import jobs
from tests.emulator.lambda_environments import NOT_ASSUMABLE, PRINCIPAL, logging_config, stop
from tests.emulator.lambda_invocations import dead_letter_config, failure_destination, process, run
from tests.emulator.moto_methods import extends, refuse


@extends(LambdaFunction)
def invoke(self: LambdaFunction, body: str | bytes, request_headers: Any, response_headers: Any) -> bytes:
    """Invoke: synchronously, asynchronously (Event) or not at all (DryRun)."""
    event = (body.decode() if isinstance(body, bytes) else body) or "{}"
    check_event(event)
    response_headers["X-Amz-Executed-Version"] = str(self.version)
    match request_headers.get("X-Amz-Invocation-Type", "RequestResponse"):
        case "Event":
            jobs.submit(process, self.function_arn, event)
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
        raise InvalidParameterValueException(NOT_ASSUMABLE)
    queue_arn = dead_letters.get("TargetArn")
    if queue_arn and not roles.may(role_arn, "sqs:SendMessage", queue_arn):
        message = "The provided execution role does not have permissions to call SendMessage on SQS"
        raise InvalidParameterValueException(message)


@extends(LambdaBackend)
def create_function(self: LambdaBackend, spec: dict[str, Any]) -> LambdaFunction:
    """CreateFunction, with the checks of the role; keeps the dead-letter queue and the logging, which moto drops."""
    check_role(spec["Role"], spec.get("DeadLetterConfig") or {})
    created: LambdaFunction = create_function.replaced(self, spec)
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
    described: dict[str, Any] = get_configuration.replaced(self, on_create=on_create)
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
    described: dict[str, Any] = update_configuration.replaced(self, config_updates)
    return described


@extends(LambdaFunction)
def update_function_code(self: LambdaFunction, updated_spec: dict[str, Any]) -> dict[str, Any]:
    """UpdateFunctionCode; the next event starts cold."""
    stop(self.function_arn)
    described: dict[str, Any] = update_function_code.replaced(self, updated_spec)
    return described


@extends(LambdaBackend)
def delete_function(self: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
    """DeleteFunction ends the process."""
    stop(self.get_function(function_name, qualifier).function_arn)
    delete_function.replaced(self, function_name, qualifier)


@extends(LambdaBackend)
def put_function_event_invoke_config(self: LambdaBackend, function_name: str, config: dict[str, Any]) -> dict[str, Any]:
    """PutFunctionEventInvokeConfig replaces what was there; moto keeps the first. Its queue must be writable."""
    function = self.get_function(function_name)
    queue_arn = failure_destination(config)
    if queue_arn and not roles.may(function.role, "sqs:SendMessage", queue_arn):
        message = f"The function's execution role does not have permissions to call SendMessage on {queue_arn}"
        raise InvalidParameterValueException(message)
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
