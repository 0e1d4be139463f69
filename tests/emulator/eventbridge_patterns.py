"""Patterns of EventBridge and filter policies of SNS: which are valid, and what they match.

- Patterns: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html and
  https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
- Filter policies: https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html and
  https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
- What neither page says follows recordings of the real AWS: ``tests/oracles/recordings``.

A name with dots stands for the path, in a pattern and in a document. A rule sees the elements of a list, and each
element of a list of objects by itself: two rules below one list must hold for the same element. ``anything-but``
matches a list that holds some other value.

Assumed: AWS publishes no limit for "Rule is too complex"; here a wildcard pattern is, if the same character follows
more than four of its asterisks.
"""

import ipaddress
import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any, TypeGuard

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
}
MAXIMUM_ALIKE = 4
TOO_COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters "
    "or fewer repeating character sequences after a wildcard character"
)


class InvalidPatternError(ValueError):
    """A pattern is not valid; the text is AWS's reason."""


# Validity


def parse(text: str) -> dict[str, Any]:
    """Read a pattern.

    Raises:
        InvalidPatternError: AWS would refuse it.
    """
    try:
        pattern = json.loads(text)
    except ValueError as error:
        raise InvalidPatternError(f"Invalid JSON: {error}") from error
    if not isinstance(pattern, dict):
        raise InvalidPatternError("Filter is not an object")
    check(pattern)
    return pattern


def check(pattern: Mapping[str, Any]) -> None:
    """Refuse a pattern that is not made of objects, and of lists of rules that are known."""
    for name, value in pattern.items():
        if isinstance(value, dict):
            check(value)
        elif not isinstance(value, list):
            raise InvalidPatternError(f'"{name}" must be an object or an array')
        elif not value:
            raise InvalidPatternError("Empty arrays are not allowed")
        elif is_alternative(name, value):
            for each in value:
                check(each)
        else:
            for rule in value:
                check_rule(rule)


def is_alternative(name: str, value: Any) -> bool:
    """Whether an entry of a pattern lists alternatives and not the rules of a field."""
    return name == "$or" and isinstance(value, list) and all(isinstance(each, dict) for each in value)


def check_rule(rule: Any) -> None:
    """Refuse a rule that is neither a plain value nor one known operator with the operand that it takes."""
    if isinstance(rule, list):
        raise InvalidPatternError("Match value must be String, number, true, false, or null")
    if not isinstance(rule, dict):
        return
    if len(rule) != 1:
        raise InvalidPatternError("Only one key allowed in match expression")
    [(name, operand)] = rule.items()
    match name:
        case "exists":
            if not isinstance(operand, bool):
                raise InvalidPatternError("exists match pattern must be either true or false.")
        case "prefix" | "suffix" if isinstance(operand, dict) and list(operand) == ["equals-ignore-case"]:
            check_text("equals-ignore-case", operand["equals-ignore-case"])
        case "prefix" | "suffix" | "equals-ignore-case" | "wildcard":
            check_text(name, operand)
        case "cidr":
            check_cidr(operand)
        case "numeric":
            check_numeric(operand)
        case "anything-but":
            check_anything_but(operand)
        case _:
            raise InvalidPatternError(f"Unrecognized match type {name}")


def check_text(name: str, operand: Any, named: str = "") -> None:
    """Refuse an operand that is no text, and a wildcard that is too complex."""
    if not isinstance(operand, str):
        raise InvalidPatternError(f"{named or name} match pattern must be a string")
    if name == "wildcard":
        bare = re.sub(r"\\.", "\0\0", operand)
        if "**" in bare:
            raise InvalidPatternError(f"Consecutive wildcard characters at pos {bare.index('**') + 1}")
        followers = sorted(re.findall(r"\*(.)", bare))
        if any(len(list(alike)) > MAXIMUM_ALIKE for _, alike in groupby(followers)):
            raise InvalidPatternError(TOO_COMPLEX)


def check_cidr(operand: Any) -> None:
    """Refuse an operand that is no network."""
    check_text("cidr", operand, "prefix")
    if operand.count("/") != 1:
        raise InvalidPatternError("Malformed CIDR, one '/' required")
    address, _, bits = operand.partition("/")
    if not bits.isdecimal():
        raise InvalidPatternError("Malformed CIDR, mask bits must be an integer")
    try:
        ipaddress.ip_network(operand, strict=False)
    except ValueError as error:
        raise InvalidPatternError(f"Nonstandard IP address: {address}") from error


def check_numeric(operand: Any) -> None:
    """Refuse what is neither one comparison with a number nor a range that holds something."""
    if not isinstance(operand, list):
        raise InvalidPatternError("Value of numeric must be an array.")
    rest = list(operand)
    sign, bottom = bound_of(rest)
    if not rest:
        return
    if sign not in (">", ">="):
        raise InvalidPatternError("Too many elements in numeric expression")
    if not isinstance(rest[0], str):
        raise InvalidPatternError(f"Bad value in numeric range: {rest[0]}")
    if rest[0] not in ("<", "<="):
        raise InvalidPatternError(f"Bad numeric range operator: {rest[0]}")
    _, top = bound_of(rest)
    if top <= bottom:
        raise InvalidPatternError("Bottom must be less than top")
    if rest:
        raise InvalidPatternError("Too many terms in numeric range expression")


def bound_of(rest: list[Any]) -> tuple[str, float]:
    """Take a sign and a number from the front of a list."""
    sign = rest.pop(0) if rest else "]"
    if not isinstance(sign, str) or sign == "]":
        raise InvalidPatternError(f"Invalid member in numeric match: {sign}")
    if sign not in COMPARISONS:
        raise InvalidPatternError(f"Unrecognized numeric range operator: {sign}")
    bound = rest.pop(0) if rest else None
    if not is_number(bound):
        raise InvalidPatternError(f"Value of {'equals' if sign == '=' else sign} must be numeric")
    return sign, bound


