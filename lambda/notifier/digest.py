"""The notification: compliance changes in, messages out, each in a form that its subscribers can use.

Pure: no I/O, no clock, no boto3. What SNS takes is at https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from unicodedata import combining, east_asian_width

from notifier.changes import VERDICTS, Change, Origin

# The version of the JSON document; it grows when a reader of the last one would no longer understand.
VERSION = "1"

# A subject is ASCII without control characters, starts with a letter, a digit or a punctuation mark, and has less than
# 100 characters.
MAX_SUBJECT_LENGTH = 99
# One part of an SMS, whatever the alphabet.
MAX_SMS_LENGTH = 140
# SNS takes 262,144 bytes, message attributes counted. The rest is for the envelope in which queues get the message.
MAX_BYTES = 250_000

COLUMNS = 80
# A mail tells when and why of this many instances, and of more just their ids.
MAX_DETAILED = 25

MEANINGS = {
    "NON_COMPLIANT": "launched without a key pair that is allowed",
    "COMPLIANT": "launched with a key pair that is allowed, or exempt",
    "NOT_APPLICABLE": "terminated, or no longer recorded or in scope",
}


class News(NamedTuple):
    """What there is to tell of one instance: its last change, and those that it replaced."""

    last: Change
    earlier: tuple[Change, ...] = ()


class Message(NamedTuple):
    """One notification.

    Attributes:
        subject: of a mail; also says it all in one line.
        text: the body of a mail, in lines of at most 80 columns; only a link, which is never broken, is longer.
        sms: one line.
        document: what machines get; docs/notifications.md describes it.
        attributes: by which a subscription's filter policy picks, by name: a string, or a list of strings.
        event_ids: the changes that are told.
    """

    subject: str
    text: str
    sms: str
    document: dict[str, Any]
    attributes: dict[str, str | list[str]]
    event_ids: frozenset[str]

    def publication(self) -> dict[str, Any]:
        """The message as Publish takes it, but for the topic. SQS, HTTPS and Lambda get what is the default."""
        forms = {"default": _compact(self.document), "email": self.text, "sms": self.sms}
        return {
            "Subject": self.subject,
            "Message": _compact(forms),
            "MessageStructure": "json",
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                if isinstance(value, str)
                else {"DataType": "String.Array", "StringValue": _compact(value)}
                for name, value in self.attributes.items()
            },
        }

    @property
    def size(self) -> int:
        """How many bytes SNS counts, and those of the subject."""
        publication = self.publication()
        attributes = ((name, *each.values()) for name, each in publication["MessageAttributes"].items())
        return sum(
            len(part.encode()) for part in (self.subject, publication["Message"], *(p for a in attributes for p in a))
        )


def digest(changes: Iterable[Change], console: str) -> list[Message]:
    """Tell of changes in as few messages as there can be, each about one rule, account and region.

    Args:
        changes: in any order. The same event twice counts once; of several changes of an instance the last counts.
        console: where AWS's console is, such as ``https://eu-central-1.console.aws.amazon.com``.
    """
    histories: dict[Origin, dict[str, list[Change]]] = {}
    for change in sorted({each.event_id: each for each in changes}.values(), key=lambda each: each.recorded_at):
        histories.setdefault(change.origin, {}).setdefault(change.instance_id, []).append(change)
    messages = []
    for origin, instances in histories.items():
        news = [News(history[-1], tuple(history[:-1])) for history in instances.values()]
        news.sort(key=lambda each: each.last.recorded_at, reverse=True)
        news.sort(key=lambda each: VERDICTS.index(each.last.verdict))
        parts = _parts(news, origin, console)
        messages += [_message(part, origin, console, (n, len(parts), len(news))) for n, part in enumerate(parts, 1)]
    return messages


def _parts(news: Sequence[News], origin: Origin, console: str) -> list[Sequence[News]]:
    """Halve what is too much for one message. One instance never is, for everything in it is bounded."""
    if len(news) == 1 or _message(news, origin, console, (1, 1, len(news))).size <= MAX_BYTES:
        return [news]
    middle = len(news) // 2
    return _parts(news[:middle], origin, console) + _parts(news[middle:], origin, console)


def _message(news: Sequence[News], origin: Origin, console: str, part: tuple[int, int, int]) -> Message:
    """One message; ``part`` is its number, of how many, and the number of instances in all of them."""
    verdicts = {verdict: [each for each in news if each.last.verdict == verdict] for verdict in VERDICTS}
    verdicts = {verdict: found for verdict, found in verdicts.items() if found}
    subject = _subject(verdicts, origin, part)
    sms = f"{subject}. AWS Config rule {origin.rule}"
    return Message(
        subject=subject,
        text=_text(verdicts, origin, console, part),
        sms=sms if len(sms) <= MAX_SMS_LENGTH else subject,
        document={
            "version": VERSION,
            "summary": subject,
            "rule": origin.rule,
            "account": origin.account,
            "region": origin.region,
            "part": part[0],
            "parts": part[1],
            "instances": [_described(each, console) for each in news],
        },
        attributes={
            "rule": origin.rule,
            "account": origin.account,
            "region": origin.region,
            "verdicts": list(verdicts),
        },
        event_ids=frozenset(change.event_id for each in news for change in (each.last, *each.earlier)),
    )


def _subject(verdicts: dict[str, list[News]], origin: Origin, part: tuple[int, int, int]) -> str:
    (first, found), *others = verdicts.items()
    if len(found) == 1 and not others:
        what = f"EC2 instance {found[0].last.instance_id} is {first}"
    else:
        what = ", ".join(
            [f"{_instances(len(found))} {_are(len(found))} {first}", *(f"{len(each)} {name}" for name, each in others)]
        )
    number = f" ({part[0]}/{part[1]})" if part[1] > 1 else ""
    whole = f"{what} in {origin.region} ({origin.account}){number}"
    if len(whole) > MAX_SUBJECT_LENGTH:  # three verdicts in great numbers; the account stands in the text
        whole = f"{what} in {origin.region}{number}"
    return whole[:MAX_SUBJECT_LENGTH]


def _text(verdicts: dict[str, list[News]], origin: Origin, console: str, part: tuple[int, int, int]) -> str:
    count = sum(map(len, verdicts.values()))
    number, parts, of_all = part
    lines = _wrap(_sentence(verdicts))
    if parts > 1:
        lines += _wrap(
            f"This is part {number} of {parts}: {count} of {of_all} instances. The others are in mails of their own."
        )
    room = MAX_DETAILED
    for verdict, found in verdicts.items():
        if len(verdicts) > 1:
            lines += ["", *_wrap(f"{verdict} ({len(found)}): {MEANINGS[verdict]}")]
        for each in found[:room]:
            lines += ["", *_entry(each, console)]
        if rest := found[room:]:
            more = "more " if room else ""
            where = "When and why is in AWS Config, by the link at the end."
            lines += ["", *_wrap(f"{len(rest)} {more}{_plural(len(rest))} {_are(len(rest))} {verdict}. {where}"), ""]
            lines += _wrap(" ".join(each.last.instance_id for each in rest))
        room = max(0, room - len(found))
    rule = f"AWS Config rule {origin.rule}, account {origin.account}, {origin.region}:"
    home = f"{console}/config/home?region={origin.region}#/rules/details?configRuleName={origin.rule}"
    return "\n".join([*lines, "", *_wrap(_advice(verdicts, count)), "", *_wrap(rule), home])


def _sentence(verdicts: dict[str, list[News]]) -> str:
    (verdict, found), *others = verdicts.items()
    if others:
        *most, last = [f"{len(each)} {_are(len(each))} {name}" for name, each in verdicts.items()]
        return f"{_instances(sum(map(len, verdicts.values())))} changed: {', '.join(most)} and {last}."
    if len(found) == 1:
        return f"EC2 instance {found[0].last.instance_id} is {verdict}: {MEANINGS[verdict]}."
    return f"{_instances(len(found))} are {verdict}: {MEANINGS[verdict]}."


def _entry(news: News, console: str) -> list[str]:
    change = news.last
    lines = [f"{change.instance_id}, {change.recorded_at:%Y-%m-%d %H:%M:%S} UTC"]
    if change.annotation:
        lines += _wrap(change.annotation, "  ")
    if news.earlier:
        times = "once" if len(news.earlier) == 1 else f"{len(news.earlier)} times"
        lines += _wrap(f"It changed {times} shortly before that, to {' and '.join(_before(news))}.", "  ")
    return [*lines, f"  {_link(change, console)}"]


def _advice(verdicts: dict[str, list[News]], count: int) -> str:
    if "NON_COMPLIANT" not in verdicts:
        return "What to do: nothing."
    found = len(verdicts["NON_COMPLIANT"])
    which = f"{'the' if found == 1 else 'each'} {'' if found == count else 'NON_COMPLIANT '}instance"
    return (
        f"What to do: replace {which} by one that is launched with an allowed key pair, for none can be assigned later."
    )


def _described(news: News, console: str) -> dict[str, Any]:
    change = news.last
    return {
        "instance": change.instance_id,
        "verdict": change.verdict,
        "time": _iso(change.recorded_at),
        "annotation": change.annotation,
        "console": _link(change, console),
        "earlier_changes": len(news.earlier),
        "earlier_verdicts": _before(news),
    }


def _before(news: News) -> list[str]:
    return [verdict for verdict in VERDICTS if any(each.verdict == verdict for each in news.earlier)]


def _link(change: Change, console: str) -> str:
    return f"{console}/ec2/home?region={change.origin.region}#InstanceDetails:instanceId={change.instance_id}"


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _instances(count: int) -> str:
    return f"{count} EC2 {_plural(count)}"


def _plural(count: int) -> str:
    return "instance" if count == 1 else "instances"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _columns(text: str) -> int:
    """How wide a text is in a fixed-width font: textwrap counts characters."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _pieces(word: str, room: int) -> list[str]:
    """Cut a word into pieces of so many columns; the last one may be shorter."""
    pieces, width = [""], 0
    for character in word:
        width += _columns(character)
        if width > room:
            pieces.append("")
            width = _columns(character)
        pieces[-1] += character
    return pieces


def _wrap(text: str, indent: str = "") -> list[str]:
    """Break one line between words, and within a word only where it is longer than a line."""
    lines, line = [], ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if _columns(indent + joined) <= COLUMNS:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, COLUMNS - len(indent))
        lines += full
    return [indent + each for each in [*lines, line]]
