"""The edge: an event of AWS Config in, ``PutEvaluations`` out. The only module that knows boto3."""

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


# Made at import, so that it falls in the init phase and is kept while the function is warm. Four attempts of at most
# 10 s and their pauses of at most 7 s in all let a call end before the function's time-out of 60 s, and so in an error
# that names it. Lambda retries that, as it does a time-out, which two calls that both fail slowly can come to.
config_client: ConfigClient = boto3.client(
    "config",
    config=Config(
        connect_timeout=2,
        parameter_validation=False,  # AWS Config validates, and boto3's would be a quarter of a sweep's work
        read_timeout=8,
        # Adaptive slows down once it is throttled. In standard mode a sweep uses its attempts up where one call a
        # second is let through.
        retries={"mode": "adaptive", "total_max_attempts": 4},
    ),
)


def lambda_handler(event: object, context: LambdaContext) -> None:
    """Evaluate what AWS Config says has changed, or the whole region when its schedule fires.

    Raises:
        InvalidEventError, InvalidRuleParametersError: see :func:`evaluator.config_events.parse`.
        evaluator.history.ItemNotRecordedError: an oversized item can't be fetched yet.
        EvaluationsRejectedError: AWS Config did not take an evaluation.
        botocore.exceptions.ClientError: an API call failed after its retries.
    """
    rule_event = parse(event)

    def report(evaluations: Sequence[Mapping[str, Any]]) -> None:
        put_evaluations(config_client, evaluations, rule_event.result_token)

    trigger = rule_event.trigger
    if isinstance(trigger, Schedule):
        from evaluator.sweep import sweep  # noqa: PLC0415  (a changed instance does not pay for it)

        sweep(config_client, trigger, rule_event.policy, report, context.get_remaining_time_in_millis)
        return
    if isinstance(trigger, OversizedChange):
        from evaluator.history import fetch  # noqa: PLC0415  (nor for this)

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
