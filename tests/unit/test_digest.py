"""What people read, and that nothing is left out whatever a window has collected.

The texts under golden/ were read by a person. After a change to the words, write them anew and read them again:
``GOLDEN=write .venv/bin/python -m pytest tests/unit/test_digest.py``.
"""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notifier.changes import MAX_ANNOTATION_LENGTH, VERDICTS, Change, Origin
from notifier.digest import digest
from notifier.message import Console, Message
from rich.cells import cell_len

GOLDEN = Path(__file__).parent / "golden"
CONSOLE = Console("console.aws.amazon.com")
HERE = Origin("ec2-key-pair-monitor", "123456789012", "eu-central-1")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NO_KEY = "No key pair was assigned at launch and none can be added later: replace the instance."

NOT_ALLOWED = "Key pair mine is not allowed and can't be changed after launch: replace the instance."


def change(number: int, verdict: str = "NON_COMPLIANT", annotation: str | None = NO_KEY, **other: Any) -> Change:
    """A change of the instance with a number, so many seconds after noon."""
    values: dict[str, Any] = {
        "event_id": f"event-{number}-{verdict}",
        "origin": HERE,
        "instance_id": f"i-{number:017x}",
        "verdict": verdict,
        "recorded_at": NOON + timedelta(seconds=number),
        "annotation": annotation,
    }
    return Change(**(values | other))


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
    """The mail reads as a person has read it and found it good."""
    [message] = digest(changes, CONSOLE)
    mail = f"Subject: {message.subject}\nSMS: {message.sms}\n\n{message.text}\n"
    if name == "many":  # the middle is more of the same
        lines = mail.splitlines(keepends=True)
        cut = next(n for n, line in enumerate(lines) if line.startswith("225 more"))
        mail = "".join([*lines[:11], "[…]\n", *lines[cut - 5 : cut + 5], "[…]\n", *lines[-9:]])
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(mail)

    assert mail == path.read_text()


def test_document() -> None:
    """Machines get every instance as docs/notifications.md describes it."""
    changes = [change(1), change(1, "COMPLIANT", recorded_at=NOON), change(1, "NOT_APPLICABLE", recorded_at=NOON)]

    [message] = digest(changes, CONSOLE)

    assert message.document == {
        "version": "1",
        "summary": "EC2 instance i-00000000000000001 is NON_COMPLIANT in eu-central-1 (123456789012)",
        "rule": "ec2-key-pair-monitor",
        "account": "123456789012",
        "region": "eu-central-1",
        "part": 1,
        "parts": 1,
        "instances": [
            {
                "instance": "i-00000000000000001",
                "verdict": "NON_COMPLIANT",
                "time": "2026-03-01T12:00:01.000Z",
                "annotation": NO_KEY,
                "console": "https://eu-central-1.console.aws.amazon.com/ec2/home?region=eu-central-1#InstanceDetails:instanceId=i-00000000000000001",
                "earlier_changes": 2,
                "earlier_verdicts": ["COMPLIANT", "NOT_APPLICABLE"],
            }
        ],
    }
    assert "It changed 2 times shortly before that, to COMPLIANT and NOT_APPLICABLE." in message.text.replace(
        "\n  ", " "
    )


def test_publication() -> None:
    """Mail gets text, SMS a line, everybody else the document; attributes are there to be filtered by."""
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
            "rule": {"DataType": "String", "StringValue": "ec2-key-pair-monitor"},
            "account": {"DataType": "String", "StringValue": "123456789012"},
            "region": {"DataType": "String", "StringValue": "eu-central-1"},
            "verdicts": {"DataType": "String.Array", "StringValue": '["NON_COMPLIANT","COMPLIANT"]'},
        },
    }


def test_text_is_not_escaped_to_ascii() -> None:
    """A letter beyond ASCII takes no more of a message's bytes than it must."""
    [message] = digest([change(1, "COMPLIANT", exempt("Käthe"))], CONSOLE)

    assert message.publication()["Message"].count("Käthe") == 2


