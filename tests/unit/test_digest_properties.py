"""For any events of a window: nothing is left out, nothing is described twice, and every limit holds."""

import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notifier.digest import digest
from notifier.events import VERDICTS, Alarm, Change, Event, RecorderCall
from notifier.message import Message
from rich.cells import cell_len

from tests.unit.test_digest import AT_THE_LIMIT, CONSOLE, NO_KEY, change
from tests.unit.test_digest_accounts import alarm, call

ACCOUNTS = ["123456789012", "999999999999", "111111111111"]
NAMES = {"999999999999": "ü" * 50, "111111111111": "production"}
REGIONS = ["eu-central-1", "ap-southeast-1", "us-gov-west-1"]
places = st.fixed_dictionaries({"account": st.sampled_from(ACCOUNTS), "region": st.sampled_from(REGIONS)})
rules = st.sampled_from(["key-pairs", "r" * 128])
ODD = [NO_KEY, AT_THE_LIMIT, "🗝" * 256, "🚀" * 256, '"' * 256, "\\" * 256]
# Without other symbols and numbers, of which Python's Unicode and rich's take different ones for wide.
annotations = st.none() | st.sampled_from(ODD) | st.text(
    st.characters(exclude_categories=["C", "Z", "So", "No"]), min_size=1, max_size=256
)  # fmt: skip
others = st.tuples(st.integers(0, 30), places, st.sampled_from([call, alarm]))


@st.composite
def windows(draw: st.DrawFn) -> list[Event]:
    """Generate windows: with repeated events, instances that change often, and sometimes very many of them."""
    several = st.tuples(st.integers(0, 9), st.sampled_from(VERDICTS), annotations, places, rules)
    events: list[Event] = [
        change(instance, verdict, text, rule=rule, **where)
        for instance, verdict, text, where, rule in draw(st.lists(several, max_size=12))
    ]
    made: Any
    for number, where, made in draw(st.lists(others, max_size=6)):
        events += [made(number, **where)] * (28 if number == 30 else 1)
    if events:
        events += draw(st.lists(st.sampled_from(events), max_size=3))
    many, text, where = draw(st.sampled_from([0, 0, 24, 25, 26, 600, 900])), draw(annotations), draw(places)
    of: tuple[str, ...] = draw(st.sampled_from([VERDICTS, VERDICTS[:1]]))
    spread = draw(st.booleans())
    return events + [
        change(n, of[n % len(of)], text, **(where | ({"account": f"{10**11 + n}"} if spread else {})))
        for n in range(100, 100 + many)
    ]


def size(message: Message) -> int:
    """Count the bytes of a message like SNS, and of its subject, in an independent way."""
    publication = message.publication()
    attributes = publication["MessageAttributes"]
    parts = [publication["Message"], publication["Subject"], *attributes]
    parts += [text for each in attributes.values() for text in each.values()]
    return len("".join(parts).encode())


@pytest.mark.parametrize("limit", [250_000, 20_000, 1_000])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=windows())
def test_every_limit_holds(events: list[Event], limit: int) -> None:
    """Subject, SMS, width and size are what SNS takes and people read; a message that is too large tells one event."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("notifier.digest.MAX_BYTES", limit)
        messages = list(digest(events, CONSOLE, NAMES))
    for message in messages:
        assert re.fullmatch(r"[A-Za-z0-9][ -~]{0,98}", message.subject)
        assert re.fullmatch(r"[ -~]{1,140}", message.sms)
        told = message.instances + len(message.document["recorder"]) + len(message.document["alarms"])
        assert size(message) == message.size
        assert message.size <= limit or told == 1
        for line in message.text.split("\n"):
            assert cell_len(line) <= 80 or re.fullmatch(r" *https://\S+", line), line
            assert line == line.rstrip()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(windows(), st.booleans())
def test_every_event_is_told_once(events: list[Event], by_account: bool) -> None:  # noqa: FBT001
    """Each instance, call and alarm is in one message, in its text and document; and no event is left out."""
    messages = list(digest(events, CONSOLE, NAMES, by_account=by_account))

    assert Counter(key for message in messages for key in message.keys) == Counter({each.key for each in events})
    told: dict[tuple[str, ...], dict[str, Any]] = {}
    for message in messages:
        accounts = message.document["accounts"]
        for account, region, each in [(a, r, i) for a in accounts for r in a["regions"] for i in r["instances"]]:
            name: tuple[str, ...] = account["account"], region["region"], each["rule"], each["instance"]
            assert name not in told
            told[name] = each
            assert each["instance"] in message.text.split("What to do:")[0]
        recorder, alarms = message.document["recorder"], message.document["alarms"]
        mentioned = [*accounts, *recorder, *alarms]
        assert message.attributes["accounts"] == sorted({each["account"] for each in mentioned})
        assert len(message.attributes["accounts"]) == 1 or not by_account
        assert all(each["call"] in message.text for each in recorder)
        assert all(each["alarm"] in message.text for each in alarms)
    histories: dict[tuple[str, ...], list[Change]] = {}
    for event in events:
        if isinstance(event, Change):
            histories.setdefault(event[:4], []).append(event)
    assert set(told) == set(histories)
    for told_name, each in told.items():
        history = histories[told_name]
        last = max(c.recorded_at for c in history)
        assert (each["verdict"], each["annotation"]) in {(c.verdict, c.annotation) for c in history
                                                         if c.recorded_at == last}  # fmt: skip
        assert each["earlier_changes"] == len({c.key for c in history}) - 1
    for kind, entries in ((RecorderCall, "recorder"), (Alarm, "alarms")):
        distinct = {each.key for each in events if isinstance(each, kind)}
        assert sum(len(message.document[entries]) for message in messages) == len(distinct)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(windows(), st.randoms(use_true_random=False))
def test_order_of_events_does_not_matter(events: list[Event], random: Any) -> None:
    """A queue guarantees no order, so the messages are the same for every order."""
    shuffled = random.sample(events, len(events))

    assert list(digest(shuffled, CONSOLE)) == list(digest(events, CONSOLE))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(windows())
def test_as_many_as_there_is_room_for_are_described(events: list[Event]) -> None:
    """Time and link are given of 25 instances, or of all where there are fewer."""
    for message in digest(events, CONSOLE):
        described = len(re.findall(r"\bi-\w+, \d{4}-", " ".join(message.text.split())))
        assert described == min(25, message.instances)
