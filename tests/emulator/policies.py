"""Policies: what their statements say, and whether the policy of a resource lets an AWS service act on it.

Follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: a fitting Deny wins,
else a fitting Allow admits, else nothing does. The principal ``*`` stands for everybody, services too:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html

``{"AWS": "*"}`` counts as the same. This may be more permissive than AWS, which equates the two for anonymous callers
but says that they work differently, and does not mention services:
https://docs.aws.amazon.com/mediapackage/latest/userguide/policy-principal.html

``{"Service": "*"}`` is not documented. Here an Allow with it admits no service, and a Deny denies every service.

A condition with an operator that is not in ``OPERATORS``, for example with the prefix ``ForAllValues:``, never holds in
an Allow and always holds in a Deny. The same is true for an operator without ``ForAnyValue:`` on a key with several
values. ``NotPrincipal`` counts only in a Deny. Policy variables are not resolved.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.kms.models import Key, KmsBackend, kms_backends

# The condition keys of a request; some have several values.
Context = Mapping[str, str | list[str]]

# What a service that publishes to an encrypted topic or queue asks of its key.
# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
ENCRYPTION = ("kms:GenerateDataKey", "kms:Decrypt")

# Conditions on the source that KMS does not see when these services ask; a statement with one admits nobody.
# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
BLIND_TO_SOURCE = frozenset({"events.amazonaws.com"})


def like(text: str, pattern: str) -> bool:
    """Match IAM's two wildcards, ``*`` and ``?``; brackets mean themselves."""
    expression = "".join({"*": ".*", "?": "."}.get(character) or re.escape(character) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def arn_like(arn: str, pattern: str) -> bool:
    """Match an ARN part by part: a wildcard does not reach over a colon, but in the last part."""
    parts, patterns = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(like, parts, patterns))


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "arnequals": arn_like,
    "arnlike": arn_like,
    "bool": lambda actual, wanted: actual.lower() == wanted.lower(),
    "stringequals": lambda actual, wanted: actual == wanted,
    "stringequalsignorecase": lambda actual, wanted: actual.lower() == wanted.lower(),
    "stringlike": like,
}


def admits(
    policy: str | Mapping[str, Any] | None, *, principal: str, action: str, resource: str, context: Context
) -> bool:
    """Say whether a policy lets a service act on the resource that it is attached to.

    Args:
        policy: the policy document, or None where there is none.
        principal: a service principal such as ``events.amazonaws.com``.
        action: such as ``sns:Publish``.
        resource: the resource's ARN.
        context: condition keys of the request, such as ``aws:SourceArn``; their case does not matter.
    """
    named = [each for each in statements_of(policy) if names(each, {"Service": {principal}})]
    return verdict(named, action, resource, context) is True


def verdict(statements: list[Mapping[str, Any]], action: str, resource: str, context: Context) -> bool | None:
    """What statements say of an action: True by an Allow, False by a Deny, which wins, and None where none fits."""
    values = {key.lower(): value for key, value in context.items()}
    fitting = [each for each in statements if names_action(each, action) and names_resource(each, resource)]
    if any(each["Effect"] == "Deny" and holds(each, values, unknown=True) for each in fitting):
        return False
    return True if any(each["Effect"] == "Allow" and holds(each, values, unknown=False) for each in fitting) else None


