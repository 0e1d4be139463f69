"""The figures in docs/costs.md and in the README follow from the prices that docs/costs.md lists."""

import re

import pytest

from tests.support import CHECKOUT

COSTS = (CHECKOUT / "docs/costs.md").read_text()
DAYS = 30
SWEEPS = {"by a daily sweep": DAYS, "by an hourly sweep": 24 * DAYS, "on ten changes each": 10}


def rows(text: str, columns: int) -> list[list[str]]:
    """The rows of the tables that have so many columns, without their headings."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return [each for each in cells if len(each) == columns and "---" not in "".join(each)]


def number(text: str) -> float:
    """A number as a reader sees it."""
    return float(text.replace("$", "").replace(",", ""))


PRICES = {what: number(price) for price, what, _, _ in rows(COSTS, 4) if price.startswith("$")}
EVALUATIONS = [each for each in rows(COSTS, 4) if each[1] in SWEEPS]
ELSE = dict(each for each in rows(COSTS, 2) if each[1].startswith("$"))


def price(start: str) -> float:
    """The one price whose description starts so."""
    [found] = [value for what, value in PRICES.items() if what.startswith(start)]
    return found


def evaluations(count: int) -> float:
    """What so many evaluations of a month cost, by AWS's three steps."""
    first, second = min(count, 100_000), min(max(count - 100_000, 0), 400_000)
    return (
        first * price("an evaluation, the first")
        + second * price("an evaluation, the next")
        + (count - first - second) * price("an evaluation, all others")
    )


@pytest.mark.parametrize("row", EVALUATIONS, ids=" ".join)
def test_evaluations(row: list[str]) -> None:
    """Each row is instances times sweeps or changes, at the prices of AWS Config."""
    instances, how, count, cost = row

    assert number(count) == number(instances) * SWEEPS[how]
    assert number(cost) == pytest.approx(evaluations(int(number(count))))


def test_everything_else() -> None:
    """Alarms, metrics, Lambda, logs and polling cost what their prices say, to the cent."""
    expected = {}
    for what, cost in ELSE.items():
        counts = re.match(r"alarms.*: (\d+)(?: and (\d+))?$", what)
        if counts:
            alarms, metrics = (int(each or 0) for each in counts.groups())
            expected[what] = alarms * price("an alarm") + metrics * price("a custom metric")
        elif what.startswith("customer managed key"):
            expected[what] = price("a customer managed key")
        elif what.startswith("a million evaluations"):
            expected[what] = (
                1e6 * 0.25 * 0.2 * price("a GB-second") + price("a million requests of L") + price("a GB of log")
            )
        elif what.startswith("a daily sweep"):
            expected[what] = DAYS * 0.25 * 150 * price("a GB-second")
        else:
            assert what.startswith("polling"), what
            expected[what] = 5 * DAYS * 86400 / 20 / 1e6 * price("a million requests of S")
        assert number(cost) == pytest.approx(expected[what], abs=0.005), what

    assert len(expected) == 9
    assert f"1,000 instances is then ${1000 * price('a configuration item'):.0f}, of" in COSTS


def test_readme_gives_the_same_figures() -> None:
    """The README's short table is a part of the long one."""
    costs = re.split(r"^## ", (CHECKOUT / "README.md").read_text(), flags=re.MULTILINE)
    [section] = [each for each in costs if each.startswith("Costs\n")]
    shown = [each for each in rows(section, 4) if "sweep" in each[1] or "changes" in each[1]]

    assert len(shown) == 4
    assert [each for each in shown if each not in EVALUATIONS] == []


def test_each_price_says_where_it_comes_from() -> None:
    """A price was read on AWS's own page, or is marked as unverified."""
    listed = [each for each in rows(COSTS, 4) if each[0].startswith("$")]

    assert len(listed) == len(PRICES) > 10
    for _, what, page, read in listed:
        assert page == "the same" or "](https://aws.amazon.com/" in page, what
        assert read in {"yes", "unverified"}, what
