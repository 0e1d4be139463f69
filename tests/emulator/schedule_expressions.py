"""When a schedule of EventBridge Scheduler is due: cron, rate and at expressions in a time zone.

Follows https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html

- A cron time that is skipped when clocks go forward is left out. One that occurs twice when they go back counts once.
- A rate begins at once where no start date is given.
- At most one of a cron expression's two day fields may be a value; the other must be ``?``.

Unverified: that names of days and months may be in lower case, and that a step counts from the first value of ``*``.
"""

import calendar
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}

Days = Callable[[date], bool]


class InvalidScheduleError(ValueError):
    """An expression or a time zone that EventBridge Scheduler refuses."""


def occurrences(expression: str, zone: str, created: datetime, after: datetime, until: datetime) -> Iterator[datetime]:
    """When a schedule is due between two moments, the first of them excluded and in order; every time is in UTC."""
    kind, text = check(expression, zone)
    if kind == "at":
        due = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        if after < due <= until:
            yield due
    elif kind == "rate":
        period = period_of(text)
        due = created + max(0, (after - created) // period) * period
        while due <= until:
            if due > after:
                yield due
            due += period
    else:
        yield from cron_occurrences(text, ZoneInfo(zone), after, until)


def check(expression: str, zone: str) -> tuple[str, str]:
    """The kind of an expression and what its parentheses hold.

    Raises:
        InvalidScheduleError: EventBridge Scheduler refuses it.
    """
    if zone not in available_timezones():
        raise InvalidScheduleError("Invalid Schedule Expression Timezone.")
    found = re.fullmatch(r"(at|cron|rate)\((.*)\)", expression)
    if not found:
        raise InvalidScheduleError(f"Invalid Schedule Expression {expression}.")
    kind, text = found.groups()
    try:
        if kind == "at":
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text):
                raise InvalidScheduleError("not a time")
            datetime.fromisoformat(text)
        elif kind == "rate":
            period_of(text)
        else:
            fields_of(text)
    except ValueError as error:
        raise InvalidScheduleError(f"Invalid Schedule Expression {expression}.") from error
    return kind, text


def period_of(text: str) -> timedelta:
    """The period of a rate: a positive number and a unit."""
    found = re.fullmatch(r"([1-9]\d*) (minute|hour|day)s?", text)
    if not found:
        raise InvalidScheduleError("not a rate")
    return int(found[1]) * UNITS[found[2]]


def cron_occurrences(text: str, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every minute that fits, on the clock of the zone."""
    minutes, hours, months, years, is_day = fields_of(text)
    day, last = after.astimezone(zone).date(), until.astimezone(zone).date()
    while day <= last:
        if day.month in months and day.year in years and is_day(day):
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                    due = local.astimezone(UTC)
                    exists = due.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None)
                    if exists and after < due <= until:
                        yield due
        day += timedelta(days=1)


@cache
def fields_of(text: str) -> tuple[set[int], set[int], set[int], set[int], Days]:
    """Minutes, hours, months, years and a test of the day."""
    fields = text.split()
    if len(fields) != 6:
        raise InvalidScheduleError("not six fields")
    minute, hour, day_of_month, month, day_of_week, year = fields
    if (day_of_month == "?") == (day_of_week == "?"):
        raise InvalidScheduleError("one of the day fields must be ?, and the other must not")
    return (
        values(minute, 0, 59),
        values(hour, 0, 23),
        values(month, 1, 12, MONTHS),
        values(year, 1970, 2199),
        days_of_week(day_of_week) if day_of_month == "?" else days_of_month(day_of_month),
    )


def values(text: str, low: int, high: int, names: Mapping[str, int] | None = None) -> set[int]:
    """What a field of numbers, names, lists, ranges and steps stands for."""

    def number(word: str) -> int:
        value = (names or {}).get(word.upper()) or int(word)
        if not low <= value <= high:
            raise InvalidScheduleError(f"{word} is out of range")
        return value

    found: set[int] = set()
    for part in text.split(","):
        piece = re.fullmatch(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d+))?", part)
        if not piece:
            raise InvalidScheduleError(f"{part} is no value")
        everything, first, last, step = piece.groups()
        start = low if everything else number(first)
        end = number(last) if last else high if everything or step else start
        found.update(range(start, end + 1, int(step or 1)))
    return found


def days_of_month(text: str) -> Days:
    """A test of the day of the month: ``L`` is the last one, and ``15W`` the weekday nearest to the 15th."""
    if text in ("L", "LW"):
        return lambda day: day == nearest(day, last_of(day), weekday=text == "LW")
    if found := re.fullmatch(r"(\d+)W", text):
        [wanted] = values(found[1], 1, 31)
        return lambda day: wanted <= last_of(day) and day == nearest(day, wanted, weekday=True)
    numbers = values(text, 1, 31)
    return lambda day: day.day in numbers


def days_of_week(text: str) -> Days:
    """A test of the day of the week, of which SUN is 1: ``5L`` is the month's last THU, ``3#2`` its second TUE."""
    if text == "L":
        return lambda day: number_of(day) == 7
    if found := re.fullmatch(r"(\w+)L", text):
        [wanted] = values(found[1], 1, 7, DAYS)
        return lambda day: number_of(day) == wanted and day.day > last_of(day) - 7
    if found := re.fullmatch(r"(\w+)#([1-5])", text):
        [wanted], week = values(found[1], 1, 7, DAYS), int(found[2])
        return lambda day: number_of(day) == wanted and (day.day - 1) // 7 + 1 == week
    numbers = values(text, 1, 7, DAYS)
    return lambda day: number_of(day) in numbers


def number_of(day: date) -> int:
    """The number of a day in its week, of which Sunday is 1."""
    return day.isoweekday() % 7 + 1


def last_of(day: date) -> int:
    """The last day of the month."""
    return calendar.monthrange(day.year, day.month)[1]


def nearest(day: date, wanted: int, *, weekday: bool) -> date:
    """A day of the same month, or its nearest weekday within the month."""
    found = day.replace(day=wanted)
    if not weekday or found.isoweekday() < 6:
        return found
    saturday = found.isoweekday() == 6
    step = (-1 if wanted > 1 else 2) if saturday else (1 if wanted < last_of(day) else -2)
    return found + timedelta(days=step)