def test_split_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two instances whose message is as large as it may be are told in one, and in two if it is a byte larger."""
    changes = [change(1), change(2)]
    [whole] = digest(changes, CONSOLE)

    monkeypatch.setattr("notifier.digest.MAX_BYTES", whole.size)
    assert len(digest(changes, CONSOLE)) == 1
    monkeypatch.setattr("notifier.digest.MAX_BYTES", whole.size - 1)
    assert len(digest(changes, CONSOLE)) == 2
    assert len(digest([*changes, change(3), change(4)], CONSOLE)) == 4


def test_same_event_twice_counts_once() -> None:
    """An event that was delivered twice is one change, and not an instance that changed twice."""
    [message] = digest([change(1), change(1)], CONSOLE)

    assert message.document["instances"][0]["earlier_changes"] == 0


def test_last_change_counts_whatever_the_order() -> None:
    """A queue promises no order: the time of the result says which change is the last."""
    changes = [change(1, "COMPLIANT", recorded_at=NOON), change(1)]

    assert digest(changes, CONSOLE) == digest(changes[::-1], CONSOLE)
    [message] = digest(changes, CONSOLE)
    assert "It changed once shortly before that, to COMPLIANT." in message.text


@pytest.mark.parametrize("length", range(1, 21))
def test_longest_subject(length: int) -> None:
    """A subject has less than 100 characters, which is what SNS takes, and leaves out the account where it must."""
    origin = HERE._replace(region="r" * length)
    verdicts = ["NON_COMPLIANT"] * 12 + ["COMPLIANT"] * 12 + ["NOT_APPLICABLE"] * 12
    [message] = digest([change(n, verdict, None, origin=origin) for n, verdict in enumerate(verdicts)], CONSOLE)

    whole = f"{message.subject.partition(' (')[0]} (123456789012)"
    assert len(message.subject) <= 99
    assert message.subject == (whole if len(whole) <= 99 else whole.partition(" (")[0])


def test_burst_is_a_handful() -> None:
    """A thousand instances are a few messages, each of which says how many there are."""
    messages = digest([change(number) for number in range(1000)], CONSOLE)

    assert len(messages) == 2
    assert [message.subject[-6:] for message in messages] == [" (1/2)", " (2/2)"]
    assert [(message.document["part"], message.document["parts"]) for message in messages] == [(1, 2), (2, 2)]
    assert messages[0].text.startswith("500 EC2 instances are NON_COMPLIANT: ")
    assert "This is part 1 of 2: 500 of 1000 instances. The others are in mails of" in messages[0].text


def test_one_instance_beyond_the_details() -> None:
    """A single instance that is told by its id only is told in the singular."""
    [message] = digest([change(number) for number in range(26)], CONSOLE)

    assert "\n1 more instance is NON_COMPLIANT. When and why is in AWS Config" in message.text


def test_two_verdicts() -> None:
    """Each verdict has a heading, and where the details of one leave no room, the other's ids are not told as more."""
    changes = [change(number) for number in range(25)] + [change(number, "COMPLIANT", None) for number in (25, 26)]

    [message] = digest(changes, CONSOLE)

    assert "\nNON_COMPLIANT (25): " in message.text
    assert "\nCOMPLIANT (2): " in message.text
    assert "\n2 instances are COMPLIANT. When and why" in message.text


@pytest.mark.parametrize(("length", "is_whole"), [(140, True), (141, False)])
def test_longest_sms(length: int, *, is_whole: bool) -> None:
    """An SMS names the rule where 140 characters, which is one SMS, hold it, and is the subject otherwise."""
    rule = "r" * (length - len("EC2 instance i-00000000000000001 is NON_COMPLIANT in eu-central-1 (123456789012)"))
    rule = rule[len(". AWS Config rule ") :]

    [message] = digest([change(1, origin=HERE._replace(rule=rule))], CONSOLE)

    assert message.sms == (f"{message.subject}. AWS Config rule {rule}" if is_whole else message.subject)


def test_combining_characters_take_no_room() -> None:
    """A word whose accents are characters of their own fits a line by what a person sees of it."""
    word = "e\N{COMBINING ACUTE ACCENT}" * 78

    [message] = digest([change(1, annotation=word)], CONSOLE)

    assert f"\n  {word}\n" in message.text


def test_nothing_is_no_message() -> None:
    """Without a change there is nothing to say."""
    assert digest([], CONSOLE) == []


# Whatever there is

