"""The digest: takes events and returns messages, each in the forms that its subscribers can use.

Pure: no I/O, no clock, no boto3.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nlargest
from itertools import groupby
from typing import Any, NamedTuple

from notifier import chat, wording
from notifier.events import VERDICTS, Alarm, Change, Event, RecorderCall
from notifier.message import MAX_BYTES, Console, Message, compact, iso, short, with_values
from notifier.wording import MAX_DETAILED, News, Part

# The version of the JSON document. It changes when a program that reads the last version would fail.
VERSION = "2"

# The most bytes that a message takes without its items (sentences, headings, subject and SMS), and that the text about
# an item takes, without its entry in the document.
FRAME_BYTES = 3_000
DESCRIPTION_BYTES = 60
# The same for the headings of an account and of a region and their brackets in the document, without names and counts.
ACCOUNT_BYTES = 110
REGION_BYTES = 50


class Item(NamedTuple):
    """One instance, call or alarm, which is never split: its entry in the document, and the bytes that it takes.

    The first item of an account or region also takes the bytes of the heading.
    """

    told: News | RecorderCall | Alarm
    entry: dict[str, Any]
    size: int
    heading: int


def digest(
    events: Iterable[Event],
    console: Console,
    names: Mapping[str, str] | None = None,
    *,
    by_account: bool = False,
    has_chat: bool = False,
) -> Iterator[Message]:
    """Describe events in as few messages as SNS's size limit allows.

    Args:
        events: in any order. A repeated event counts once. Of several changes of an instance, the last one counts.
        console: the console that links lead to.
        names: names of accounts by their ids.
        by_account: whether each message is about only one account.
        has_chat: whether messages have a form for chat.
    """
    found = list({each.key: each for each in sorted(events, key=_order)}.values())
    if by_account:
        accounts = sorted(found, key=lambda each: each.account)
        for _, group in groupby(accounts, key=lambda each: each.account):
            yield from _digest(list(group), console, names or {}, has_chat=has_chat)
    elif found:
        yield from _digest(found, console, names or {}, has_chat=has_chat)


def _order(event: Event) -> tuple[Any, ...]:
    """Sort by time. Of events at the same time, the one that needs action comes last, so that it counts."""
    match event:
        case Change():
            return event.recorded_at, -VERDICTS.index(event.verdict), event[:4], event.annotation or ""
        case RecorderCall():
            return event.called_at, 0, event[:3], event.event_id
        case Alarm():
            return event.changed_at, 0, event[:3], event.state


def _digest(
    events: Sequence[Event], console: Console, names: Mapping[str, str], *, has_chat: bool
) -> Iterator[Message]:
    """Describe events that are sorted and not repeated."""
    news = _news([each for each in events if isinstance(each, Change)])
    blocks = _blocks([each for each in reversed(events) if not isinstance(each, Change)], news, console, names)
    rules = {each.last.rule for each in news}
    # Each stands in an attribute, and a rule in the text as well.
    common = sum(len(each) + 3 for each in {each.region for each in events}) + sum(2 * len(each) + 5 for each in rules)
    parts = _split(blocks, MAX_BYTES - FRAME_BYTES - common - chat.MAX_CHAT_BYTES * has_chat)
    totals = Counter(each.last.account for each in news)
    is_one_place = len({(each.account, each.region) for each in events}) == 1 and len(rules) <= 1
    for number, items in enumerate(parts, 1):
        calls = [each.told for each in items if isinstance(each.told, RecorderCall)]
        alarms = [each.told for each in items if isinstance(each.told, Alarm)]
        instances = [each.told for each in items if isinstance(each.told, News)]
        part = Part(calls, alarms, instances, number, len(parts), totals, is_one_place)
        message = _message(part, items, console, names)
        if has_chat:
            message = message._replace(chat=chat.notification(part, message.subject, console, names))
        yield message


def _news(changes: Iterable[Change]) -> list[News]:
    """Return the last change of each instance in the text's order: accounts and regions with most to do come first."""
    histories: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        histories.setdefault(change[:4], []).append(change)
    news = [News(history[-1], tuple(history[:-1])) for history in histories.values()]
    to_do = [each.last for each in news if each.last.verdict == "NON_COMPLIANT"]
    accounts = Counter(each.account for each in to_do)
    regions = Counter((each.account, each.region) for each in to_do)
    news.reverse()  # the latest first
    news.sort(
        key=lambda each: (
            -accounts[each.last.account],
            each.last.account,
            -regions[each.last.account, each.last.region],
            each.last.region,
            VERDICTS.index(each.last.verdict),
        )
    )
    return news


