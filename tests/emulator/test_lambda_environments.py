"""Lambda: the deployed zip runs as AWS runs it, and leaves nothing behind."""

import subprocess
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws, lambda_invocations
from tests.support.functions import (
    COUNTER,
    FAILING,
    FUNCTION,
    REGION,
    document,
    invoke,
    make_function,
    make_role,
    zipped,
)


def is_running(pid: int) -> bool:
    """Whether a process runs. A zombie does not count."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return listed.stdout.strip()[:1] not in ("", "Z")


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
    client = make_function(aws, code, Timeout=3)
    note = tmp_path / "child"
    found, error = invoke(client, str(note))  # boto3 waits a minute for the answer
    assert (error, list(found)) == ("Unhandled", ["errorMessage"])
    assert found["errorMessage"].endswith(" Task timed out after 3.00 seconds")
    assert not is_running(int(note.read_text()))
    left, error = invoke(client)
    assert error is None
    assert 0 < left <= 3000


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
    assert lambda_invocations.invocations(FUNCTION) == []
