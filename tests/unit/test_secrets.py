"""The result token, with which anybody could report verdicts, is a credential: no output ever contains it."""

import json
import logging
import traceback
from typing import Any

import pytest
from botocore.exceptions import ClientError
from evaluator.handler import lambda_handler

from tests.support.handlers import Context, RecordingConfig, rejected, sample

TOKEN = "marked-result-token"  # noqa: S105

THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "PutEvaluations")
REJECTED = rejected("i-0123456789abcdef0")
UNREADABLE = {"Results": [json.dumps({"resourceId": "i-1", "configuration": {"keyName": 7}})]}

CASES: list[Any] = [
    pytest.param(sample("change"), {}, id="change"),
    pytest.param(sample("change", {"configuration": None}), {}, id="item without a configuration"),
    pytest.param(sample("change", {"configurationItemStatus": "Odd"}), {}, id="unknown status"),
    pytest.param(sample("change", configurationItem=None), {}, id="no item"),
    pytest.param(sample("change", messageType="Odd"), {}, id="unknown message"),
    pytest.param(sample("change") | {"invokingEvent": "{"}, {}, id="no JSON"),
    pytest.param(sample("change") | {"ruleParameters": '{"allowedKeyNames": "x"}'}, {}, id="malformed parameters"),
    pytest.param(sample("change") | {"ruleParameters": '{"unknown": "x"}'}, {}, id="unknown parameter"),
    pytest.param(sample("change"), {"PutEvaluations": [THROTTLED]}, id="throttled"),
    pytest.param(sample("change"), {"PutEvaluations": [REJECTED, REJECTED]}, id="rejected"),
    pytest.param(sample("oversized"), {}, id="oversized, not recorded"),
    pytest.param(sample("schedule"), {}, id="sweep"),
    pytest.param(sample("schedule"), {"SelectResourceConfig": [UNREADABLE]}, id="sweep, incomplete"),
    pytest.param(sample("schedule"), {"SelectResourceConfig": [THROTTLED]}, id="sweep, throttled"),
]


@pytest.mark.parametrize(("event", "answers"), CASES)
def test_token_is_in_no_output(
    config: RecordingConfig,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    event: dict[str, Any],
    answers: dict[str, Any],
) -> None:
    """Neither a log line with all its fields, nor what is printed, nor an error and its cause holds the token."""
    caplog.set_level(logging.DEBUG)
    config.answers = {api: list(each) for api, each in answers.items()}
    raised = ""
    try:
        lambda_handler({**event, "resultToken": TOKEN}, Context())
    except Exception:
        raised = traceback.format_exc()

    printed = capfd.readouterr()
    logged = [str(record.__dict__) + record.getMessage() for record in caplog.records]
    assert logged or raised
    assert TOKEN not in "\n".join([raised, printed.out, printed.err, *logged])
