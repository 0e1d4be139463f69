"""Lambda: what its API refuses, and what Terraform reads back."""

import pytest
from botocore.exceptions import ClientError

from tests.emulator import EmbeddedAws, lambda_invocations
from tests.support.functions import COUNTER, FUNCTION, QUEUE, make_function, make_role


def test_a_dry_run_runs_nothing(aws: EmbeddedAws) -> None:
    """Invoke with DryRun answers 204 and does not invoke."""
    make_role(aws)
    client = make_function(aws, COUNTER)
    assert client.invoke(FunctionName="function", InvocationType="DryRun")["StatusCode"] == 204
    assert lambda_invocations.invocations(FUNCTION) == []


def test_an_event_must_be_json(aws: EmbeddedAws) -> None:
    """Invoke refuses an event that is no JSON."""
    make_role(aws)
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        make_function(aws, COUNTER).invoke(FunctionName="function", Payload="no JSON")


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
