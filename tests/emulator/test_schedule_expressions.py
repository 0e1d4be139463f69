"""EventBridge Scheduler's expressions: when they are due, and what is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.emulator.schedule_expressions import InvalidScheduleError, check, occurrences

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = START + timedelta(days=365)


def due(expression: str, zone: str = "UTC", start: datetime = START, until: datetime = YEAR) -> list[str]:
    """When an expression is due after a moment, in UTC."""
    found = occurrences(expression, zone, START, start, until)
    return [each.strftime("%m-%d %H:%M") for each in found]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 8 ? * MON *)", ["01-05 08:00", "01-12 08:00", "01-19 08:00"]),
        ("cron(30 6,18 1-2 1 ? *)", ["01-01 06:30", "01-01 18:30", "01-02 06:30"]),
        ("cron(0/20 10 L * ? 2026)", ["01-31 10:00", "01-31 10:20", "01-31 10:40"]),
        ("cron(0 8 ? * 2#1 *)", ["01-05 08:00", "02-02 08:00", "03-02 08:00"]),
        ("cron(0 8 ? * 6L *)", ["01-30 08:00", "02-27 08:00", "03-27 08:00"]),
        ("cron(0 8 3W * ? *)", ["01-02 08:00", "02-03 08:00", "03-03 08:00"]),
        ("cron(0 8 1W * ? *)", ["01-01 08:00", "02-02 08:00", "03-02 08:00"]),
        ("rate(12 hours)", ["01-01 12:00", "01-02 00:00", "01-02 12:00"]),
        ("at(2026-03-01T10:00:00)", ["03-01 10:00"]),
    ],
)
def test_when_it_is_due(expression: str, expected: list[str]) -> None:
    """The first three times of a year."""
    assert due(expression)[:3] == expected


def test_clocks_that_change() -> None:
    """Eight o'clock stays eight o'clock; an hour that does not exist is left out, one that exists twice counts once."""
    weekly = due("cron(0 8 ? * MON *)", "Europe/Berlin")
    assert ("03-23 07:00" in weekly, "03-30 06:00" in weekly) == (True, True)

    daily = due("cron(30 2 * * ? *)", "Europe/Berlin")
    assert len(daily) == 364
    assert not [each for each in daily if each.startswith("03-29")]
    assert [each for each in daily if each.startswith("10-25")] == ["10-25 00:30"]


def test_a_moment_counts_once() -> None:
    """What was due before a moment, or at it, is not due again."""
    eight = datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert due("cron(0 8 ? * MON *)", start=eight, until=eight + timedelta(days=7)) == ["01-12 08:00"]


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 8 * * MON *)",
        "cron(0 8 ? * ? *)",
        "cron(0 8 ? * MON)",
        "cron(60 8 ? * MON *)",
        "cron(0 8 ? * 0 *)",
        "cron(0 8 32 * ? *)",
        "cron(0 8 ? FOO MON *)",
        "rate(0 days)",
        "rate(1 week)",
        "at(2026-02-30T10:00:00)",
        "at(tomorrow)",
        "every monday",
    ],
)
def test_refused(expression: str) -> None:
    """Whatever is no expression is refused, and so is an unknown time zone."""
    with pytest.raises(InvalidScheduleError, match="Invalid Schedule Expression"):
        check(expression, "UTC")
    with pytest.raises(InvalidScheduleError, match="Timezone"):
        check("rate(1 day)", "Europe/Bonn")
