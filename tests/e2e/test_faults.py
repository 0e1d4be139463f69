"""Faults in calls of the deployed function: how often it calls, what it does, and where the event ends."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import REGION
from tests.e2e.conftest import Deploy, Deployment
from tests.emulator import config_control, config_delivery, faults, lambda_invocations
from tests.emulator.faults import Kind

pytestmark = pytest.mark.slow

FUNCTION = f"arn:aws:lambda:{REGION}:123456789012:function:key-pairs-evaluator"
ATTEMPTS = 4  # calls of one invocation
RETRIES = 3  # invocations of one event


@pytest.fixture(scope="module")
def module_deployment(deploy: Deploy) -> Iterator[Deployment]:
    """The applied example."""
    with deploy("complete") as deployment:
        yield deployment


@pytest.fixture
def complete(module_deployment: Deployment) -> Deployment:
    """The applied example without faults and dead letters, its function warm."""
    faults.reset()
    module_deployment.dead_letters("evaluations")
    module_deployment.launch("ops-warm")
    faults.reset()
    return module_deployment


def evaluated_event(letter: dict[str, Any]) -> str:
    """The instance that a dead letter of the function is about."""
    return str(json.loads(json.loads(letter["Body"])["invokingEvent"])["configurationItem"]["resourceId"])


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [(Kind.THROTTLED, 0.0), (Kind.INTERNAL_ERROR, 0.0), (Kind.CONNECTION_DROPPED, 0.0), (Kind.NO_ANSWER, 9.0)],
    ids=["throttled", "internal error", "connection dropped", "no answer"],
)
def test_fault_that_passes_is_survived(complete: Deployment, kind: Kind, seconds: float) -> None:
    """A call that fails once is repeated within the invocation, without any visible effect."""
    faults.inject("PutEvaluations", kind, times=1, seconds=seconds)

    instance = complete.launch("ops-eu")

    assert complete.result(instance) == ("COMPLIANT", "Launched with key pair ops-eu.")
    assert faults.calls == {"PutEvaluations": 2}
    assert complete.dead_letters("evaluations") == []


@pytest.mark.parametrize("kind", [Kind.THROTTLED, Kind.INTERNAL_ERROR, Kind.CONNECTION_DROPPED])
def test_fault_that_lasts_an_invocation(complete: Deployment, kind: Kind) -> None:
    """When the attempts are used up the error is raised, and Lambda's retry ends well."""
    faults.inject("PutEvaluations", kind, times=ATTEMPTS)

    instance = complete.launch("ops-eu")

    assert complete.result(instance) == ("COMPLIANT", "Launched with key pair ops-eu.")
    assert faults.calls == {"PutEvaluations": ATTEMPTS + 1}
    assert [each.error is None for each in lambda_invocations.invocations(FUNCTION)[-2:]] == [False, True]


def test_fault_that_stays_fills_the_dead_letters(complete: Deployment) -> None:
    """What fails in every retry lies in the dead-letter queue with its error, and the sweep repairs the verdict."""
    faults.inject("PutEvaluations", Kind.THROTTLED, times=ATTEMPTS * RETRIES)

    instance = complete.launch("ops-eu")

    assert complete.result(instance) is None
    assert faults.calls == {"PutEvaluations": ATTEMPTS * RETRIES, "SendMessage": 1}
    [letter] = complete.dead_letters("evaluations")
    assert evaluated_event(letter) == instance
    assert "ThrottlingException" in letter["MessageAttributes"]["ErrorMessage"]["StringValue"]

    config_delivery.fire_schedule(REGION)
    complete.aws.settle()
    assert complete.result(instance) == ("COMPLIANT", "Launched with key pair ops-eu.")


def test_dead_letter_survives_a_broken_key(complete: Deployment) -> None:
    """What fails in every retry is kept while the key is disabled."""
    kms = complete.client("kms")
    topic = complete.client("sns").get_topic_attributes(TopicArn=complete.outputs["topic_arn"])["Attributes"]
    key = topic["KmsMasterKeyId"].rpartition("/")[2]
    faults.inject("PutEvaluations", Kind.THROTTLED, times=ATTEMPTS * RETRIES)
    kms.disable_key(KeyId=key)
    try:
        instance = complete.launch("ops-eu")
    finally:
        kms.enable_key(KeyId=key)

    [letter] = complete.dead_letters("evaluations")
    assert evaluated_event(letter) == instance


def test_expired_token(complete: Deployment) -> None:
    """A token that has expired is not retried within the invocation; the event is kept."""
    instance = complete.launch("ops-eu")
    [item] = config_control.history_of(REGION, instance)
    faults.reset()
    config_control.use_expired_tokens(REGION, times=1)

    config_delivery.deliver(REGION, item)
    complete.aws.settle()

    assert faults.calls == {"PutEvaluations": RETRIES, "SendMessage": 1}
    [letter] = complete.dead_letters("evaluations")
    assert evaluated_event(letter) == instance
    assert "InvalidResultTokenException" in letter["MessageAttributes"]["ErrorMessage"]["StringValue"]


