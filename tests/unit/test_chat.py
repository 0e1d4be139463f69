"""The form for chat: it follows Amazon Q Developer's schema, and values of others are never markup."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notifier.chat import MAX_DESCRIPTION_LENGTH, plain
from notifier.digest import digest
from notifier.events import Event

from tests.conftest import assert_text
from tests.unit.test_digest import CONSOLE, GOLDEN, NOON, change
from tests.unit.test_digest_accounts import NAMES, SEVERAL, C, alarm, call
from tests.unit.test_digest_properties import size, windows
from tests.unit.test_report import CASES, compared, open_now
from tests.unit.test_report import worded as report

SCHEMA = json.loads((Path(__file__).parent / "chat_schema.json").read_text())
# jsonschema.validate would check the schema itself each time.
FORM = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
LINK = re.compile(r"https://[a-z0-9-]+\.console\.aws\.amazon\.com/[\w/?=#:.%-]+")
# What Slack or Teams interpret: mentions, links, entities, emphasis, code, and channels.
MARKUP = re.compile(r"[<>&*`~|@#\[\]\\]|://|(?<![^\W_])_|_(?![^\W_])")


def test_schema() -> None:
    """The schema itself is valid."""
    FORM.check_schema(SCHEMA)


def chat(events: Sequence[Event], **options: Any) -> dict[str, Any]:
    """The form of the one message about events, which follows the schema."""
    [message] = digest(events, CONSOLE, NAMES, has_chat=True, **options)
    assert message.chat is not None
    FORM.validate(message.chat)
    return message.chat


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("chat-one", [change(1)]),
        ("chat-accounts", [*SEVERAL, call(), alarm(account=C)]),
    ],
)
def test_golden(name: str, events: list[Event]) -> None:
    """The message is the one that a person has read and approved."""
    content = chat(events)["content"]

    lines = [content["title"], "", content["description"], "", *(f"Next: {step}" for step in content["nextSteps"])]
    assert_text(GOLDEN / f"{name}.txt", "\n".join([*lines, f"Keywords: {', '.join(content['keywords'])}"]) + "\n")


def test_form_of_each_protocol() -> None:
    """HTTPS gets the schema; the forms of e-mail, SMS, queues and functions are those without chat."""
    [message] = digest([change(1)], CONSOLE, has_chat=True)
    [other] = digest([change(1)], CONSOLE)

    forms = json.loads(message.publication()["Message"])
    assert json.loads(forms.pop("https")) == message.chat
    assert forms == json.loads(other.publication()["Message"])


def test_metadata() -> None:
    """Notifications about one instance, recorder or alarm share a thread. Custom actions find the subject."""
    metadata = chat([change(1)])["metadata"]

    assert metadata == {
        "threadId": "123456789012-eu-central-1-i-00000000000000001",
        "summary": "EC2 instance i-00000000000000001 is NON_COMPLIANT in eu-central-1 (123456789012)",
        "eventType": "ec2-key-pair-digest",
        "relatedResources": ["i-00000000000000001"],
        "additionalContext": {"accounts": "1", "regions": "1", "part": "1/1", "NON_COMPLIANT": "1"},
    }
    assert chat([change(1, "COMPLIANT", recorded_at=NOON)])["metadata"]["threadId"] == metadata["threadId"]
    assert chat([call()])["metadata"]["threadId"] == "111111111111-eu-central-1-recorder"
    assert chat([alarm()])["metadata"]["threadId"].endswith("-us-east-1-ec2-key-pair-monitor-evaluator-errors")
    assert "threadId" not in chat([change(1), change(2)])["metadata"]


def test_what_has_no_room_is_elsewhere() -> None:
    """The text shows as much as fits, with what needs action first, and says where the rest is."""
    content = chat([change(n, "COMPLIANT", "x" * 256) for n in range(30)] + [change(99, annotation="y" * 256)])[
        "content"
    ]

    lines = content["description"].splitlines()
    assert 7_400 < len(content["description"]) <= MAX_DESCRIPTION_LENGTH
    assert lines[1].startswith("• i-00000000000000063 is NON_COMPLIANT")
    assert lines[-1] == "The rest is in the e-mail and in AWS Config."
    assert "The rest" not in chat([change(n) for n in range(3)])["content"]["description"]


def test_description_at_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of exactly the maximum length is complete. A longer one leaves out an entry."""
    whole = chat([change(1), change(2)])["content"]["description"]
    room = len(whole) + len("\nThe rest is in the e-mail and in AWS Config.")

    monkeypatch.setattr("notifier.chat.MAX_DESCRIPTION_LENGTH", room)
    assert chat([change(1), change(2)])["content"]["description"] == whole
    monkeypatch.setattr("notifier.chat.MAX_DESCRIPTION_LENGTH", room - 1)
    shorter = chat([change(1), change(2)])["content"]["description"]
    assert len(shorter) < room
    assert "i-00000000000000001" not in shorter


