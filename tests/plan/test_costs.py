"""The alarms and metrics that docs/costs.md charges for are those that are planned."""

import re
from typing import Any

import pytest

from tests.support import CHECKOUT
from tests.support.terraform import Plan, Root

CHARGED = ("aws_cloudwatch_metric_alarm", "aws_cloudwatch_log_metric_filter")


def charged(plan: Plan) -> list[int]:
    """How many alarms and how many custom metrics a plan has."""
    return [sum(f"{kind}." in address for address in plan.resources) for kind in CHARGED]


@pytest.mark.parametrize(
    ("part", "inputs"),
    [
        ("a schedule adds", {"evaluation_frequency": "TwentyFour_Hours"}),
        ("a digest adds", {"digest_window_seconds": 60}),
        ("a report adds", {"report_schedule": {"expression": "rate(7 days)"}}),
    ],
)
def test_what_a_part_adds(module: Root, defaults: Plan, part: str, inputs: dict[str, Any]) -> None:
    """By default and with each part there are as many alarms and custom metrics as docs/costs.md says."""
    costs = (CHECKOUT / "docs/costs.md").read_text()
    by_default = re.findall(r"alarms by default: (\d+) ", costs)
    [(alarms, metrics)] = re.findall(rf"{part}: (\d+) and (\d+) ", costs)

    added = [
        with_part - without
        for with_part, without in zip(charged(module.plan(**inputs)), charged(defaults), strict=True)
    ]
    assert by_default == [str(charged(defaults)[0])]
    assert charged(defaults)[1] == 0
    assert added == [int(alarms), int(metrics)]