def test_failed_evaluation_is_sent_once_more(complete: Deployment) -> None:
    """An evaluation that AWS Config hands back is reported again in the same invocation."""
    instance = complete.launch("ops-eu")
    config_control.delete_result(REGION, instance)
    config_control.fail_evaluations(REGION, instance, times=1)
    faults.reset()

    config_delivery.deliver(REGION, config_control.history_of(REGION, instance)[-1])
    complete.aws.settle()

    assert complete.result(instance) == ("COMPLIANT", "Launched with key pair ops-eu.")
    assert faults.calls == {"PutEvaluations": 2}


def test_evaluation_that_keeps_failing(complete: Deployment) -> None:
    """One that is handed back again and again is raised with the resource's id, and the event is kept."""
    instance = complete.launch("ops-eu")
    config_control.fail_evaluations(REGION, instance, times=2 * RETRIES)
    faults.reset()

    config_delivery.deliver(REGION, config_control.history_of(REGION, instance)[-1])
    complete.aws.settle()

    assert faults.calls == {"PutEvaluations": 2 * RETRIES, "SendMessage": 1}
    [letter] = complete.dead_letters("evaluations")
    assert instance in letter["MessageAttributes"]["ErrorMessage"]["StringValue"]


@pytest.mark.parametrize("discovered", [True, False])
def test_oversized_item_without_a_history(complete: Deployment, *, discovered: bool) -> None:
    """An oversized item that is not in the history yet is asked for in every retry, and then kept."""
    instance = complete.launch("ops-eu")
    [item] = config_control.history_of(REGION, instance)
    config_control.send_oversized(REGION, instance)
    config_control.forget_history(REGION, instance, discovered=discovered)
    faults.reset()

    config_delivery.deliver(REGION, item)
    complete.aws.settle()

    assert faults.calls == {"GetResourceConfigHistory": RETRIES, "SendMessage": 1}
    [letter] = complete.dead_letters("evaluations")
    assert instance in letter["Body"]
    assert "ItemNotRecordedError" in complete_error(instance)


def complete_error(instance: str) -> str:
    """The error document of the last invocation about an instance."""
    return next(
        each.error or "" for each in reversed(lambda_invocations.invocations(FUNCTION)) if instance in each.event
    )


def test_malformed_event_is_kept(complete: Deployment) -> None:
    """An item without a configuration is raised and kept, and no verdict is guessed."""
    instance = complete.launch("ops-eu")
    config_control.delete_result(REGION, instance)
    [item] = config_control.history_of(REGION, instance)

    config_delivery.deliver(REGION, config_control.without_configuration(item))
    complete.aws.settle()

    assert complete.result(instance) is None
    [letter] = complete.dead_letters("evaluations")
    assert evaluated_event(letter) == instance


def test_sweep_of_10000_instances_repairs_everything(complete: Deployment) -> None:
    """After the loss of every event of 10,000 instances, one sweep leaves each with the right verdict."""
    config_control.forget_everything(REGION)
    expected = config_control.add_instances(REGION, 10_000)
    faults.reset()

    config_delivery.fire_schedule(REGION, datetime.now(UTC) + timedelta(hours=2))
    complete.aws.settle()

    assert config_control.verdicts_of(REGION, complete.rule_name) == expected
    assert (faults.calls["SelectResourceConfig"], faults.calls["PutEvaluations"]) == (100, 100)


def test_sweep_that_runs_out_of_time(complete: Deployment) -> None:
    """A sweep that runs out of time keeps what it reported, clears nothing, logs it, and is not started again."""
    gone = complete.launch()
    config_control.drop_deliveries(REGION, [gone])
    complete.client("ec2").terminate_instances(InstanceIds=[gone])
    config_control.add_instances(REGION, 3_000)
    functions = complete.client("lambda")
    # It may work for five seconds. The third page does not come, and the function waits eight seconds for it.
    functions.update_function_configuration(FunctionName="key-pairs-evaluator", Timeout=205)
    faults.inject("SelectResourceConfig", Kind.NO_ANSWER, times=1, after=2, seconds=9)
    try:
        config_delivery.fire_schedule(REGION, datetime.now(UTC) + timedelta(hours=4))
        complete.aws.settle()
    finally:
        functions.update_function_configuration(FunctionName="key-pairs-evaluator", Timeout=900)

    last = lambda_invocations.invocations(FUNCTION)[-1]
    [line] = [json.loads(line) for line in last.log if "sweep" in line]
    assert last.error is None
    assert (line["level"], line["message"]) == ("ERROR", "sweep incomplete")
    assert line["instances"] == 300
    result = complete.result(gone)
    assert result is not None
    assert result[0] == "NON_COMPLIANT"
    assert complete.dead_letters("evaluations") == []


def test_sweep_that_fails_half_way_starts_over(complete: Deployment) -> None:
    """A sweep that fails raises its error, so that Lambda starts it again, and no verdict is lost."""
    instance = complete.launch()
    config_control.add_instances(REGION, 300)
    faults.inject("SelectResourceConfig", Kind.THROTTLED, times=ATTEMPTS, after=2)

    config_delivery.fire_schedule(REGION, datetime.now(UTC) + timedelta(hours=3))
    complete.aws.settle()

    result = complete.result(instance)
    assert result is not None
    assert result[0] == "NON_COMPLIANT"
    assert [each.error is None for each in lambda_invocations.invocations(FUNCTION)[-2:]] == [False, True]
