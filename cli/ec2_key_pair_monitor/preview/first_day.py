"""Estimates the first day with the monitor: e-mails, evaluations and their cost, from list prices."""

import argparse
import math
from typing import NamedTuple

# List prices of us-east-1 in USD. docs/costs.md names the sources.
PRICES_READ = "November 2026"
# The price of an evaluation: of the first 100,000 in a month and region, of the next 400,000, and of all others.
EVALUATION_PRICES = (0.001, 0.0008, 0.0005)
_TIERS = (100_000, 400_000, math.inf)
ITEM_PRICE = 0.003
EMAIL_PRICE = 0.00002

CHANGES = 10
SWEEPS = {"One_Hour": 24, "Three_Hours": 8, "Six_Hours": 4, "Twelve_Hours": 2, "TwentyFour_Hours": 1}
_DAYS = 30

# Lambda ends a batch at 6 MB; docs/performance.md.
_DIGEST = 2_500


class Assumptions(NamedTuple):
    """Prices and numbers of events, from options of the same names."""

    evaluation_prices: tuple[float, ...] = EVALUATION_PRICES
    item_price: float = ITEM_PRICE
    email_price: float = EMAIL_PRICE
    changes_a_month: float = CHANGES
    evaluation_frequency: str | None = None

    @classmethod
    def of(cls, options: argparse.Namespace) -> "Assumptions":
        """Return the assumptions from the options."""
        return cls(*(getattr(options, name) for name in cls._fields))


class Forecast(NamedTuple):
    """The sum over regions. E-mails are counted for each address; with a digest the number is a minimum."""

    emails: int = 0
    emails_with_digest: int = 0
    first_day_cost: float = 0.0
    evaluations_a_month: int = 0
    month_cost: float = 0.0

    def plus(self, other: "Forecast") -> "Forecast":
        """Return the sum of both."""
        return Forecast(
            self.emails + other.emails,
            self.emails_with_digest + other.emails_with_digest,
            self.first_day_cost + other.first_day_cost,
            self.evaluations_a_month + other.evaluations_a_month,
            self.month_cost + other.month_cost,
        )


def forecast(instances: int, non_compliant: int, assumed: Assumptions, *, records_verdicts: bool) -> Forecast:
    """Return the forecast for a region.

    Args:
        instances: the number of instances that get a verdict.
        non_compliant: the number of instances that are notified.
        assumed: the prices and numbers of events.
        records_verdicts: whether the recorder records each verdict as a separate item.
    """
    sweeps = SWEEPS[assumed.evaluation_frequency] * _DAYS if assumed.evaluation_frequency else 0
    evaluations = math.ceil(instances * (assumed.changes_a_month + sweeps))
    first_day = _tiered(instances, assumed.evaluation_prices) + non_compliant * assumed.email_price
    return Forecast(
        non_compliant,
        math.ceil(non_compliant / _DIGEST),
        first_day + (instances * assumed.item_price if records_verdicts else 0),
        evaluations,
        _tiered(evaluations, assumed.evaluation_prices),
    )


def _tiered(evaluations: int, prices: tuple[float, ...]) -> float:
    cost, left = 0.0, evaluations
    for size, price in zip(_TIERS, prices, strict=True):
        taken = min(left, size)
        cost += taken * price
        left -= int(taken)
    return cost
