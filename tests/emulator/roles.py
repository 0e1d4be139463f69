"""What a role may do: by its own policies and boundary, and by the policy of the resource.

Follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html:
a Deny in any of the policies wins. Otherwise it takes an Allow of the role's own policies, within the boundary, or one
of the resource's policy that names the role. A key is the exception: its policy must allow the role, or the account,
which leaves the decision to the role's own policies:
https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html

A role of another account needs an Allow of both.

Stricter than AWS: an Allow of the resource's policy counts only within the boundary. On AWS it also counts outside the
boundary if it names the role's session, which is not supported here. Nor is the condition key ``aws:SourceOwner``, on
which a topic's default policy depends. More permissive: a key that AWS manages, such as ``alias/aws/sqs``, may be used
by every role. There are no session policies and no service control policies, and the policies of functions are not
asked here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from moto.events.models import events_backends
from moto.iam.models import ManagedPolicy, Role, iam_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from tests.emulator import organization, policies


def account_of(arn: str) -> str:
    """The account that an ARN names, if it does."""
    return arn.split(":", 5)[4] if arn.count(":") >= 5 else ""


def role_of(role_arn: str) -> Role | None:
    """The role with an ARN."""
    roles = iam_backends[account_of(role_arn)][role_arn.split(":")[1]].roles.values()
    return next((role for role in roles if role.arn == role_arn), None)


def trusts(role_arn: str, service: str, source_arn: str | None = None) -> bool:
    """Whether a service may assume the role, for the resource ``source_arn`` if the service names one."""
    role = role_of(role_arn)
    trust = role.assume_role_policy_document if role else None
    context = policies.service_context(source_arn) if source_arn else {"aws:SourceAccount": account_of(role_arn)}
    return policies.admits(trust, principal=service, action="sts:AssumeRole", resource=role_arn, context=context)


def may(role_arn: str, action: str, resource: str, context: Mapping[str, str] | None = None) -> bool:
    """Whether a role may do something.

    Args:
        role_arn: the role.
        action: such as ``sqs:SendMessage``.
        resource: its ARN, or ``*`` for an action that knows none.
        context: the condition keys of the request that are known, beside those of the caller.
    """
    role = role_of(role_arn)
    if role is None:
        return False
    seen = {**caller_keys(role_arn), **(context or {})}
    own = policies.verdict(statements(role.policies.values(), role.managed_policies.values()), action, resource, seen)
    boundary = boundary_of(role, action, resource, seen)
    admitted, delegated = attached(role_arn, action, resource, seen)
    if not boundary or False in (own, admitted, delegated):
        return False
    if account_of(resource) not in ("", account_of(role_arn)):
        return own is True and (admitted is True or delegated is True)
    if ":kms:" in resource:
        return admitted is True or (delegated is True and own is True)
    return own is True or admitted is True


def is_admitted(principal_arn: str, action: str, resource: str, context: Mapping[str, str] | None = None) -> bool:
    """Whether the policy of a resource admits a role or an account, whatever its own policies say."""
    verdicts = attached(principal_arn, action, resource, {**caller_keys(principal_arn), **(context or {})})
    return True in verdicts and False not in verdicts


def caller_keys(principal_arn: str) -> policies.Context:
    """The condition keys of a request that a role or an account makes."""
    account = account_of(principal_arn)
    return {
        "aws:PrincipalAccount": account,
        "aws:PrincipalArn": principal_arn,
        "aws:SecureTransport": "true",
        **organization.condition_keys(account),
    }


def attached(
    principal_arn: str, action: str, resource: str, context: policies.Context
) -> tuple[bool | None, bool | None]:
    """The verdicts of a resource's policy: by statements that name the principal, and by those with its account."""
    account, found = account_of(principal_arn), policies.statements_of(policy_of(resource))
    whole = {account, f"arn:{principal_arn.split(':')[1]}:iam::{account}:root"}
    named = [each for each in found if policies.names(each, {"AWS": {principal_arn}})]
    delegating = [each for each in found if policies.names(each, {"AWS": whole})]
    return policies.verdict(named, action, resource, context), policies.verdict(delegating, action, resource, context)


def may_use_key(
    role_arn: str, key_id: str | None, encrypted: str, actions: Iterable[str], context: Mapping[str, str]
) -> bool:
    """Whether a role may use the key (an id, ARN or alias) that encrypts a resource; True if there is no key."""
    if not key_id or policies.is_managed(key_id):
        return True
    key = policies.key_of(key_id, encrypted)
    if key is None or key.key_state != "Enabled":
        return False
    return all(may(role_arn, action, key.arn, context) for action in actions)


def statements(inline: Iterable[str], managed: Iterable[ManagedPolicy]) -> list[Mapping[str, Any]]:
    """The statements of a role's policies."""
    documents = [*inline, *map(document_of, managed)]
    return [each for document in documents for each in policies.statements_of(document)]


def boundary_of(role: Role, action: str, resource: str, context: policies.Context) -> bool | None:
    """What a role's permissions boundary says; without one, everything is within it."""
    if not role.permissions_boundary_arn:
        return True
    boundaries = iam_backends[account_of(role.arn)][role.arn.split(":")[1]].managed_policies
    boundary = boundaries.get(role.permissions_boundary_arn)
    return policies.verdict(statements([], [boundary] if boundary else []), action, resource, context)


def document_of(policy: ManagedPolicy) -> str:
    """The default version of a managed policy."""
    return next(version.document for version in policy.versions if version.is_default)


def policy_of(resource: str) -> str | Mapping[str, Any] | None:
    """The policy that is attached to a resource, where it has one."""
    parts = resource.split(":")
    if len(parts) < 6:
        return None
    _, _, service, region, account, name = parts[:6]
    match service:
        case "sqs":
            queue = sqs_backends[account][region].queues.get(name)
            return queue.policy if queue else None
        case "sns":
            topic = sns_backends[account][region].topics.get(resource)
            return topic.policy if topic else None
        case "events":
            bus = events_backends[account][region].event_buses.get(name.removeprefix("event-bus/"))
            return bus.policy if bus else None
        case "kms":
            key = policies.key_of(resource, resource)
            return key.policy if key else None
    return None
