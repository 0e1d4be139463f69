"""Finds the configuration of a block in a set: a plan has the blocks of a set in another order."""

from collections.abc import Mapping, Sequence
from typing import Any

from ec2_key_pair_monitor.plan.resources import View


def written_as(written: Sequence[Any], blocks: Sequence[View], n: int) -> list[Mapping[str, Any]]:
    """Return the expressions that may have created a block; none if it may come from a dynamic block."""
    candidates = [each for each in written if _fits(each, blocks[n])]
    if len(written) == len(blocks):
        return candidates
    return [each for each in candidates if sum(_fits(each, block) for block in blocks) == 1]


def _fits(written: Any, block: View) -> bool:
    """Whether expressions may have created a block: none of their constants differs from it."""
    return (
        isinstance(written, Mapping)
        and not any(
            isinstance(value, Mapping)
            and value.get("constant_value") not in (None, "")
            and not block.is_unknown(name)
            and _differ(value["constant_value"], block.values.get(name))
            for name, value in written.items()
        )
        and not (block.is_unknown("key_name") and _constant(written.get("key_name")))
    )


def _constant(expression: Any) -> Any:
    return expression.get("constant_value") if isinstance(expression, Mapping) else None


def _differ(written: Any, planned: Any) -> bool:
    """Whether two values differ. Terraform converts ``3`` to "3", and changes the order of sets."""
    if isinstance(written, list | dict) or isinstance(planned, list | dict):
        return False
    return str(written).casefold() != str(planned).casefold()
