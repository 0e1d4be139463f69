"""Lambda: the deployed zip runs as AWS runs it, is tried again, and leaves nothing behind."""

import io
import json
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws, awslambda

REGION = "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/role"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:function"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:queue"
CONFIG = "config.amazonaws.com"

COUNTER = """
import itertools, os
count = itertools.count(1)
def handler(event, context):
    return {"count": next(count), "pid": os.getpid(), "arn": context.invoked_function_arn, "event": event}
"""
FAILING = """
def handler(event, context):
    raise ValueError("broken")
"""


def zipped(code: str) -> bytes:
    """A package of one module."""
    with io.BytesIO() as target:
        with zipfile.ZipFile(target, "w") as package:
            package.writestr("module.py", code)
        return target.getvalue()


def document(statement: dict[str, Any]) -> str:
    """A policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_role(aws: EmbeddedAws, *actions: str, service: str = "lambda.amazonaws.com") -> None:
    """A role that a service may assume, allowed some actions on everything."""
    iam = aws.client("iam", REGION)
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=document(trust))
    if actions:
        allow = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        iam.put_role_policy(RoleName="role", PolicyName="policy", PolicyDocument=document(allow))


def make_function(aws: EmbeddedAws, code: str, **options: Any) -> Any:
    """A function of one module; returns the Lambda client."""
    client = aws.client("lambda", REGION)
    given = {"Runtime": "python3.13", "Handler": "module.handler", "Timeout": 10, "Role": ROLE, **options}
    client.create_function(FunctionName="function", Code={"ZipFile": zipped(code)}, **given)
    return client


def invoke(client: Any, event: Any = None) -> tuple[Any, str | None]:
    """Invoke; returns the document and the function error."""
    answer = client.invoke(FunctionName="function", Payload=json.dumps(event))
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def permit(client: Any, **condition: str) -> None:
    """Let AWS Config invoke the function."""
    client.add_permission(
        FunctionName="function", StatementId="config", Action="lambda:InvokeFunction", Principal=CONFIG, **condition
    )


def messages(aws: EmbeddedAws) -> list[dict[str, Any]]:
    """What is in the queue."""
    url = f"{aws.endpoint_url}/{ACCOUNT_ID}/queue"
    got = aws.client("sqs", REGION).receive_message(QueueUrl=url, MessageAttributeNames=["All"])
    found: list[dict[str, Any]] = got.get("Messages", [])
    return found


def is_running(pid: int) -> bool:
    """Whether a process is there; one that is dead and that nobody has waited for is not."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return listed.stdout.strip()[:1] not in ("", "Z")


# Running


def test_the_deployed_zip_runs_and_stays_warm(aws: EmbeddedAws) -> None:
    """The function gets the event and its context, and keeps its state from one event to the next."""
    make_role(aws)
    client = make_function(aws, COUNTER)
    first, second = invoke(client, {"a": "ü"})[0], invoke(client)[0]
    assert (first["count"], first["event"], first["arn"]) == (1, {"a": "ü"}, FUNCTION)
    assert (second["count"], second["pid"]) == (2, first["pid"])


@pytest.mark.parametrize("what", ["code", "configuration"])
def test_an_update_starts_cold(aws: EmbeddedAws, what: str) -> None:
    """After an update of code or configuration the next event finds a new process, and the old one is gone."""
    make_role(aws)
    client = make_function(aws, COUNTER)
    before = invoke(client)[0]
    if what == "code":
        client.update_function_code(FunctionName="function", ZipFile=zipped(COUNTER.replace("(1)", "(1001)")))
    else:
        client.update_function_configuration(FunctionName="function", Timeout=9)
    assert not is_running(before["pid"])
    assert invoke(client)[0]["count"] == (1001 if what == "code" else 1)


