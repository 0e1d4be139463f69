"""The form for chat, which Amazon Q Developer in chat applications shows in Slack and Microsoft Teams.

Amazon Q Developer subscribes to the topic by HTTPS. It drops every message that is neither an AWS event nor has this
schema:
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html

Slack and Teams interpret different markup, so the text has none, only plain URLs. Values of others (annotations, names,
descriptions) go through ``plain``, so that they can neither mention a person nor look like a link.
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

# The most bytes that the form adds to a message. A character of the description takes up to four bytes, in UTF-8 or
# escaped for JSON inside JSON. The rest is limited: the subject, 25 ids and constants.
MAX_CHAT_BYTES = 4 * MAX_DESCRIPTION_LENGTH + 6_000

# Signs that Slack or Teams interpret, and their full-width forms, which neither interprets (unverified). No escape
# works in both: Teams has backslashes, Slack has entities.
_FULL_WIDTH = {ord(sign): ord(sign) + 0xFEE0 for sign in "<>&*`~|@#[]\\"}
_UNDERLINE, _SLASH = chr(ord("_") + 0xFEE0), chr(ord("/") + 0xFEE0)
# Inside a word, such as a key pair's name, it is text. Elsewhere it begins or ends italics.
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")


def plain(text: str) -> str:
    """Return a text without the signs that Slack or Teams would interpret."""
    return _UNDERSCORE.sub(_UNDERLINE, text.translate(_FULL_WIDTH)).replace("://", f":{_SLASH}{_SLASH}")


def notification(part: Part, subject: str, console: Console, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a part of a digest in the form for chat."""
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
    """Return the fields that every notification in chat has."""
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
    """Return the thread: notifications about the same instance, recorder or alarm share one."""
    match event:
        case Change():
            what = event.instance_id
        case RecorderCall():
            what = "recorder"
        case Alarm():
            what = event.name
    return f"{event.account}-{event.region}-{what}"


def described(sentences: Sequence[str], entries: Sequence[str], count: int) -> str:
    """Return sentences and as many entries as fit. ``count`` is the number of all entries, also in other parts."""
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
    """Return the description of one instance, call or alarm, with a link."""
    return f"• {plain(text.rstrip())}\n{link}"


def _told(part: Part) -> list[Event]:
    """Return the events to describe; those that need action come first."""
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
