"""A digest of many accounts and regions, of calls of the recorder and of alarms: what people read, and in which order.

The texts under golden/ are written like those of test_digest.py.
"""

import json
from datetime import timedelta
from typing import Any

import pytest
from notifier.digest import digest
from notifier.events import Alarm, Change, Event, RecorderCall, parse
from notifier.message import Message

from tests.support.handlers import EVENTS
from tests.unit.test_digest import CONSOLE, NOON, assert_golden, change

A, B, C = "111111111111", "222222222222", "333333333333"
NAMES = {A: "production", B: "Entwicklung München"}


def call(number: int = 0, account: str = A, **other: Any) -> RecorderCall:
    """A call of the recorder so many seconds after noon."""
    at, caller = NOON + timedelta(seconds=number), f"arn:aws:sts::{account}:assumed-role/admin/jane"
    made = RecorderCall(account, "eu-central-1", "StopConfigurationRecorder", at, f"call-{number}", caller)
    return made._replace(**other)


def alarm(number: int = 0, account: str = A, **other: Any) -> Alarm:
    """An alarm that was raised so many seconds after noon."""
    at, why = NOON + timedelta(seconds=number), "The evaluator failed: verdicts are late or missing."
    return Alarm(account, "us-east-1", "ec2-key-pair-monitor-evaluator-errors", "ALARM", at, why)._replace(**other)


def sections(message: Message) -> list[tuple[str, list[str]]]:
    """The accounts and regions of a document, in their order."""
    return [
        (account["account"], [region["region"] for region in account["regions"]])
        for account in message.document["accounts"]
    ]


SEVERAL = [
    change(1, account=A),
    change(2, account=B),
    change(3, account=B, region="us-east-1"),
    change(4, account=B, region="us-east-1", recorded_at=NOON),
    change(5, "COMPLIANT", "Launched with key pair ops.", account=B, region="us-east-1"),
    change(6, "COMPLIANT", None, account=C, region="us-west-2"),
]


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("accounts", [*SEVERAL, call(), alarm(account=C)]),
        ("accounts-many", [change(n, account=f"{10**11 + n % 40}", region="us-east-1") for n in range(60)]),
        ("regions", [change(1), change(2, region="us-east-1"), change(3, region="us-east-1")]),
        ("recorder", [call(), call(1, call="PutConfigurationRecorder", caller=None)]),
        ("alarm", [alarm(state="INSUFFICIENT_DATA")]),
    ],
)
def test_golden(name: str, events: list[Event]) -> None:
    """The e-mail is the one that a person has read and approved."""
    [message] = digest(events, CONSOLE, NAMES)

    assert_golden(name, message)


def test_order() -> None:
    """Accounts and regions with most to do come first, whatever the order of events; equals are sorted by name."""
    [message] = digest(SEVERAL, CONSOLE)
    [again] = digest(SEVERAL[::-1], CONSOLE)

    assert sections(message) == [(B, ["us-east-1", "eu-central-1"]), (A, ["eu-central-1"]), (C, ["us-west-2"])]
    assert again == message
    assert message.attributes == {
        "kind": "digest",
        "rules": ["ec2-key-pair-monitor"],
        "accounts": [A, B, C],
        "regions": ["eu-central-1", "us-east-1", "us-west-2"],
        "verdicts": ["NON_COMPLIANT", "COMPLIANT"],
    }


def test_calls_and_alarms_come_first() -> None:
    """Calls of the recorder and alarms have sections of their own before the instances, and entries in the document."""
    [message] = digest([*SEVERAL, alarm(account=C), call()], CONSOLE, NAMES)

    headings = ["AWS Config may no longer record", "A monitor may be broken", "Account Entwicklung"]
    places = [message.text.index(heading) for heading in headings]
    assert places == sorted(places)
    assert message.document["recorder"] == [
        {
            "account": A,
            "region": "eu-central-1",
            "call": "StopConfigurationRecorder",
            "time": "2026-03-01T12:00:00.000Z",
            "caller": f"arn:aws:sts::{A}:assumed-role/admin/jane",
            "console": "https://eu-central-1.console.aws.amazon.com/config/home?region=eu-central-1#/settings",
        }
    ]
    [described] = message.document["alarms"]
    assert (described["account"], described["region"], described["state"]) == (C, "us-east-1", "ALARM")
    assert described["console"].startswith("https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#")
    assert {account["name"] for account in message.document["accounts"]} == {"production", "Entwicklung München", None}


def test_call_of_the_recorder_has_no_verdict() -> None:
    """A filter on verdicts or rules does not match a message without any, because SNS gets no empty list."""
    [message] = digest([call(), alarm()], CONSOLE)

    assert set(message.attributes) == {"kind", "accounts", "regions"}
    assert message.subject == "1 recorder call, 1 alarm in account 111111111111, 2 regions"
    assert message.sms == message.subject
    assert "What to do" not in message.text


@pytest.mark.parametrize("one", [call(), alarm(), change(1)])
def test_same_event_twice_counts_once(one: Event) -> None:
    """An event that was delivered twice is notified once."""
    assert list(digest([one, one], CONSOLE)) == list(digest([one], CONSOLE))


def test_same_call_in_two_envelopes() -> None:
    """A call is known by CloudTrail's id, an alarm by its name, place and time."""
    [message] = digest([call(event_id="a"), call(event_id="b"), alarm(), alarm(1), alarm(account=B)], CONSOLE)

    assert len(message.document["recorder"]) == 2
    assert len(message.document["alarms"]) == 3


