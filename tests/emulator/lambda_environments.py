"""AWS Lambda's execution environments: the deployed zip really runs, with the credentials of its role.

- Environment: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
- Logs: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html and
  https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html

More permissive than AWS: Lambda's own lines (START, END, REPORT) are not written.
"""

import atexit
import json
import uuid
from datetime import UTC, datetime

from moto.awslambda.models import LambdaFunction
from moto.moto_api._internal.models import MotoAPIBackend
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from tests.emulator import logs, roles, server
from tests.emulator.lambda_runtime import Outcome, Request, Runtime
from tests.emulator.moto_methods import extends

PRINCIPAL = "lambda.amazonaws.com"

NOT_ASSUMABLE = "The role defined for the function cannot be assumed by Lambda."

# moto copies functions, and a process can't be copied: so they are kept apart, by the function's ARN and the number of
# the execution environment.
_runtimes: dict[tuple[str, int], Runtime] = {}


def role_credentials(function: LambdaFunction) -> dict[str, str]:
    """Temporary credentials of the function's role, as Lambda gets them from STS."""
    # Not through the API: moto would ask Lambda for credentials of its own once it enforces IAM.
    partition = get_partition(function.region)
    session = sts_backends[function.role.split(":")[4]][partition].assume_role(
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


def invoke_in_runtime(
    function: LambdaFunction, event: str, request_id: str, place: tuple[str, int]
) -> tuple[Outcome, list[str]]:
    """Invoke the function. Returns the outcome, and the lines that it printed."""
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
    """Kill the processes of a function during an invocation, as a failure of Lambda itself would."""
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
    reset.replaced(self)


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
