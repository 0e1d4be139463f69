"""The forecast against the tables of docs/costs.md, which it must not contradict."""

import re

import pytest
from ec2_key_pair_monitor.preview.first_day import (
    EMAIL_PRICE,
    EVALUATION_PRICES,
    ITEM_PRICE,
    PRICES_READ,
    Assumptions,
    forecast,
)

from tests.support import CHECKOUT

COSTS = (CHECKOUT / "docs/costs.md").read_text()
ROWS = re.findall(
    r"^\| ([\d,]+) \| (on ten|by a daily|by an hourly)[^|]* \| ([\d,]+) \| \$([\d,]+) \|$", COSTS, re.MULTILINE
)
MEANT = {
    "on ten": Assumptions(changes_a_month=10),
    "by a daily": Assumptions(changes_a_month=0, evaluation_frequency="TwentyFour_Hours"),
    "by an hourly": Assumptions(changes_a_month=0, evaluation_frequency="One_Hour"),
}


def number(text: str) -> int:
    """A number with commas."""
    return int(text.replace(",", ""))


@pytest.mark.parametrize(("instances", "how", "evaluations", "cost"), ROWS)
def test_month(instances: str, how: str, evaluations: str, cost: str) -> None:
    """A month has the evaluations and the cost of the page, which is rounded to tens of dollars."""
    found = forecast(number(instances), 0, MEANT[how], records_verdicts=False)

    assert found.evaluations_a_month == number(evaluations)
    assert found.month_cost == pytest.approx(number(cost), abs=5)


def test_prices() -> None:
    """The default prices are those of the page, read in the same month."""
    prices = re.findall(r"^\| \$([\d.]+) \| (an evaluation|a configuration item)", COSTS, re.MULTILINE)

    assert len(ROWS) == 6
    assert tuple(float(price) for price, what in prices if what == "an evaluation") == EVALUATION_PRICES
    assert [float(price) for price, what in prices if what != "an evaluation"] == [ITEM_PRICE]
    assert f"E-mails cost ${100_000 * EMAIL_PRICE:g} for 100,000." in COSTS
    assert f"read in {PRICES_READ}" in COSTS


def test_first_day() -> None:
    """The first day evaluates each instance once; a recorder of verdicts records each as an item."""
    plain = forecast(100_000, 5_001, Assumptions(), records_verdicts=False)
    recorded = forecast(100_000, 5_001, Assumptions(), records_verdicts=True)

    assert (plain.emails, plain.emails_with_digest) == (5_001, 3)
    assert plain.first_day_cost == pytest.approx(100 + 5_001 * EMAIL_PRICE)
    assert recorded.first_day_cost - plain.first_day_cost == pytest.approx(300)
