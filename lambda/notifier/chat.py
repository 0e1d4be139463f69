"""The form for chat: what Amazon Q Developer in chat applications shows in Slack and Microsoft Teams.

It subscribes to the topic by HTTPS and drops whatever is neither an event of AWS nor of this schema:
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html

Both clients interpret markup, each another one, so the text has none: only links that stand for themselves. What others
wrote (annotations, names, descriptions) goes through ``plain``, and can neither mention anybody nor look like a link.
Pure: no I/O, no clock, no boto3.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from notifier.events import Alarm, Change, Event, RecorderCall
from notifier.message import Console
from notifier.wording import CHECK_THE_RECORDER, MAX_DETAILED, Part, advice, place, sentences

# Unverified: only an issue tracker gives these limits; the page above does not.
MAX_TITLE_LENGTH = 250
MAX_DESCRIPTION_LENGTH = 8_000

# What the form adds to a message at most: a character of a description takes up to four bytes, in UTF-8 as well as
# escaped for JSON in JSON; the rest is bounded by the subject, 25 ids and constants.
MAX_CHAT_BYTES = 4 * MAX_DESCRIPTION_LENGTH + 6_000

# Signs that Slack or Teams interpret, and their full-width forms, which neither does (unverified). No escape serves
# both: a backslash is Teams's, an entity Slack's.
_FULL_WIDTH = {ord(sign): ord(sign) + 0xFEE0 for sign in "<>&*`~|@#[]\\"}
_UNDERLINE, _SLASH = chr(ord("_") + 0xFEE0), chr(ord("/") + 0xFEE0)
# Within a word it means itself, as in a key pair's name; elsewhere it begins or ends italics.
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")


def plain(text: str) -> str:
    """A text that others wrote, without anything that a client would interpret."""
    return _UNDERSCORE.sub(_UNDERLINE, text.translate(_FULL_WIDTH)).replace("://", f":{_SLASH}{_SLASH}")


def notification(part: Part, subject: str, console: Console, names: Mapping[str, str]) -> dict[str, Any]:
    """A part of a digest, in the schema."""
    steps = [CHECK_THE_RECORDER] if part.calls else []
    if part.instances:
        step = advice(part).removeprefix("What to do: ")
        steps.append(step[0].upper() + step[1:])
    keywords = [*part.verdicts, *(["AWS Config recorder"] if part.calls else []), *(["alarm"] if part.alarms else [])]
    metadata: dict[str, Any] = {
        "summary": plain(subject),
        "eventType": "ec2-key-pair-digest",
        "relatedResources": [each.last.instance_id for each in part.instances[:MAX_DETAILED]],
        "additionalContext": {
            "accounts": str(len({each.account for each in part.events})),
            "regions": str(len({each.region for each in part.events})),
            "part": f"{part.number}/{part.parts}",
        }
        | {verdict: str(len(found)) for verdict, found in part.verdicts.items()},
    }
    if len(part.events) == 1:
        metadata["threadId"] = _thread(part.events[0])
    told = [_entry(each, console, names) for each in _told(part)]
    description = described([plain(each) for each in sentences(part, names)], told, len(part.events))
    return schema(plain(subject), description, steps, keywords, metadata)


def schema(
    title: str, description: str, steps: list[str], keywords: list[str], metadata: Mapping[str, Any]
) -> dict[str, Any]:
    """What every notification of the schema has."""
    return {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": title[:MAX_TITLE_LENGTH],
            "description": description,
            "nextSteps": steps,
            "keywords": keywords,
        },
        "metadata": metadata,
    }


def _thread(event: Event) -> str:
    """News of the same instance, recorder or alarm share a thread."""
    match event:
        case Change():
            what = event.instance_id
        case RecorderCall():
            what = "recorder"
        case Alarm():
            what = event.name
    return f"{event.account}-{event.region}-{what}"


def described(sentences: Sequence[str], entries: Sequence[str], count: int) -> str:
    """Sentences, and as many of the entries as have room; ``count`` is how many there are, here and elsewhere."""
    last = "The rest is in the e-mail and in AWS Config."
    room = (
        MAX_DESCRIPTION_LENGTH + 1 - sum(len(each) + 1 for each in (*sentences, last))
    )  # no line break after the last
    shown = 0
    while shown < len(entries) and len(entries[shown]) < room:
        room -= len(entries[shown]) + 1
        shown += 1
    return "\n".join([*sentences, *entries[:shown], *([last] if shown < count else [])])


def entry(text: str, link: str) -> str:
    """What is told of one instance, call or alarm, and where more is."""
    return f"• {plain(text.rstrip())}\n{link}"


def _told(part: Part) -> list[Event]:
    """What may be told, those that ask for action first."""
    changes = [each.last for found in part.verdicts.values() for each in found]
    return [*part.calls[:MAX_DETAILED], *part.alarms[:MAX_DETAILED], *changes[:MAX_DETAILED]]


def _entry(event: Event, console: Console, names: Mapping[str, str]) -> str:
    where = place(event, names)
    match event:
        case Change():
            what = f"{event.instance_id} is {event.verdict}, {event.recorded_at:%Y-%m-%d %H:%M:%S} UTC, {where}."
            more, link = event.annotation, console.instance(event.region, event.instance_id)
        case RecorderCall():
            what = f"{event.call}, {event.called_at:%Y-%m-%d %H:%M:%S} UTC, {where}."
            more, link = f"Called by {event.caller or 'somebody unknown'}.", console.recorder(event.region)
        case Alarm():
            what = f"{event.name} is in {event.state}, {event.changed_at:%Y-%m-%d %H:%M:%S} UTC, {where}."
            more, link = event.description, console.alarm(event.region, event.name.replace("_", "%5F"))
    return entry(f"{what} {more}" if more else what, link)
