"""The texts of a digest, and that no event of a window is left out.

A person has read the texts under golden/. After a change to the words, write them again and read them:
``GOLDEN=write .venv/bin/python -m pytest tests/unit``.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from notifier.digest import digest
from notifier.events import MAX_ANNOTATION_LENGTH, Change
from notifier.message import Console, Message

from tests.conftest import assert_text

GOLDEN = Path(__file__).parent / "golden"
CONSOLE = Console("console.aws.amazon.com")
HERE = {"account": "123456789012", "region": "eu-central-1", "rule": "ec2-key-pair-monitor"}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NO_KEY = (
    "No key pair was assigned at launch. Launch a replacement with an allowed key pair. "
    "A key pair cannot be added to this instance."
)
NOT_ALLOWED = (
    "Key pair mine is not allowed and cannot be changed after launch. Launch a replacement with an allowed key pair."
)


def change(number: int, verdict: str = "NON_COMPLIANT", annotation: str | None = NO_KEY, **other: Any) -> Change:
    """A change of the instance with a number, so many seconds after noon."""
    values: dict[str, Any] = {
        "instance_id": f"i-{number:017x}",
        "verdict": verdict,
        "recorded_at": NOON + timedelta(seconds=number),
        "annotation": annotation,
    }
    return Change(**(HERE | values | other))


def exempt(value: str) -> str:
    """The annotation of an instance that is exempt by a tag."""
    return f"Exempt by tag owner={value}."


# As long as AWS Config takes it, and most of its characters two columns wide.
AT_THE_LIMIT = exempt(("部門" * MAX_ANNOTATION_LENGTH)[: MAX_ANNOTATION_LENGTH - len(exempt(""))])


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("one", [change(1)]),
        (
            "three",
            [
                change(1, annotation=NOT_ALLOWED),
                change(2, "COMPLIANT", "Exempt by tag Besitzer=Käthe Müller-Lüdenscheidt, Straße der Jugend 5."),
                change(2, recorded_at=NOON),
                change(3, "NOT_APPLICABLE", None),
            ],
        ),
        ("limit", [change(1, "COMPLIANT", AT_THE_LIMIT), change(2, "COMPLIANT", exempt("x" * 100))]),
        ("many", [change(number) for number in range(250)]),
    ],
)  # fmt: skip
def test_golden(name: str, changes: list[Change]) -> None:
    """The e-mail is the one that a person has read and approved."""
    [message] = digest(changes, CONSOLE)

    assert_golden(name, message)


def assert_golden(name: str, message: Message) -> None:
    """Compare an e-mail with the text of that name, or write the text."""
    mail = f"Subject: {message.subject}\nSMS: {message.sms}\n\n{message.text}\n"
    if name.endswith("many"):  # the middle is similar
        lines = mail.splitlines(keepends=True)
        cut = next(n for n, line in enumerate(lines) if n > 60 and not line.startswith((" ", "i-", "\n")))
        mail = "".join([*lines[:11], "[…]\n", *lines[cut - 5 : cut + 5], "[…]\n", *lines[-9:]])
    assert_text(GOLDEN / f"{name}.txt", mail)


def test_document() -> None:
    """Programs get every instance in the form that docs/notifications.md describes."""
    changes = [change(1), change(1, "COMPLIANT", recorded_at=NOON), change(1, "NOT_APPLICABLE", recorded_at=NOON)]

    [message] = digest(changes, CONSOLE)

    link = "https://eu-central-1.console.aws.amazon.com/ec2/home?region=eu-central-1#InstanceDetails:instanceId="
    instance = {
        "instance": "i-00000000000000001",
        "verdict": "NON_COMPLIANT",
        "time": "2026-03-01T12:00:01.000Z",
        "annotation": NO_KEY,
        "rule": "ec2-key-pair-monitor",
        "console": f"{link}i-00000000000000001",
        "earlier_changes": 2,
        "earlier_verdicts": ["COMPLIANT", "NOT_APPLICABLE"],
    }
    regions = [{"region": "eu-central-1", "instances": [instance]}]
    assert message.document == {
        "version": "2",
        "kind": "digest",
        "summary": "EC2 instance i-00000000000000001 is NON_COMPLIANT in eu-central-1 (123456789012)",
        "part": 1,
        "parts": 1,
        "accounts": [{"account": "123456789012", "name": None, "regions": regions}],
        "recorder": [],
        "alarms": [],
    }
    assert "It changed 2 times shortly before that, to COMPLIANT and NOT_APPLICABLE." in message.text.replace(
        "\n  ", " "
    )


def test_document_is_documented() -> None:
    """The document that the page shows is one that a digest makes."""
    page = (Path(__file__).parents[2] / "docs/notifications.md").read_text()

    [message] = digest([change(1)], CONSOLE)

    assert message.document in [json.loads(shown) for shown in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]


def test_publication() -> None:
    """E-mail gets text, SMS one line, everybody else the document. The attributes are for filters."""
    [message] = digest([change(1), change(2, "COMPLIANT", None)], CONSOLE)
    publication = message.publication()

    assert publication.pop("Subject") == message.subject
    forms = json.loads(publication.pop("Message"))
    assert (forms.pop("email"), forms.pop("sms")) == (message.text, message.sms)
    assert json.loads(forms.pop("default")) == message.document
    assert forms == {}
    assert publication == {
        "MessageStructure": "json",
        "MessageAttributes": {
            "kind": {"DataType": "String", "StringValue": "digest"},
            "rules": {"DataType": "String.Array", "StringValue": '["ec2-key-pair-monitor"]'},
            "accounts": {"DataType": "String.Array", "StringValue": '["123456789012"]'},
            "regions": {"DataType": "String.Array", "StringValue": '["eu-central-1"]'},
            "verdicts": {"DataType": "String.Array", "StringValue": '["NON_COMPLIANT","COMPLIANT"]'},
        },
    }


def test_text_is_not_escaped_to_ascii() -> None:
    """Letters outside ASCII are not escaped, which would take more bytes."""
    [message] = digest([change(1, "COMPLIANT", exempt("Käthe"))], CONSOLE)

    assert message.publication()["Message"].count("Käthe") == 2


def test_messages_are_full() -> None:
    """A message is split only if it is full: each message but the last is nearly as large as SNS allows."""
    *full, last = digest([change(number) for number in range(2500)], CONSOLE)

    assert [message.document["part"] for message in (*full, last)] == [1, 2, 3, 4, 5, 6]
    assert all(240_000 < message.size <= 250_000 for message in full)


@pytest.mark.parametrize(
    ("again", "is_one"),
    [
        ({}, True),
        ({"account": "999999999999"}, False),
        ({"region": "us-east-1"}, False),
        ({"rule": "other"}, False),
        ({"instance_id": "i-2"}, False),
        ({"verdict": "COMPLIANT"}, False),
        ({"recorded_at": NOON}, False),
    ],
)
def test_same_change_twice_counts_once(again: dict[str, Any], *, is_one: bool) -> None:
    """A change is recognized by its content, not by the event's id, which differs between regions."""
    messages = list(digest([change(1), change(1, **({"verdict": "NON_COMPLIANT"} | again))], CONSOLE))

    instances = [
        each
        for message in messages
        for account in message.document["accounts"]
        for region in account["regions"]
        for each in region["instances"]
    ]
    assert len(messages) == 1
    assert (len(instances) == 1 and instances[0]["earlier_changes"] == 0) == is_one