def test_the_environment_is_the_functions_alone(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function sees Lambda's variables and its own, and nothing of the harness's."""
    for name in ("MARKED", "AWS_SDK_UA_APP_ID", "PYTHONPATH"):
        monkeypatch.setenv(name, "harness")
    make_role(aws)
    code = "import os\ndef handler(event, context):\n    return dict(os.environ)"
    client = make_function(aws, code, MemorySize=256, Environment={"Variables": {"OWN": "1", "AWS_REGION": "x"}})
    seen = invoke(client)[0]
    assert not {"MARKED", "AWS_SDK_UA_APP_ID", "PYTHONPATH", "HOME"} & seen.keys()
    assert "harness" not in seen.values()
    assert (seen["OWN"], seen["AWS_REGION"], seen["_HANDLER"]) == ("1", REGION, "module.handler")
    assert (seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], seen["AWS_EXECUTION_ENV"]) == ("256", "AWS_Lambda_python3.13")
    assert seen["AWS_LAMBDA_LOG_STREAM_NAME"].endswith("/[$LATEST]" + seen["AWS_LAMBDA_LOG_STREAM_NAME"][-32:])


def test_the_credentials_are_the_roles(aws: EmbeddedAws) -> None:
    """What the function's SDK signs with is the assumed role."""
    make_role(aws)
    code = "import boto3\ndef handler(event, context):\n    return boto3.client('sts').get_caller_identity()['Arn']"
    assert invoke(make_function(aws, code)) == (f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/role/function", None)


def test_a_role_that_does_not_trust_lambda_is_refused(aws: EmbeddedAws) -> None:
    """CreateFunction refuses a role that Lambda can't assume, and Invoke one that it no longer can."""
    make_role(aws, service="ec2.amazonaws.com")
    with pytest.raises(ClientError, match=r"InvalidParameterValueException.*cannot be assumed by Lambda"):
        make_function(aws, COUNTER)
    aws.reset()
    make_role(aws)
    client = make_function(aws, COUNTER)
    other = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    aws.client("iam", REGION).update_assume_role_policy(RoleName="role", PolicyDocument=document(other))
    with pytest.raises(ClientError, match=r"AccessDeniedException.*cannot be assumed by Lambda"):
        invoke(client)


# Failing


def test_an_exception_is_an_error_document(aws: EmbeddedAws) -> None:
    """An exception of the function is the error document, and the function lives on."""
    make_role(aws)
    found, error = invoke(make_function(aws, FAILING))
    assert (error, found["errorType"], found["errorMessage"]) == ("Unhandled", "ValueError", "broken")
    assert "in handler" in found["stackTrace"][-1]


def test_what_takes_too_long_is_ended(aws: EmbeddedAws, tmp_path: Path) -> None:
    """At its time-out the function is ended with all that it started, and the next event finds a new process."""
    make_role(aws)
    code = """
import pathlib, subprocess, time
def handler(event, context):
    if event:
        child = subprocess.Popen(["sleep", "600"])
        pathlib.Path(event).write_text(str(child.pid))
        time.sleep(600)
    return context.get_remaining_time_in_millis()
"""
    client = make_function(aws, code, Timeout=1)
    note = tmp_path / "child"
    started = time.monotonic()
    found, error = invoke(client, str(note))
    assert time.monotonic() - started < 10
    assert (error, list(found)) == ("Unhandled", ["errorMessage"])
    assert found["errorMessage"].endswith(" Task timed out after 1.00 seconds")
    assert not is_running(int(note.read_text()))
    left, error = invoke(client)
    assert error is None
    assert 0 < left <= 1000


@pytest.mark.parametrize(
    ("crash", "reason"),
    [
        ("os._exit(3)", "exited with error: exit status 3"),
        ("sys.exit(0)", "exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "exited with error: signal: killed"),
    ],
)
def test_a_crash_is_an_exit_error(aws: EmbeddedAws, crash: str, reason: str) -> None:
    """A process that ends in the middle is Runtime.ExitError, and the next event finds a new one."""
    make_role(aws)
    code = f"import os, sys\ndef handler(event, context):\n    if event:\n        {crash}\n    return 'alive'"
    client = make_function(aws, code)
    found, error = invoke(client, {"crash": True})
    assert (error, found["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert found["errorMessage"].endswith(f" Error: Runtime {reason}")
    assert invoke(client) == ("alive", None)


def test_a_module_that_can_not_be_imported_is_an_error_document(aws: EmbeddedAws) -> None:
    """An initialization that fails is an error document, again and again."""
    make_role(aws)
    client = make_function(aws, "import missing_module")
    for _ in range(2):
        found, error = invoke(client)
        assert (error, found["errorType"]) == ("Unhandled", "Runtime.ImportModuleError")
        assert "No module named 'missing_module'" in found["errorMessage"]


# Asynchronous invocation


def test_a_service_needs_permission(aws: EmbeddedAws) -> None:
    """A service that the function's policy does not admit, or not for this source, invokes nothing."""
    make_role(aws)
    client = make_function(aws, COUNTER)
    assert not awslambda.invoke_async(FUNCTION, "{}", principal=CONFIG)
    permit(client, SourceAccount="111111111111")
    assert not awslambda.may_invoke(FUNCTION, CONFIG)
    client.remove_permission(FunctionName="function", StatementId="config")
    permit(client, SourceAccount=ACCOUNT_ID, SourceArn=f"arn:aws:config:{REGION}:{ACCOUNT_ID}:config-rule/m*")
    other = f"arn:aws:config:{REGION}:{ACCOUNT_ID}:config-rule/other"
    assert not awslambda.invoke_async(FUNCTION, "{}", principal=CONFIG, source_arn=other)
    assert awslambda.invoke_async(FUNCTION, "{}", principal=CONFIG, source_arn=other.replace("other", "mine"))
    aws.settle()
    assert [done.attempt for done in awslambda.invocations(FUNCTION)] == [1]


@pytest.mark.parametrize("name", [FUNCTION, "function", "arn:aws:lambda", ""])
def test_a_function_that_is_not_there_can_not_be_invoked(aws: EmbeddedAws, name: str) -> None:
    """A service may not invoke a function that does not exist, whatever it is called."""
    aws.client("lambda", REGION)
    assert not awslambda.invoke_async(name, "{}", principal=CONFIG)


@pytest.mark.parametrize("retries", [None, 1, 0])
def test_what_fails_is_tried_again_and_then_a_dead_letter(aws: EmbeddedAws, retries: int | None) -> None:
    """An event that fails is tried twice more, or as configured, and is then in the dead-letter queue, once."""
    make_role(aws, "sqs:SendMessage")
    aws.client("sqs", REGION).create_queue(QueueName="queue")
    client = make_function(aws, FAILING, DeadLetterConfig={"TargetArn": QUEUE})
    permit(client)
    if retries is not None:
        client.put_function_event_invoke_config(FunctionName="function", MaximumRetryAttempts=retries)
    assert awslambda.invoke_async(FUNCTION, '{"a": 1}', principal=CONFIG)
    aws.settle()
    done = awslambda.invocations(FUNCTION)
    assert [each.attempt for each in done] == list(range(1, 4 if retries is None else 2 + retries))
    assert all(each.error and each.event == '{"a": 1}' for each in done)
    (letter,) = messages(aws)
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
    assert [each.error is None for each in awslambda.invocations(FUNCTION)] == [False, True]
    assert messages(aws) == []


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
    (message,) = messages(aws)
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
    assert len(awslambda.invocations(FUNCTION)) == 3
    assert messages(aws) == []


def test_a_dead_letter_queue_that_is_gone_loses_the_event(aws: EmbeddedAws) -> None:
    """A dead-letter queue that does not exist is no error of the embedded AWS."""
    make_role(aws, "sqs:SendMessage")
    client = make_function(aws, FAILING, DeadLetterConfig={"TargetArn": QUEUE})
    client.invoke(FunctionName="function", InvocationType="Event")
    aws.settle()
    assert len(awslambda.invocations(FUNCTION)) == 3


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


def test_a_dry_run_runs_nothing(aws: EmbeddedAws) -> None:
    """Invoke with DryRun answers 204 and does not invoke."""
    make_role(aws)
    client = make_function(aws, COUNTER)
    assert client.invoke(FunctionName="function", InvocationType="DryRun")["StatusCode"] == 204
    assert awslambda.invocations(FUNCTION) == []


def test_an_event_must_be_json(aws: EmbeddedAws) -> None:
    """Invoke refuses an event that is no JSON."""
    make_role(aws)
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        make_function(aws, COUNTER).invoke(FunctionName="function", Payload="no JSON")


# What Terraform reads back


def test_the_configuration_is_read_back(aws: EmbeddedAws) -> None:
    """The dead-letter queue and the logging are read back as they were set, changed and removed."""
    make_role(aws, "sqs:SendMessage")
    client = make_function(aws, COUNTER, DeadLetterConfig={"TargetArn": QUEUE})
    made = client.get_function_configuration(FunctionName="function")
    assert made["DeadLetterConfig"] == {"TargetArn": QUEUE}
    assert made["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/function"}
    client.update_function_configuration(
        FunctionName="function", DeadLetterConfig={"TargetArn": ""}, LoggingConfig={"LogFormat": "JSON"}
    )
    changed = client.get_function(FunctionName="function")["Configuration"]
    assert "DeadLetterConfig" not in changed
    levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    assert changed["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": "/aws/lambda/function", **levels}


def test_the_event_invoke_config_is_replaced_and_updated(aws: EmbeddedAws) -> None:
    """Put replaces an event invoke configuration, Update changes what it names."""
    make_role(aws)
    client = make_function(aws, COUNTER)
    client.put_function_event_invoke_config(FunctionName="function", MaximumRetryAttempts=2)
    client.put_function_event_invoke_config(FunctionName="function", MaximumEventAgeInSeconds=60)
    client.update_function_event_invoke_config(FunctionName="function", MaximumRetryAttempts=1)
    known = client.get_function_event_invoke_config(FunctionName="function")
    assert (known["MaximumRetryAttempts"], known["MaximumEventAgeInSeconds"]) == (1, 60)


# Leaving


@pytest.mark.parametrize("how", ["delete", "reset"])
def test_no_process_is_left(aws: EmbeddedAws, how: str) -> None:
    """The process is gone with its function, and with the account; what it did is forgotten."""
    make_role(aws)
    client = make_function(aws, COUNTER)
    pid = invoke(client)[0]["pid"]
    assert is_running(pid)
    if how == "delete":
        client.delete_function(FunctionName="function")
    else:
        aws.reset()
    assert not is_running(pid)
    assert awslambda.invocations(FUNCTION) == []