def test_message_for_each_account() -> None:
    """With separate messages for accounts, each message is about only one account, and its text says so."""
    messages = list(digest([*SEVERAL, call(), alarm(account=C)], CONSOLE, by_account=True))

    assert [message.attributes["accounts"] for message in messages] == [[A], [B], [C]]
    assert all(message.document["parts"] == 1 for message in messages)
    for message, own in zip(messages, (A, B, C), strict=True):
        told = message.text + json.dumps(message.document)
        assert not [other for other in (A, B, C) if other in told and other != own]
    assert list(digest([change(1)], CONSOLE, by_account=True)) == list(digest([change(1)], CONSOLE))


def test_accounts_are_not_split() -> None:
    """Messages are split between accounts. Only a very long account is split, with the number of its instances."""
    events = [change(n, account=A) for n in range(700)] + [
        change(n, account=f"{10**11 + number}") for number in range(20) for n in range(30)
    ]

    messages = list(digest(events, CONSOLE))

    whole: dict[str, int] = {}
    for message in messages:
        for account, _ in sections(message):
            whole[account] = whole.get(account, 0) + 1
    assert whole.pop(A) == 2
    assert set(whole.values()) == {1}
    assert " of 700, " in messages[0].text
    assert " of 700, " in messages[1].text
    assert all(message.size > 200_000 for message in messages[:-1])


def test_two_thousand_accounts() -> None:
    """The number of messages depends only on their bytes, not on the number of accounts."""
    events = [change(n, account=f"{10**11 + n % 2000}") for n in range(2500)]

    messages = list(digest(events, CONSOLE))

    assert len(messages) == -(-sum(message.size for message in messages) // 250_000)
    assert sum(message.instances for message in messages) == 2500


def test_details_are_for_what_asks_for_action() -> None:
    """Time and link are given for instances without a key pair first, in any account. The rest has only ids."""
    events = [change(n, "COMPLIANT", None, account=A) for n in range(30)] + [change(99, account=A)]
    events += [change(100 + n, account=B, region="us-east-1") for n in range(2)]

    [message] = digest(events, CONSOLE)

    lines = message.text.splitlines()
    assert len([line for line in lines if "UTC, NON_COMPLIANT" in line]) == 3
    assert len([line for line in lines if "UTC, COMPLIANT" in line]) == 22
    assert any(line.startswith("8 more COMPLIANT: i-") for line in lines)


def test_more_calls_and_alarms_than_are_described() -> None:
    """With very many calls and alarms, each one has at least a line that says what and where."""
    [message] = digest([*map(call, range(27)), *map(alarm, range(26))], CONSOLE)

    assert message.text.count("Called in account") == 25
    assert "\n2 more calls:\n  StopConfigurationRecorder, account 111111111111, eu-central-1\n" in message.text
    assert "\n1 more alarm:\n  ec2-key-pair-monitor-evaluator-errors, account" in message.text


@pytest.mark.parametrize(
    ("events", "subject"),
    [
        ([change(1), change(2, account=B)], "2 EC2 instances are NON_COMPLIANT in 2 accounts, eu-central-1"),
        (
            [change(1, region="us-east-1"), change(2)],
            "2 EC2 instances are NON_COMPLIANT in account 123456789012, 2 regions",
        ),
        ([call()], f"StopConfigurationRecorder was called on AWS Config in eu-central-1 ({A})"),
        ([alarm()], f"Alarm ec2-key-pair-monitor-evaluator-errors is in ALARM in us-east-1 ({A})"),
        ([alarm(name="a" * 255)], f"1 alarm in us-east-1 ({A})"),
        (
            [change(n, v, account=f"{10**11 + n}", region=r) for n in range(99) for v in ("NON_COMPLIANT", "COMPLIANT")
             for r in ("us-east-1", "us-west-2")],
            "198 EC2 instances are NON_COMPLIANT in 99 accounts, 2 regions",
        ),
        (
            [change(n, ("NON_COMPLIANT", "COMPLIANT", "NOT_APPLICABLE")[n % 3], account=f"{10**11 + n % 100}")
             for n in range(300)],
            "100 EC2 instances are NON_COMPLIANT, 100 COMPLIANT, 100 NOT_APPLICABLE in 100 accounts",
        ),
        (
            [change(n, ("NON_COMPLIANT", "COMPLIANT", "NOT_APPLICABLE")[n % 3], account=f"{10**11 + n % 10}")
             for n in range(300)] + [call(n) for n in range(10)],
            "100 EC2 instances are NON_COMPLIANT, 100 COMPLIANT, 100 NOT_APPLICABLE, 10 recorder calls",
        ),
        (
            [change(n, ("NON_COMPLIANT", "COMPLIANT", "NOT_APPLICABLE")[n % 3]) for n in range(300)]
            + [call(n) for n in range(10)] + [alarm(n) for n in range(10)],
            "300 EC2 instances, 10 recorder calls, 10 alarms in 2 accounts, 2 regions",
        ),
    ],
)  # fmt: skip
def test_subject(events: list[Event], subject: str) -> None:
    """A subject says what, and in how many accounts and regions. If it is too long, it first omits the regions."""
    [message] = digest(events, CONSOLE)

    assert message.subject == subject


def test_events_of_the_service_are_told() -> None:
    """One event of each kind, as AWS documents it, is one message about one place."""
    samples = [parse((EVENTS / f"{name}.json").read_text()) for name in ("compliance_change", "recorder_call", "alarm")]

    [message] = digest(samples, CONSOLE)

    assert [type(each) for each in samples] == [Change, RecorderCall, Alarm]
    assert message.subject == "1 EC2 instance is NON_COMPLIANT, 1 recorder call, 1 alarm in eu-central-1 (123456789012)"
    assert "assumed-role/admin/jane" in message.text