def test_last_change_counts_whatever_the_order() -> None:
    """A queue guarantees no order. The time of the result says which change is the last."""
    changes = [change(1, "COMPLIANT", recorded_at=NOON), change(1)]

    assert list(digest(changes, CONSOLE)) == list(digest(changes[::-1], CONSOLE))
    [message] = digest(changes, CONSOLE)
    assert "It changed once shortly before that, to COMPLIANT." in message.text


@pytest.mark.parametrize(
    "region", ["us-east-1", "eu-central-1", "us-gov-west-1", "ap-southeast-1", "a-quite-long-region-12"]
)
def test_longest_subject(region: str) -> None:
    """A subject has less than 100 characters, which SNS requires, and leaves out the account if necessary."""
    verdicts = ["NON_COMPLIANT"] * 12 + ["COMPLIANT"] * 12 + ["NOT_APPLICABLE"] * 12
    [message] = digest([change(n, verdict, None, region=region) for n, verdict in enumerate(verdicts)], CONSOLE)

    whole = f"12 EC2 instances are NON_COMPLIANT, 12 COMPLIANT, 12 NOT_APPLICABLE in {region} (123456789012)"
    assert message.subject == (whole if len(whole) <= 99 else whole.partition(" (")[0])


def test_burst_is_a_handful() -> None:
    """A thousand instances are a few messages, each of which says how many there are."""
    messages = list(digest([change(number) for number in range(1000)], CONSOLE))

    assert len(messages) == 3
    assert [message.subject[-6:] for message in messages] == [" (1/3)", " (2/3)", " (3/3)"]
    assert [(message.document["part"], message.document["parts"]) for message in messages] == [(1, 3), (2, 3), (3, 3)]
    counts = [message.instances for message in messages]
    assert sum(counts) == 1000
    assert messages[0].text.startswith(f"{counts[0]} EC2 instances are NON_COMPLIANT: ")
    assert f"This is part 1 of 3: {counts[0]} of 1000 instances. The others are in" in messages[0].text


def test_one_instance_beyond_the_details() -> None:
    """A single instance that is named only by its id is described in the singular."""
    [message] = digest([change(number) for number in range(26)], CONSOLE)

    assert "\n1 more instance is NON_COMPLIANT. For times and reasons, see AWS Config" in message.text


def test_two_verdicts() -> None:
    """Each verdict has a heading. Ids without details are not called "more" if their verdict has no details."""
    changes = [change(number) for number in range(25)] + [change(number, "COMPLIANT", None) for number in (25, 26)]

    [message] = digest(changes, CONSOLE)

    assert "\nNON_COMPLIANT (25): " in message.text
    assert "\nCOMPLIANT (2): " in message.text
    assert "\n2 instances are COMPLIANT. For times and reasons" in message.text


@pytest.mark.parametrize(("length", "is_whole"), [(140, True), (141, False)])
def test_longest_sms(length: int, *, is_whole: bool) -> None:
    """An SMS names the rule if it fits into 140 characters, which is one SMS. Otherwise it is the subject."""
    rule = "r" * (length - len("EC2 instance i-00000000000000001 is NON_COMPLIANT in eu-central-1 (123456789012)"))
    rule = rule[len(". AWS Config rule ") :]

    [message] = digest([change(1, rule=rule)], CONSOLE)

    assert message.sms == (f"{message.subject}. AWS Config rule {rule}" if is_whole else message.subject)


def test_combining_characters_take_no_room() -> None:
    """Accents that are separate characters do not count for the width of a line."""
    word = "e\N{COMBINING ACUTE ACCENT}" * 78

    [message] = digest([change(1, annotation=word)], CONSOLE)

    assert f"\n  {word}\n" in message.text


def test_nothing_is_no_message() -> None:
    """Without events there is no message."""
    assert list(digest([], CONSOLE)) == []