def check_anything_but(operand: Any) -> None:
    """Refuse what ``anything-but`` does not take."""
    if not isinstance(operand, dict):
        if operand is None or isinstance(operand, bool) or operand == []:
            raise InvalidPatternError("Value of anything-but must be an array or single string/number value.")
        if any(not isinstance(each, str) and not is_number(each) for each in listed(operand)):
            raise InvalidPatternError("Inside anything but list, start|null|boolean is not supported.")
        return
    if len(operand) != 1:
        raise InvalidPatternError("Only one key allowed in match expression")
    [(name, inner)] = operand.items()
    if name not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
        raise InvalidPatternError(f"Unsupported anything-but pattern: {name}")
    if isinstance(inner, dict):
        raise InvalidPatternError("Value of anything-but must be an array or single string/number value.")
    for each in listed(inner):
        if name == "equals-ignore-case" and not isinstance(each, str):
            reason = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
            raise InvalidPatternError(reason)
        check_text(name, each, "prefix/suffix" if name in ("prefix", "suffix") else "")
        if not each and name in ("prefix", "suffix"):
            raise InvalidPatternError("Null prefix/suffix not allowed")


# Matching


Fields = dict[str, list[Any]]
Leaf = tuple[Any, dict[str, int]]


def matches(pattern: Mapping[str, Any], document: Any) -> bool:
    """Whether a document has, for each field of a valid pattern, a value that one of the field's rules fits."""
    if not isinstance(document, dict):
        return False
    leaves: dict[str, list[Leaf]] = {}
    for path, leaf in leaves_of(document):
        leaves.setdefault(path, []).append(leaf)
    return any(holds(list(fields.items()), leaves, {}) for fields in alternatives(pattern))


def alternatives(pattern: Mapping[str, Any], prefix: str = "") -> Iterator[Fields]:
    """The rules by path, once for each combination of what the pattern's ``$or`` allow."""
    if not pattern:
        yield {}
        return
    (name, value), *others = pattern.items()
    if is_alternative(name, value):
        options = [fields for each in value for fields in alternatives(each, prefix)]
    elif isinstance(value, dict):
        options = list(alternatives(value, f"{prefix}{name}."))
    else:
        options = [{f"{prefix}{name}": value}]
    for rest in alternatives(dict(others), prefix):
        for option in options:
            yield {**option, **{path: option.get(path, []) + rules for path, rules in rest.items()}}


def leaves_of(node: Any, path: str = "", where: Mapping[str, int] | None = None) -> Iterator[tuple[str, Leaf]]:
    """Every value of a document by its path, with the element that it is in of each list around it."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from leaves_of(value, f"{path}.{name}" if path else name, where)
    elif isinstance(node, list):
        place = f"{path}{'[]' * sum(each.partition('[')[0] == path for each in where or {})}"
        for number, element in enumerate(node):
            yield from leaves_of(element, path, {**(where or {}), place: number})
    else:
        yield path, (node, dict(where or {}))


def holds(fields: list[tuple[str, list[Any]]], leaves: Mapping[str, list[Leaf]], where: Mapping[str, int]) -> bool:
    """Whether the fields can be fulfilled by values that lie in the same element of each list that they share."""
    if not fields:
        return True
    (path, rules), *others = fields
    if path not in leaves:
        return {"exists": False} in rules and holds(others, leaves, where)
    return any(
        holds(others, leaves, {**where, **place})
        for value, place in leaves[path]
        if all(where.get(name, number) == number for name, number in place.items())
        and any(fits(rule, value) for rule in rules)
    )


def fits(rule: Any, value: Any) -> bool:
    """Whether a value that is there fulfils a rule."""
    if not isinstance(rule, dict):
        return same(rule, value)
    [(name, operand)] = rule.items()
    match name:
        case "exists":
            return bool(operand)
        case "anything-but":
            if not isinstance(operand, dict):
                return not any(same(each, value) for each in listed(operand))
            [(inner, texts)] = operand.items()
            return not any(fits({inner: each}, value) for each in listed(texts))
        case "numeric":
            pairs = zip(operand[::2], operand[1::2], strict=True)
            return is_number(value) and all(COMPARISONS[sign](value, bound) for sign, bound in pairs)
    return isinstance(value, str) and fits_text(name, operand, value)


def fits_text(name: str, operand: Any, value: str) -> bool:
    """Whether a text fulfils an operator for texts."""
    if isinstance(operand, dict):
        operand, value = operand["equals-ignore-case"].lower(), value.lower()
    text = str(operand)
    match name:
        case "prefix":
            return value.startswith(text)
        case "suffix":
            return value.endswith(text)
        case "equals-ignore-case":
            return value.lower() == text.lower()
        case "wildcard":
            parts = re.findall(r"\\[*\\]|.", text, re.DOTALL)
            expression = "".join(".*" if part == "*" else re.escape(part[-1]) for part in parts)
            return re.fullmatch(expression, value, re.DOTALL) is not None
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False


def same(wanted: Any, value: Any) -> bool:
    """Whether two plain JSON values are the same; 300 is 300.0, and neither 1 nor "true" is true."""
    if is_number(wanted) and is_number(value):
        return wanted == value
    return type(wanted) is type(value) and bool(wanted == value)


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def listed(value: Any) -> list[Any]:
    """An operand that may stand alone or in a list."""
    return value if isinstance(value, list) else [value]