@pytest.mark.parametrize("case", ["0", "3", "40", "50000"])
def test_report(case: str) -> None:
    """A report has the form, too, with the oldest first, and never exceeds SNS's limit."""
    numbers, memory = CASES[case]
    message = report(compared(open_now(numbers), memory), has_chat=True)

    assert message.chat is not None
    FORM.validate(message.chat)
    assert size(message) <= 250_000
    if case == "3":
        content = message.chat["content"]
        assert_text(GOLDEN / "chat-report.txt", f"{content['title']}\n\n{content['description']}\n")
    without = report(compared(open_now(numbers), memory))
    if case != "50000":  # which has less room for ids
        assert message._replace(chat=None) == without


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Launched with key pair team_a-2.", "Launched with key pair team_a-2."),
        ("<!channel>", "\N{FULLWIDTH LESS-THAN SIGN}!channel\N{FULLWIDTH GREATER-THAN SIGN}"),
        ("@here", "\N{FULLWIDTH COMMERCIAL AT}here"),
        ("_x_", "\N{FULLWIDTH LOW LINE}x\N{FULLWIDTH LOW LINE}"),
        ("https://evil", "https:\N{FULLWIDTH SOLIDUS}\N{FULLWIDTH SOLIDUS}evil"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    """Signs that a client would interpret are replaced by similar ones. A key pair's name can be copied."""
    assert plain(text) == shown


MENTIONS = ["<!channel>", "<@U123>", "@channel", "&lt;!here&gt;", "<at>all</at>", "\\<", "# title", "> quote"]
LINKS = ["<https://evil.example|AWS>", "[AWS](https://evil.example)", "![x](http://evil)", "http://evil.example"]
HOSTILE = [*MENTIONS, *LINKS, "*bold*", "_x_", "`code`", "~gone~"]
values = st.lists(st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["C", "Z"])), min_size=1).map(
    lambda parts: " ".join(parts)[:256] or "x"
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(values, values)
def test_hostile_values_are_text(value: str, name: str) -> None:
    """No annotation, name, description or caller can mention anybody, make a link, or look like ours."""
    events: list[Event] = [change(1, annotation=value), alarm(description=value), call(caller=value), change(2)]
    [message] = digest(events, CONSOLE, {each.account: name for each in events}, has_chat=True)
    assert message.chat is not None
    FORM.validate(message.chat)
    content = message.chat["content"]

    for text in (content["title"], content["description"], *content["keywords"], message.chat["metadata"]["summary"]):
        lines = [line for line in text.splitlines() if not LINK.fullmatch(line)]
        assert not MARKUP.search("\n".join(lines)), lines
    assert len([line for line in content["description"].splitlines() if LINK.fullmatch(line)]) == 4
    reported = report(compared(open_now([1], annotation=value), None), has_chat=True)
    assert reported.chat is not None
    told = [line for line in reported.chat["content"]["description"].splitlines() if not LINK.fullmatch(line)]
    assert not MARKUP.search("\n".join(told)), told


@pytest.mark.parametrize("limit", [250_000, 45_000])
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=windows())
def test_every_limit_holds(events: list[Event], limit: int) -> None:
    """The form follows the schema, and its bytes count where a digest is split."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("notifier.digest.MAX_BYTES", limit)
        messages = list(digest(events, CONSOLE, NAMES, has_chat=True))
    for message in messages:
        FORM.validate(message.chat)
        told = message.instances + len(message.document["recorder"]) + len(message.document["alarms"])
        assert size(message) == message.size
        assert message.size <= limit or told == 1
