"""CloudWatch Logs: what functions write with their roles, and the keys of log groups."""

import base64
import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws, logs
from tests.support.functions import REGION, allow, document, invoke, make_function, make_role
from tests.support.roles import as_role

GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:group"
LOGGING = ("logs:CreateLogStream", "logs:PutLogEvents")
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/r"


def test_a_json_log_line_has_its_extra_fields(aws: EmbeddedAws) -> None:
    """With the JSON format, what the function logs reaches its log group with the extra fields, by level."""
    make_role(aws, *LOGGING)
    aws.client("logs", REGION).create_log_group(logGroupName="group")
    code = """
import logging
def handler(event, context):
    logging.getLogger("name").info("quiet")
    logging.getLogger("name").warning("loud", extra={"instance": event})
    return context.aws_request_id
"""
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "LogGroup": "group"}
    client = make_function(aws, code, LoggingConfig=logging)
    request_id, _ = invoke(client, "i-1")
    invoke(client, "i-2")
    events = aws.client("logs", REGION).filter_log_events(logGroupName="group")["events"]
    lines = [json.loads(event["message"]) for event in events]
    assert [(line["level"], line["message"], line["instance"]) for line in lines] == [
        ("WARNING", "loud", "i-1"),
        ("WARNING", "loud", "i-2"),
    ]
    assert lines[0]["requestId"] == request_id
    [name] = {event["logStreamName"] for event in events}
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/function\[\$LATEST\][0-9a-f]{32}", name)


@pytest.mark.parametrize("missing", LOGGING)
def test_without_a_permission_lines_are_lost(aws: EmbeddedAws, missing: str) -> None:
    """A function whose role may not write its log runs all the same, and nothing is in its log."""
    make_role(aws, *(action for action in LOGGING if action != missing))
    aws.client("logs", REGION).create_log_group(logGroupName="/aws/lambda/function")
    assert invoke(make_function(aws, "def handler(event, context):\n    print('printed')\n    return 1")) == (1, None)
    assert aws.client("logs", REGION).filter_log_events(logGroupName="/aws/lambda/function")["events"] == []


@pytest.mark.parametrize("allowed", [True, False])
def test_a_missing_group_is_made_if_the_role_may(aws: EmbeddedAws, allowed: bool) -> None:  # noqa: FBT001
    """Lambda makes the log group of a function whose role allows it, and otherwise there is no log."""
    make_role(aws, *LOGGING, *(["logs:CreateLogGroup"] if allowed else []))
    invoke(make_function(aws, "def handler(event, context):\n    print('printed')"))
    groups = aws.client("logs", REGION).describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/aws/lambda/function"] * allowed


def test_the_tail_of_the_log_comes_with_the_answer(aws: EmbeddedAws) -> None:
    """Invoke returns what the function printed if asked; a stack trace in the log is one event."""
    make_role(aws, *LOGGING)
    aws.client("logs", REGION).create_log_group(logGroupName="/aws/lambda/function")
    client = make_function(aws, "def handler(event, context):\n    print('printed')\n    raise ValueError('broken')")
    answer = client.invoke(FunctionName="function", LogType="Tail")
    assert base64.b64decode(answer["LogResult"]).decode().startswith("printed\n[ERROR] ValueError: broken")
    events = aws.client("logs", REGION).filter_log_events(logGroupName="/aws/lambda/function")["events"]
    assert [event["message"].split("\n")[0] for event in events] == ["printed", "[ERROR] ValueError: broken"]


# Keys


def key_of(aws: EmbeddedAws, group_arn: str | None = GROUP) -> str:
    """A new key that CloudWatch Logs may use for a log group, or for none."""
    actions = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
    admit: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{REGION}.amazonaws.com"},
        "Action": actions,
        "Resource": "*",
        "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group_arn}},
    }
    given = {"Policy": json.dumps({"Statement": [admit]})} if group_arn else {}
    return str(aws.client("kms", REGION).create_key(**given)["KeyMetadata"]["Arn"])


def key_in_use(aws: EmbeddedAws) -> str | None:
    """The key of the log group."""
    [group] = aws.client("logs", REGION).describe_log_groups()["logGroups"]
    key: str | None = group.get("kmsKeyId")
    return key


def test_a_groups_key_is_changed_and_taken_away(aws: EmbeddedAws) -> None:
    """AssociateKmsKey gives a log group a key or another, and DisassociateKmsKey takes it away."""
    client = aws.client("logs", REGION)
    client.create_log_group(logGroupName="group", kmsKeyId=key_of(aws))
    other = key_of(aws)
    client.associate_kms_key(logGroupName="group", kmsKeyId=other)
    assert key_in_use(aws) == other
    client.disassociate_kms_key(resourceIdentifier=GROUP)
    assert key_in_use(aws) is None


@pytest.mark.parametrize("kind", ["no service", "another group", "an id", "missing", "disabled"])
@pytest.mark.parametrize("call", ["create", "associate"])
def test_a_key_that_does_not_admit_logs_is_refused(aws: EmbeddedAws, call: str, kind: str) -> None:
    """A key must admit CloudWatch Logs for this log group, be enabled, and be named by its ARN."""
    key = key_of(aws, {"no service": None, "another group": GROUP + "-other"}.get(kind, GROUP))
    if kind == "disabled":
        aws.client("kms", REGION).disable_key(KeyId=key.rpartition("/")[2])
    key = {"an id": key.rpartition("/")[2], "missing": key[:-4] + "0000"}.get(kind, key)
    client = aws.client("logs", REGION)
    if call == "associate":
        client.create_log_group(logGroupName="group")
    set_key = client.create_log_group if call == "create" else client.associate_kms_key
    with pytest.raises(ClientError, match=r"InvalidParameterException.*not allowed to be used with Arn"):
        set_key(logGroupName="group", kmsKeyId=key)


def test_a_group_that_is_missing_has_no_key(aws: EmbeddedAws) -> None:
    """A log group that does not exist is ResourceNotFoundException."""
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        aws.client("logs", REGION).disassociate_kms_key(logGroupName="group")


def test_under_a_broken_key_lines_are_lost(aws: EmbeddedAws) -> None:
    """What is written while the group's key is disabled is lost, and what comes later is not."""
    as_role(aws, "logs", document(allow("logs:CreateLogStream", "logs:PutLogEvents", resource=f"{GROUP}:*")))
    client, kms, key = aws.client("logs", REGION), aws.client("kms", REGION), key_of(aws)
    client.create_log_group(logGroupName="group", kmsKeyId=key)
    kms.disable_key(KeyId=key.rpartition("/")[2])
    logs.write(REGION, ROLE, "group", "stream", ["lost"])
    kms.enable_key(KeyId=key.rpartition("/")[2])
    logs.write(REGION, ROLE, "group", "stream", ["kept"])
    assert [each["message"] for each in client.filter_log_events(logGroupName="group")["events"]] == ["kept"]


@pytest.mark.parametrize(("resource", "allowed"), [(f"{GROUP}:*", True), (GROUP, False), (f"{GROUP}-other:*", False)])
def test_a_role_writes_to_its_group(aws: EmbeddedAws, resource: str, allowed: bool) -> None:  # noqa: FBT001
    """A role writes to the log group that its policy names with all its streams."""
    as_role(aws, "logs", document(allow("logs:CreateLogStream", "logs:PutLogEvents", resource=resource)))
    client = aws.client("logs", REGION)
    client.create_log_group(logGroupName="group")
    logs.write(REGION, ROLE, "group", "stream", ["line"])
    assert len(client.filter_log_events(logGroupName="group")["events"]) == allowed