def statements_of(policy: str | Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The statements of a policy document, given as text or parsed."""
    document = json.loads(policy) if isinstance(policy, str) else policy or {}
    return listed(document.get("Statement"))


def listed(value: Any) -> list[Any]:
    """A policy's element that may stand alone or in a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def names(statement: Mapping[str, Any], principal: Mapping[str, set[str]]) -> bool:
    """Whether the statement speaks of a caller, or of everybody.

    Args:
        statement: of a resource's policy.
        principal: ``{"Service": {name}}`` or ``{"AWS": {ARN, …}}``.
    """
    denies = statement["Effect"] == "Deny"
    [(kind, caller)] = principal.items()
    if "NotPrincipal" in statement:
        excepted = statement["NotPrincipal"]
        return denies and not (isinstance(excepted, dict) and caller & set(listed(excepted.get(kind))))
    named = statement.get("Principal")
    if not isinstance(named, dict):
        return named == "*"
    fits = bool(caller & set(listed(named.get(kind)))) or "*" in listed(named.get("AWS"))
    return fits or (kind == "Service" and denies and "*" in listed(named.get("Service")))


def names_action(statement: Mapping[str, Any], action: str) -> bool:
    """Whether the statement speaks of the action, whose case does not matter."""
    if "NotAction" in statement:
        return not any(like(action.lower(), pattern.lower()) for pattern in listed(statement["NotAction"]))
    return any(like(action.lower(), pattern.lower()) for pattern in listed(statement.get("Action")))


def names_resource(statement: Mapping[str, Any], resource: str) -> bool:
    """Whether the statement speaks of the resource; one without any, as in a role's trust, speaks of its own."""
    if "NotResource" in statement:
        return not any(like(resource, pattern) for pattern in listed(statement["NotResource"]))
    return any(like(resource, pattern) for pattern in listed(statement.get("Resource", "*")))


def holds(statement: Mapping[str, Any], context: Context, *, unknown: bool) -> bool:
    """Whether every condition of the statement is fulfilled. ``unknown`` is the result for an unknown operator."""
    conditions = (statement.get("Condition") or {}).items()
    return all(
        fulfils(operator, listed(values), context.get(key.lower()), unknown=unknown)
        for operator, wanted in conditions
        for key, values in wanted.items()
    )


def fulfils(operator: str, wanted: list[Any], actual: str | list[str] | None, *, unknown: bool) -> bool:
    """Whether a condition key has one of the wanted values or, with a Not… operator, none of them."""
    name = operator.lower()
    if name.startswith("foranyvalue:"):
        each_operator = operator.partition(":")[2]
        return any(fulfils(each_operator, wanted, each, unknown=unknown) for each in listed(actual))
    if isinstance(actual, list):  # a key of several values takes an operator for sets
        return unknown
    if name == "null":
        return str(actual is None).lower() in {str(value).lower() for value in wanted}
    base = name.removesuffix("ifexists")
    positive = base.replace("not", "", 1)
    matches = OPERATORS.get(positive)
    if matches is None:
        return unknown
    if actual is None:
        # A request without the key fulfils a negated operator and …IfExists, and no other.
        return base != positive or name != base
    return any(matches(actual, str(value)) for value in wanted) == (base == positive)


def service_context(source_arn: str) -> dict[str, str]:
    """The condition keys of a request that a service makes in the name of a resource."""
    return {"aws:SourceArn": source_arn, "aws:SourceAccount": source_arn.split(":")[4], "aws:SecureTransport": "true"}


def key_context(resource: str) -> dict[str, str]:
    """What KMS sees when SNS or SQS uses the key of a topic or a queue in somebody's name."""
    _, _, service, region, account, _ = resource.split(":")
    return {
        "kms:CallerAccount": account,
        f"kms:EncryptionContext:aws:{service}:{'topicArn' if service == 'sns' else 'arn'}": resource,
        "kms:ViaService": f"{service}.{region}.amazonaws.com",
    }


def key_admits(
    key_id: str,
    encrypted: str,
    principal: str,
    actions: Iterable[str] = ENCRYPTION,
    context: Mapping[str, str] | None = None,
) -> bool:
    """Say whether a KMS key, named by id, ARN or alias, lets a service do all of the actions.

    An id or an alias is of the account and region of what is encrypted, whose ARN is given.

    For EventBridge, statements with conditions on the source admit nobody: AWS documents them as unsupported.

    The key that AWS manages for a service, such as ``alias/aws/sns``, admits no other service: a topic under it gets
    nothing from EventBridge or CloudWatch.
    """
    seen = {
        key: value
        for key, value in (context or {}).items()
        if principal not in BLIND_TO_SOURCE or not key.lower().startswith("aws:source")
    }
    key = key_of(key_id, encrypted)
    if key is None or key.key_state != "Enabled":
        return False
    return all(
        admits(key.policy, principal=principal, action=action, resource=key.arn, context=seen) for action in actions
    )


def is_managed(key_id: str) -> bool:
    """Whether AWS manages the key for a service."""
    return key_id.rpartition(":")[2].startswith("alias/aws/")


def key_of(key_id: str, encrypted: str) -> Key | None:
    """The customer managed key of an ARN, or of an id or alias in the account and region of what is encrypted."""
    _, _, _, region, account, _ = (key_id if key_id.startswith("arn:") else encrypted).split(":", 5)
    backend: KmsBackend = kms_backends[account][region]
    name = key_id.rpartition(":")[2].removeprefix("key/")
    if name.startswith("alias/") and not is_managed(key_id):
        name = next((key.id for key in backend.keys.values() if name in key.aliases), "")
    return backend.keys.get(name)
