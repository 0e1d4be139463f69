"""What all notifications share: their forms, sizes, words and links, and how they are published.

Pure except for ``publish``, which gets its client, and ``account_names``: no clock, no boto3. SNS's limits are at
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

import json
import logging
from collections.abc import Hashable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from unicodedata import combining, east_asian_width

logger = logging.getLogger(__name__)

# A subject is ASCII without control characters, starts with a letter, a digit or a punctuation mark, and has less than
# 100 characters.
MAX_SUBJECT_LENGTH = 99
# The length of one SMS in any alphabet.
MAX_SMS_LENGTH = 140
# SNS accepts 262,144 bytes, including message attributes. The rest is for the JSON that SNS puts around a message.
MAX_BYTES = 250_000

COLUMNS = 80

# Shared, because json.dumps would create an encoder for each call.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

# The settings of the SNS client: a Publish makes three attempts of at most 7 s, with pauses of at most 3 s together.
CLIENT_SETTINGS: dict[str, Any] = {
    "retries": {"mode": "standard", "total_max_attempts": 3},
    "connect_timeout": 2,
    "read_timeout": 5,
}
# Longer than one Publish can take with all its retries, so that its result is known before Lambda ends the invocation.
RESERVE_MILLISECONDS = 25_000


class LambdaContext(Protocol):
    """The part of Lambda's context object that this package reads."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before Lambda ends the invocation."""


class SnsClient(Protocol):
    """The part of boto3's SNS client that this package calls."""

    def publish(self, **kwargs: Any) -> dict[str, Any]:
        """Send to a topic's subscribers: API_Publish."""


class Console(NamedTuple):
    """AWS's console of a partition, by its domain, such as ``console.aws.amazon.com``."""

    domain: str

    def instance(self, region: str, instance_id: str) -> str:
        """Link to an instance."""
        return f"https://{region}.{self.domain}/ec2/home?region={region}#InstanceDetails:instanceId={instance_id}"

    def alarm(self, region: str, name: str) -> str:
        """Link to a CloudWatch alarm."""
        return f"https://{region}.{self.domain}/cloudwatch/home?region={region}#alarmsV2:alarm/{name}"

    def recorder(self, region: str) -> str:
        """Link to the settings of AWS Config's recorder."""
        return f"https://{region}.{self.domain}/config/home?region={region}#/settings"

    def rule(self, region: str, rule: str) -> str:
        """Link to an AWS Config rule."""
        return f"https://{region}.{self.domain}/config/home?region={region}#/rules/details?configRuleName={rule}"


class Message(NamedTuple):
    """One notification.

    Attributes:
        subject: the subject of an e-mail, which also summarizes the notification.
        text: the body of an e-mail, in lines of at most 80 columns. Only links can be longer.
        sms: one line.
        document: the JSON for programs; docs/notifications.md describes it.
        attributes: message attributes for filter policies, by name: a string, or a list of strings.
        instances: the number of instances that it names.
        chat: the form that HTTPS subscribers get instead of the document, or None.
        keys: the keys of the events that it describes.
    """

    subject: str
    text: str
    sms: str
    document: dict[str, Any]
    attributes: dict[str, str | list[str]]
    instances: int
    chat: dict[str, Any] | None = None
    keys: frozenset[Hashable] = frozenset()

    def publication(self) -> dict[str, Any]:
        """The arguments of Publish, except for the topic. SQS, Lambda and, without chat, HTTPS get the default."""
        forms = {"default": compact(self.document), "email": self.text, "sms": self.sms}
        if self.chat:
            forms["https"] = compact(self.chat)
        return {
            "Subject": self.subject,
            "Message": compact(forms),
            "MessageStructure": "json",
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                if isinstance(value, str)
                else {"DataType": "String.Array", "StringValue": compact(value)}
                for name, value in self.attributes.items()
            },
        }

    @property
    def size(self) -> int:
        """The bytes that SNS counts, and those of the subject."""
        publication = self.publication()
        attributes = ((name, *each.values()) for name, each in publication["MessageAttributes"].items())
        return sum(
            len(part.encode()) for part in (self.subject, publication["Message"], *(p for a in attributes for p in a))
        )


def with_values(attributes: Mapping[str, str | list[str]]) -> dict[str, str | list[str]]:
    """Return the attributes that are not empty. SNS does not document whether a filter matches an empty list."""
    return {name: value for name, value in attributes.items() if value}


def account_names() -> dict[str, str]:
    """Return the names of accounts. They are in the zip, because the environment is too small for an organization's."""
    file = Path(__file__).with_name("account_names.json")
    names = json.loads(file.read_text()) if file.exists() else {}
    return {account: line for account, name in names.items() if (line := one_line(name))}


def publish(client: SnsClient, topic_arn: str, message: Message, context: LambdaContext) -> bool:
    """Publish a message if there is enough time left. Returns whether SNS has acknowledged it."""
    told = {"subject": message.subject, "instances": message.instances}
    if context.get_remaining_time_in_millis() < RESERVE_MILLISECONDS:
        logger.error("not published", extra=told | {"reason": "no time is left"})
        return False
    try:
        answer = client.publish(TopicArn=topic_arn, **message.publication())
    except Exception:  # any error: the messages that SNS acknowledged before must not be published again
        logger.exception("not published", extra=told)
        return False
    logger.info("published", extra=told | {"messageId": answer.get("MessageId")})
    return True


def one_line(text: str) -> str:
    """Return a text as one line of printable characters."""
    printable = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())


def short(subject: str, more: str) -> str:
    """Return an SMS: the subject, and ``more`` if one SMS holds both."""
    whole = f"{subject}. {more}"
    return whole if len(whole) <= MAX_SMS_LENGTH else subject


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, such as "1 account" and "2 accounts"."""
    return f"{count} {plural(count, noun)}"


def plural(count: int, noun: str) -> str:
    """Return the form of a noun for a count."""
    return noun if count == 1 else f"{noun}s"


def are(count: int) -> str:
    """Return "is" or "are" for a count."""
    return "is" if count == 1 else "are"


def iso(moment: datetime) -> str:
    """Return a time as documents write it, with milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def compact(value: object) -> str:
    """Return JSON without blanks and without unnecessary escapes."""
    return _ENCODER.encode(value)


def columns(text: str) -> int:
    """Return the width of a text in a fixed-width font. textwrap counts characters instead."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _pieces(word: str, room: int) -> list[str]:
    """Cut a word into pieces of a number of columns. The last piece may be shorter."""
    pieces, width = [""], 0
    for character in word:
        width += columns(character)
        if width > room:
            pieces.append("")
            width = columns(character)
        pieces[-1] += character
    return pieces


def wrap(text: str, indent: str = "") -> list[str]:
    """Break one line between words. Only a word that is longer than a line is broken inside."""
    if text.isascii() and len(indent) + len(text) <= COLUMNS:
        return [indent + text]
    lines, line = [], ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if columns(indent + joined) <= COLUMNS:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, COLUMNS - len(indent))
        lines += full
    return [indent + each for each in [*lines, line]]
