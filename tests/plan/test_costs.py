"""The alarms and metrics that docs/costs.md charges for are those that are planned."""

import re
from typing import Any

import pytest

from tests.support import CHECKOUT
from tests.support.cases import PlanEach
from tests.support.terraform import Plan

CHARGED = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_log_metric_filter")


def charged(plan: Plan) -> list[int]:
    """How many alarms and how many custom metrics a plan has."""
    return [sum(f"{kind}." in address for address in plan.resources) for kind in CHARGED]


# What docs/costs.md says before the numbers of a part, and the input that adds the part.
PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "digest": ("a digest adds", {"digest_window_seconds": 60}),
    "report": ("a report adds", {"report_schedule": {"expression": "rate(7 days)"}}),
    "schedule": ("a schedule adds", {"evaluation_frequency": "TwentyFour_Hours"}),
}


@pytest.fixture(scope="module")
def plans(plan_each: PlanEach) -> dict[str, Plan]:
    """A plan with each part."""
    return plan_each({name: inputs for name, (_, inputs) in PARTS.items()})


@pytest.mark.parametrize("part", PARTS)
def test_what_a_part_adds(plans: dict[str, Plan], defaults: Plan, part: str) -> None:
    """By default and with each part there are as many alarms and custom metrics as docs/costs.md says."""
    costs = (CHECKOUT / "docs/costs.md").read_text()
    by_default = re.findall(r"alarms by default: (\d+) ", costs)
    [(alarms, metrics)] = re.findall(rf"{PARTS[part][0]}: (\d+) and (\d+) ", costs)

    added = [with_part - without for with_part, without in zip(charged(plans[part]), charged(defaults), strict=True)]
    assert by_default == [str(charged(defaults)[0])]
    assert charged(defaults)[1] == 0
    assert added == [int(alarms), int(metrics)]
