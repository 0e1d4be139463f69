"""The permissions to apply: docs/apply-policy.json allows everything that Terraform calls, and nothing else."""

import json
from typing import Any

import pytest

from tests.conftest import REGION
from tests.e2e.conftest import ITSELF, Deploy
from tests.emulator import policies, wire
from tests.oracles.policies import actions_of, listed
from tests.support import CHECKOUT

pytestmark = pytest.mark.slow

ACCOUNT = "123456789012"
NAME = "ec2-key-pair-monitor"
POLICY = json.loads((CHECKOUT / "docs/apply-policy.json").read_text())

EVERYTHING: dict[str, Any] = {
    "digest_window_seconds": 60,
    "evaluation_frequency": "One_Hour",
    "notification_emails": ["security@example.com"],
    "report_schedule": {"expression": "cron(0 8 ? * MON *)"},
    "tags": {"team": "security"},
}
FILTERED = {"protocol": "sms", "endpoint": "+4915112345678", "filter_policy_scope": "MessageAttributes"}
# Each change updates other resources in place.
CHANGES: tuple[dict[str, Any], ...] = (
    EVERYTHING
    | {"tags": {"owner": "it"}, "notify_on": ["COMPLIANT", "NON_COMPLIANT"], "log_retention_days": 30}
    | {"allowed_key_names": ["ops"], "digest_window_seconds": 30}
    | {"subscriptions": {"phone": {**FILTERED, "filter_policy": '{"verdicts": ["NON_COMPLIANT"]}'}}},
    EVERYTHING
    | {"evaluation_frequency": None, "report_schedule": {"expression": "rate(7 days)"}}
    | {"subscriptions": {"phone": {**FILTERED, "filter_policy": '{"kind": ["digest"]}'}}},
    {"permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary"},
    {"alarm_topic_arns": []},
)

# The resources of the plan by ARN, in all services: what is changed must be allowed on each that the action fits.
RESOURCES = [
    f"arn:aws:{each}"
    for each in (
        f"cloudwatch:{REGION}:{ACCOUNT}:alarm:{NAME}-evaluator-errors",
        f"config:{REGION}:{ACCOUNT}:config-rule/config-rule-1a2b3c",
        f"dynamodb:{REGION}:{ACCOUNT}:table/{NAME}-reports",
        f"events:{REGION}:{ACCOUNT}:rule/{NAME}-non-compliant",
        f"iam::{ACCOUNT}:role/{NAME}-evaluator-{REGION}",
        f"kms:{REGION}:{ACCOUNT}:alias/{NAME}",
        f"kms:{REGION}:{ACCOUNT}:key/1a2b3c",
        f"lambda:{REGION}:{ACCOUNT}:event-source-mapping:1a2b3c",
        f"lambda:{REGION}:{ACCOUNT}:function:{NAME}-evaluator",
        f"logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{NAME}-evaluator",
        f"scheduler:{REGION}:{ACCOUNT}:schedule-group/{NAME}-reports",
        f"scheduler:{REGION}:{ACCOUNT}:schedule/{NAME}-reports/{NAME}-reports",
        f"sns:{REGION}:{ACCOUNT}:{NAME}",
        f"sqs:{REGION}:{ACCOUNT}:{NAME}-dead-evaluations",
    )
]
CONTEXT = {
    "iam:PassedToService": "lambda.amazonaws.com",
    "lambda:FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}-notifier",
}

# What the policy allows and this test does not see.
UNSEEN = {
    "iam:PassRole": "AWS checks it when a function gets a role; it is no call of its own",
    "iam:UpdateAssumeRolePolicy": "a later version of the module may change the trust policy",
    "iam:UpdateRole": "a later version of the module may change the role",
    "kms:UpdateKeyDescription": "a new name is in the description of the key",
    "lambda:UpdateFunctionCode": "a later version of the module has other code",
    "logs:AssociateKmsKey": "kms_key is set later",
    "logs:DisassociateKmsKey": "kms_key is removed later",
}


@pytest.fixture(scope="module")
def called(deploy: Deploy) -> set[str]:
    """The actions that Terraform calls in an apply, some changes and a destroy."""
    found: set[str] = set()
    judge_call = wire.judge_call

    def record(request: Any, *rest: Any) -> None:
        if "Terraform" in request.user_agent.string:
            name = request.headers["Authorization"].split("/")[3]
            service = wire.SIGNING_NAMES.get(name, name)
            found.add(f"{service}:{wire.router_of(service).match(request)[0].name}")
        judge_call(request, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "judge_call", record)
        with deploy(ITSELF, **EVERYTHING) as deployment:
            for change in CHANGES:
                deployment.root.apply(**change)
                deployment.aws.settle()
    return found


def test_what_terraform_calls_is_allowed(called: set[str]) -> None:
    """Each call of an apply, a change and a destroy is allowed on every resource of the module that it fits."""
    statements = policies.statements_of(POLICY)
    denied = []
    for name in called:
        service, _, action = name.partition(":")
        fitting = [arn for arn in RESOURCES if actions_of(service)[action.lower()].fits(arn)]
        denied += [(name, arn) for arn in fitting or ["*"] if not policies.verdict(statements, name, arn, CONTEXT)]

    assert len(called) > 80
    assert denied == []


def test_nothing_else_is_allowed(called: set[str]) -> None:
    """The policy allows no action that Terraform does not call, except those that are listed with a reason."""
    allowed = {action for each in POLICY["Statement"] for action in listed(each["Action"])}

    assert allowed - called == UNSEEN.keys()


def test_other_resources_are_not_allowed() -> None:
    """Resources with other names may not be changed, except resources without a name in their ARN.

    These are rules of AWS Config, keys, event source mappings and, in older editions of AWS's data, subscriptions.
    """
    statements = policies.statements_of(POLICY)
    context = {name: value.replace(NAME, "theirs") for name, value in CONTEXT.items()}
    changeable = {
        arn.split(":")[2]
        for arn in (each.replace(NAME, "theirs") for each in RESOURCES)
        for action in actions_of(arn.split(":")[2]).values()
        if action.changes_something and action.fits(arn) and policies.verdict(statements, action.name, arn, context)
    }

    assert changeable == {"config", "kms", "lambda", "sns"}