origins = st.builds(
    Origin,
    rule=st.sampled_from(["key-pairs", "r" * 128]),
    account=st.sampled_from(["123456789012", "999999999999"]),
    region=st.sampled_from(["eu-central-1", "ap-southeast-1", "r" * 20]),
)
ODD = [NO_KEY, AT_THE_LIMIT, "🗝" * 256, "🚀" * 256, '"' * 256, "\\" * 256]
# Without other symbols and numbers, of which Python's Unicode and rich's take different ones for wide.
annotations = st.none() | st.sampled_from(ODD) | st.text(
    st.characters(exclude_categories=["C", "Z", "So", "No"]), min_size=1, max_size=256
)  # fmt: skip


@st.composite
def windows(draw: st.DrawFn) -> list[Change]:
    """What a window may collect: events that come twice, instances that change often, now and then very many."""
    rest = draw(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(VERDICTS), annotations, origins), max_size=12))
    changes: list[Change] = [
        change(instance, verdict, text, origin=origin, event_id=f"event-{number}")
        for number, (instance, verdict, text, origin) in enumerate(rest)
    ]
    if changes:
        changes += draw(st.lists(st.sampled_from(changes), max_size=3))
    many, text, origin = draw(st.sampled_from([0, 0, 24, 25, 26, 600, 900])), draw(annotations), draw(origins)
    of: tuple[str, ...] = draw(st.sampled_from([VERDICTS, VERDICTS[:1]]))
    return changes + [change(n, of[n % len(of)], text, origin=origin) for n in range(100, 100 + many)]


def size(message: Message) -> int:
    """What SNS counts of a message, and its subject, written in another way."""
    publication = message.publication()
    attributes = publication["MessageAttributes"]
    parts = [publication["Message"], publication["Subject"], *attributes]
    parts += [text for each in attributes.values() for text in each.values()]
    return len("".join(parts).encode())


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(windows())
def test_every_limit_holds(changes: list[Change]) -> None:
    """Subject, SMS, width and size are what SNS takes and people read."""
    for message in digest(changes, CONSOLE):
        assert re.fullmatch(r"[A-Za-z0-9][ -~]{0,98}", message.subject)
        assert re.fullmatch(r"[ -~]{1,140}", message.sms)
        assert size(message) == message.size <= 250_000
        for line in message.text.split("\n"):
            assert cell_len(line) <= 80 or re.fullmatch(r" *https://\S+", line), line
            assert line == line.rstrip()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(windows())
def test_every_change_is_told_once(changes: list[Change]) -> None:
    """Each instance is in one message, in its text and document, with its last verdict; and no event is left out."""
    messages = digest(changes, CONSOLE)

    assert sorted(each for message in messages for each in message.event_ids) == sorted({c.event_id for c in changes})
    told = {}
    for message in messages:
        document = message.document
        origin = Origin(document["rule"], document["account"], document["region"])
        assert {name: message.attributes[name] for name in origin._fields} == origin._asdict()
        for each in document["instances"]:
            assert (origin, each["instance"]) not in told
            told[origin, each["instance"]] = each
            assert each["instance"] in message.text.split("What to do:")[0]
        assert set(message.attributes["verdicts"]) == {each["verdict"] for each in document["instances"]}
        assert document["parts"] == len([m for m in messages if list(m.attributes.values())[:3] == list(origin)])
    for (origin, instance), each in told.items():
        history = {c.event_id: c for c in changes if (c.origin, c.instance_id) == (origin, instance)}.values()
        last = max(c.recorded_at for c in history)
        ends = {(c.verdict, c.annotation) for c in history if c.recorded_at == last}
        assert (each["verdict"], each["annotation"]) in ends
        assert each["earlier_changes"] == len(history) - 1
    assert set(told) == {(c.origin, c.instance_id) for c in changes}


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(windows())
def test_cut_says_how_much(changes: list[Change]) -> None:
    """What a text tells by its id only is counted, and the text says where the rest is."""
    for message in digest(changes, CONSOLE):
        text = " ".join(message.text.split())
        details = len(re.findall(r"\bi-\w+, \d{4}-", text))
        counted = sum(
            int(n) for n in re.findall(r"(\d+) (?:more )?instances? (?:is|are) \w+\. When and why is in", text)
        )
        assert details + counted == len(message.document["instances"])
        assert details == min(25, len(message.document["instances"]))
