"""Reads the references of an expression.

https://developer.hashicorp.com/terraform/internals/json-format#expression-representation
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ec2_key_pair_monitor.plan.resources import as_index

_STEP = re.compile(r'\.?([^.\[\]]+)|\[(\d+|"(?:[^"\\]|\\.)*")\]')


class Quoted(str):
    """A key in brackets, to distinguish it from an attribute."""

    __slots__ = ()


def steps_of(reference: str) -> list[Any]:
    """Return the names and indexes of a reference: ``a.b[0]["c"]`` has ``a``, ``b``, 0 and ``Quoted("c")``."""
    steps: list[Any] = []
    for name, index in _STEP.findall(reference):
        if name:
            steps.append(name)
        else:
            value = as_index(index)
            steps.append(Quoted(value) if isinstance(value, str) else value)
    return steps


def references_of(expression: Mapping[str, Any]) -> list[str]:
    """Return the references of an expression, without the shorter forms that follow each."""
    found: list[str] = []
    longest = ""
    for each in expression.get("references", ()):
        if longest.startswith(each) and longest[len(each) : len(each) + 1] in ("", ".", "["):
            continue
        longest = each
        found.append(each)
    return found


def has_key(references: Sequence[str]) -> bool:
    """Whether an expression uses the key of its own block as an index. In a set, the key is the value."""
    return "each.key" in references or "each.value" in references
