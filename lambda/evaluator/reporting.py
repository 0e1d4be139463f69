"""Reports verdicts with ``PutEvaluations``, and raises an error if AWS Config rejects one.

The API: https://docs.aws.amazon.com/config/latest/APIReference/API_PutEvaluations.html
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from evaluator.compliance import Verdict

# The convention of AWS's rule development kit for a test: evaluate, but store nothing.
TEST_TOKEN = "TESTMODE"  # noqa: S105  # nosec B105


class ConfigClient(Protocol):
    """The part of boto3's AWS Config client that this package calls."""

    exceptions: Any

    def batch_get_resource_config(self, **kwargs: Any) -> dict[str, Any]:
        """Look resources up by their ids: API_BatchGetResourceConfig."""

    def get_compliance_details_by_config_rule(self, **kwargs: Any) -> dict[str, Any]:
        """List a rule's results: API_GetComplianceDetailsByConfigRule."""

    def get_resource_config_history(self, **kwargs: Any) -> dict[str, Any]:
        """List the recorded items of a resource: API_GetResourceConfigHistory."""

    def put_evaluations(self, **kwargs: Any) -> dict[str, Any]:
        """Report verdicts: API_PutEvaluations."""

    def select_resource_config(self, **kwargs: Any) -> dict[str, Any]:
        """Query the inventory: API_SelectResourceConfig."""


class EvaluationsRejectedError(RuntimeError):
    """AWS Config rejected evaluations twice. The message names their resources."""


def evaluation(resource_type: str, resource_id: str, verdict: Verdict, ordering_timestamp: datetime) -> dict[str, Any]:
    """Return one element of ``Evaluations`` for PutEvaluations.

    ``ordering_timestamp`` says which of two results is newer. It is the time of the notification, although the API asks
    for the time of the item (https://docs.aws.amazon.com/config/latest/APIReference/API_Evaluation.html). After a
    change of the rule, AWS Config sends the last recorded item again, and that item can be old. With the item's time,
    its verdict would be older than that of the last sweep: a changed policy would have no effect until the next one.
    """
    # A datetime, not a string: botocore would parse a string again, which takes several times as long.
    reported = {
        "ComplianceResourceType": resource_type,
        "ComplianceResourceId": resource_id,
        "ComplianceType": verdict.compliance_type,
        "OrderingTimestamp": ordering_timestamp,
    }
    return reported | ({"Annotation": verdict.annotation} if verdict.annotation else {})


def put_evaluations(client: ConfigClient, evaluations: Sequence[Mapping[str, Any]], result_token: str) -> None:
    """Report up to 100 evaluations. Those that AWS Config returns as failed are sent once more.

    Raises:
        EvaluationsRejectedError: some failed again.
    """
    for _ in range(2):
        answer = client.put_evaluations(
            Evaluations=evaluations, ResultToken=result_token, TestMode=result_token == TEST_TOKEN
        )
        evaluations = answer.get("FailedEvaluations") or []
        if not evaluations:
            return
    failed = ", ".join(str(each.get("ComplianceResourceId")) for each in evaluations)
    raise EvaluationsRejectedError(f"AWS Config did not take the evaluation of {failed}")
