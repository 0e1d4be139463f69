"""The handler: takes an event of AWS Config and calls ``PutEvaluations``. The only module that uses boto3."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import boto3
from botocore.config import Config

from evaluator.compliance import evaluate
from evaluator.config_events import OversizedChange, Schedule, parse
from evaluator.reporting import ConfigClient, evaluation, put_evaluations

logger = logging.getLogger(__name__)


class LambdaContext(Protocol):
    """The part of Lambda's context object that this package reads."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before Lambda ends the invocation."""


# Created at import, so that the init phase creates it once for all invocations. A call makes four attempts of at most
# 10 s, with pauses of at most 7 s together. So a failing call ends before the function's time-out of 60 s, with an
# error that names the call. Two calls that both fail slowly can reach the time-out. Lambda retries in both cases.
config_client: ConfigClient = boto3.client(
    "config",
    config=Config(
        connect_timeout=2,
        parameter_validation=False,  # AWS Config validates; boto3 would take a quarter of a sweep's processor time
        read_timeout=8,
        # Adaptive mode slows down after throttling. In standard mode, a sweep would use up its attempts if AWS Config
        # allowed only one call per second.
        retries={"mode": "adaptive", "total_max_attempts": 4},
    ),
)


def lambda_handler(event: object, context: LambdaContext) -> None:
    """Evaluate what AWS Config says has changed, or the whole region when its schedule fires.

    Raises:
        InvalidEventError, InvalidRuleParametersError: see :func:`evaluator.config_events.parse`.
        evaluator.history.ItemNotRecordedError: an oversized item cannot be fetched yet.
        EvaluationsRejectedError: AWS Config rejected an evaluation.
        botocore.exceptions.ClientError: an API call failed after its retries.
    """
    rule_event = parse(event)

    def report(evaluations: Sequence[Mapping[str, Any]]) -> None:
        put_evaluations(config_client, evaluations, rule_event.result_token)

    trigger = rule_event.trigger
    if isinstance(trigger, Schedule):
        from evaluator.sweep import sweep  # noqa: PLC0415  (only a sweep needs it)

        sweep(config_client, trigger, rule_event.policy, report, context.get_remaining_time_in_millis)
        return
    if isinstance(trigger, OversizedChange):
        from evaluator.history import fetch  # noqa: PLC0415  (rarely needed)

        trigger = fetch(config_client, trigger)
    verdict = evaluate(trigger.instance, rule_event.policy, rule_event.today)
    report([evaluation(trigger.resource_type, trigger.resource_id, verdict, rule_event.notified_at)])
    logger.info(
        "evaluated",
        extra={
            "resourceType": trigger.resource_type,
            "resourceId": trigger.resource_id,
            "complianceType": verdict.compliance_type,
            "annotation": verdict.annotation,
        },
    )