def _blocks(
    others: Sequence[RecorderCall | Alarm], news: Sequence[News], console: Console, names: Mapping[str, str]
) -> Iterator[list[Item]]:
    """Return all items in the order of the text: the calls, the alarms, and the instances of each account."""
    for kind in (RecorderCall, Alarm):
        found = [each for each in others if isinstance(each, kind)]
        if found:
            yield [_item(each, console, _bytes(wording.place(each, names))) for each in found]
    has_verdicts = len({each.last.verdict for each in news}) > 1
    for account, group in groupby(news, key=lambda each: each.last.account):
        block, items = list(group), list[Item]()
        name = names.get(account)
        heading = ACCOUNT_BYTES + (3 * _bytes(name) if name else 0)
        if block[0].last.region != block[-1].last.region:
            heading += len(wording.counts(block))
        for region, section in groupby(block, key=lambda each: each.last.region):
            instances = list(section)
            # The counts stand in the heading, and where there is more than one verdict also before the ids.
            heading += REGION_BYTES + 2 * len(region) + len(wording.counts(instances)) * (1 + has_verdicts)
            for each in instances:
                items.append(_item(each, console, heading))
                heading = 0
        yield items


def _item(told: News | RecorderCall | Alarm, console: Console, heading: int) -> Item:
    entry = _described(told, console)
    size = _bytes(compact(entry)) + (len(told.last.instance_id) if isinstance(told, News) else 0)
    return Item(told, entry, size, heading)


def _bytes(text: str) -> int:
    """Count the bytes of a text without control characters as a JSON string, including the quotation marks."""
    return len(text.encode()) + text.count('"') + text.count("\\") + 2


def _split(blocks: Iterable[Sequence[Item]], room: int) -> list[list[Item]]:
    """Fill one message after the other. A block is split only if it does not fit into one message."""
    blocks = list(blocks)
    for kind in (RecorderCall, Alarm, News):
        sizes = (each.size for block in blocks for each in block if isinstance(each.told, kind))
        room -= sum(size + DESCRIPTION_BYTES for size in nlargest(MAX_DETAILED, sizes))
    parts: list[list[Item]] = [[]]
    left = room
    for block in blocks:
        size = sum(each.size + each.heading for each in block)
        if left < size <= room:
            parts.append([])
            left = room
        for item in block:
            if left < item.size + item.heading and parts[-1]:
                parts.append([])
                left = room
            parts[-1].append(item)
            left -= item.size + item.heading
    return parts


def _message(part: Part, items: Sequence[Item], console: Console, names: Mapping[str, str]) -> Message:
    subject = wording.subject(part)
    earlier = (change.key for each in part.instances for change in each.earlier)
    return Message(
        subject=subject,
        text=wording.text(part, console, names),
        sms=short(subject, f"AWS Config rule {part.rules[0]}") if len(part.rules) == 1 else subject,
        document={
            "version": VERSION,
            "kind": "digest",
            "summary": subject,
            "part": part.number,
            "parts": part.parts,
            "accounts": _accounts(
                [(each.told.last, each.entry) for each in items if isinstance(each.told, News)], names
            ),
            "recorder": [each.entry for each in items if isinstance(each.told, RecorderCall)],
            "alarms": [each.entry for each in items if isinstance(each.told, Alarm)],
        },
        attributes=with_values(
            {
                "kind": "digest",
                "rules": part.rules,
                "accounts": sorted({each.account for each in part.events}),
                "regions": sorted({each.region for each in part.events}),
                "verdicts": list(part.verdicts),
            }
        ),
        instances=len(part.instances),
        keys=frozenset([*(each.key for each in part.events), *earlier]),
    )


def _accounts(instances: Sequence[tuple[Change, dict[str, Any]]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the document's instances by account and region."""
    accounts: list[dict[str, Any]] = []
    for change, entry in instances:
        if not accounts or accounts[-1]["account"] != change.account:
            accounts.append({"account": change.account, "name": names.get(change.account), "regions": []})
        regions = accounts[-1]["regions"]
        if not regions or regions[-1]["region"] != change.region:
            regions.append({"region": change.region, "instances": []})
        regions[-1]["instances"].append(entry)
    return accounts


def _described(told: News | RecorderCall | Alarm, console: Console) -> dict[str, Any]:
    """Return an item's entry in the document."""
    match told:
        case News(last=change, earlier=earlier):
            return {
                "instance": change.instance_id,
                "verdict": change.verdict,
                "time": iso(change.recorded_at),
                "annotation": change.annotation,
                "rule": change.rule,
                "console": console.instance(change.region, change.instance_id),
                "earlier_changes": len(earlier),
                "earlier_verdicts": wording.verdicts_before(told),
            }
        case RecorderCall():
            return {
                "account": told.account,
                "region": told.region,
                "call": told.call,
                "time": iso(told.called_at),
                "caller": told.caller,
                "console": console.recorder(told.region),
            }
        case Alarm():
            return {
                "account": told.account,
                "region": told.region,
                "alarm": told.name,
                "state": told.state,
                "time": iso(told.changed_at),
                "description": told.description,
                "console": console.alarm(told.region, told.name),
            }
