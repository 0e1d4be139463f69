"""The report: describes the open instances for people and programs, always in one message.

Pure: no I/O, no clock, no boto3.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from notifier import chat
from notifier.findings import MAX_DETAILED, MAX_REMEMBERED, Comparison, Open, Place
from notifier.message import MAX_BYTES, MAX_SUBJECT_LENGTH, Console, Message, are, counted, iso, plural, short, wrap
from notifier.wording import MEANINGS

# The version of the JSON document, like the digest's.
VERSION = "2"

# The bytes that an ID takes in the e-mail and the document together, and the bytes that a place with IDs takes.
BYTES_AN_ID = 46
BYTES_A_PLACE = 250


class Lists(NamedTuple):
    """The instances in one message: those of each list in detail, then those with only their IDs.

    ``others`` and ``fixed`` hold as many as fit into the message.
    """

    new: tuple[list[Open], list[Open]]
    still: tuple[list[Open], list[Open]]
    others: Sequence[Open]
    fixed: Sequence[tuple[Place, str]]


def report(
    comparison: Comparison, scheduled: datetime, rule: str, console: Console, *, has_chat: bool = False
) -> Message:
    """Describe the open instances in one message, with a form for chat if ``has_chat``."""
    new, still = comparison.new.kept, comparison.still.kept
    detailed_new, rest_new = _split(new)
    detailed_still, rest_still = _split(still)
    rest = rest_new + rest_still

    def worded(room: int) -> Message:
        fixed = comparison.fixed[: max(room // 2, room - len(rest))]
        lists = Lists(detailed_new, detailed_still, rest[: room - len(fixed)], fixed)
        message = _message(comparison, lists, scheduled, rule, console)
        return message._replace(chat=_chat(comparison, lists, message, console)) if has_chat else message

    room = (MAX_BYTES - worded(0).size - BYTES_A_PLACE * len(comparison.counts)) // BYTES_AN_ID
    message = worded(max(0, room))
    while message.size > MAX_BYTES and room > 0:  # in case IDs get longer
        room = room * 3 // 4
        message = worded(room)
    return message


def _split(instances: list[Open]) -> tuple[tuple[list[Open], list[Open]], list[Open]]:
    """Return the oldest and the newest, which are described in detail, and the rest."""
    if len(instances) <= 2 * MAX_DETAILED:
        return (instances, []), []
    return (instances[:MAX_DETAILED], instances[-MAX_DETAILED:]), instances[MAX_DETAILED:-MAX_DETAILED]


def _message(comparison: Comparison, lists: Lists, scheduled: datetime, rule: str, console: Console) -> Message:
    subject = _subject(comparison)
    places = list(comparison.counts)
    return Message(
        subject=subject,
        text="\n".join(_text(comparison, lists, rule, console)),
        sms=short(subject, f"AWS Config rule {rule}"),
        document={
            "version": VERSION,
            "kind": "report",
            "summary": subject,
            "part": 1,
            "parts": 1,
            "rule": rule,
            "scheduled_time": iso(scheduled),
            "last_report": iso(comparison.last) if comparison.last else None,
            "counts": _counts(comparison),
            "accounts": _accounts(comparison, lists, console),
        },
        attributes={
            "kind": "report",
            "rules": [rule],
            "accounts": sorted({place.account for place in places}),
            "regions": sorted({place.region for place in places}),
            "verdicts": ["NON_COMPLIANT"],
        },
        instances=comparison.open,
    )


def _subject(comparison: Comparison) -> str:
    count = comparison.open
    found = f"{counted(count, 'EC2 instance')} {are(count)}" if count else "no EC2 instance is"
    parts = [f"Report: {found} NON_COMPLIANT"]
    if comparison.is_compared:
        parts += [f"{number} {word}" for number, word in _changes(comparison) if number]
    what, places = ", ".join(parts), list(comparison.counts)
    if len(places) == 1:
        [(account, region)] = places
        wheres = [f" in {region} ({account})", f" in {region}"]
    else:
        accounts, regions = (len(set(names)) for names in zip(*places, strict=True))
        wheres = [f" in {counted(accounts, 'account')}, {counted(regions, 'region')}", ""]
    fitting = (what + where for where in wheres if len(what + where) <= MAX_SUBJECT_LENGTH)
    return next(fitting, what[:MAX_SUBJECT_LENGTH])


def _changes(comparison: Comparison) -> list[tuple[int, str]]:
    return [(comparison.new.count, "new"), (len(comparison.fixed), "fixed")]


# The e-mail


def _text(comparison: Comparison, lists: Lists, rule: str, console: Console) -> Iterable[str]:
    count, places = comparison.open, list(comparison.counts)
    is_one = len(places) == 1
    if count:
        yield from wrap(f"{counted(count, 'EC2 instance')} {are(count)} NON_COMPLIANT: {MEANINGS['NON_COMPLIANT']}.")
    else:
        yield from wrap("No EC2 instance is NON_COMPLIANT.")
    yield from wrap(_since_last(comparison))
    if not is_one:
        yield from _by_place(comparison)
    if comparison.new.count:
        yield from ("", *wrap(f"New ({comparison.new.count}), the oldest first:"))
        yield from _entries(lists.new, console, is_one=is_one)
    if comparison.still.count:
        title = "Still open" if comparison.is_compared else "Open"
        yield from ("", *wrap(f"{title} ({comparison.still.count}), the oldest first:"))
        yield from _entries(lists.still, console, is_one=is_one)
    listed = sum(map(len, (*lists.new, *lists.still, lists.others)))
    if lists.others:
        yield from ("", *wrap(f"Of the others, the oldest {len(lists.others)}:" if listed < count else "The others:"))
        yield from _ids([(each.place, each.instance_id) for each in lists.others], is_one=is_one)
    if listed < count:
        more, where = count - listed, ", by the link at the end" if is_one else ""
        yield from ("", *wrap(f"{more} more {plural(more, 'instance')} {are(more)} in AWS Config{where}."))
    if comparison.fixed:
        yield from ("", *wrap(f"Fixed ({len(comparison.fixed)}): replaced, terminated or exempted"))
        yield from _ids(lists.fixed, is_one=is_one)
        if more := len(comparison.fixed) - len(lists.fixed):
            yield from wrap(f"and {more} more.")
    if count:
        advice = "launch a replacement with an allowed key pair. A key pair cannot be added to an instance."
        yield from ("", *wrap(f"What to do: for each instance, {advice}"))
    for account, region in places[:1] if is_one else ():
        yield from ("", *wrap(f"AWS Config rule {rule}, account {account}, {region}:"), console.rule(region, rule))


def _since_last(comparison: Comparison) -> str:
    if not comparison.is_compared:
        return f"What is new and what was fixed is not known: the last report had more than {MAX_REMEMBERED} instances."
    if comparison.last is None:
        return "No earlier report is known, so everything counts as new." if comparison.open else ""
    new, fixed = (number for number, _ in _changes(comparison))
    return (
        f"Since the report of {comparison.last:%Y-%m-%d %H:%M} UTC, "
        f"{new or 'none'} {are(new or 1)} new and {fixed or 'none'} {'was' if fixed in (0, 1) else 'were'} fixed."
    )


def _by_place(comparison: Comparison) -> Iterable[str]:
    for (account, region), (count, new, fixed) in sorted(
        comparison.counts.items(), key=lambda each: (-each[1][0], each[0])
    ):
        if count or fixed:
            changes = f", {new} new, {fixed} fixed" if new is not None else ""
            yield f"  {account}, {region}: {count} open{changes}"


def _entries(detailed: tuple[list[Open], list[Open]], console: Console, *, is_one: bool) -> Iterable[str]:
    oldest, newest = detailed
    for title, instances in (("", oldest), (f"The newest {len(newest)}:", newest)):
        if title and instances:
            yield from ("", title)
        for each in instances:
            where = "" if is_one else f", account {each.place.account}, {each.place.region}"
            yield from ("", f"{each.instance_id}{where}, {_since(each)}")
            if each.annotation:
                yield from wrap(each.annotation, "  ")
            yield f"  {console.instance(each.place.region, each.instance_id)}"


def _since(instance: Open) -> str:
    at, is_launch = instance.since
    return f"{'launched' if is_launch else 'in reports since'} {at:%Y-%m-%d %H:%M} UTC"


def _ids(instances: Sequence[tuple[Place, str]], *, is_one: bool) -> Iterable[str]:
    by_place: dict[Place, list[str]] = {}
    for place, instance_id in instances:
        by_place.setdefault(place, []).append(instance_id)
    for (account, region), ids in by_place.items():
        yield from wrap(" ".join(ids if is_one else [f"{account}, {region}:", *ids]))


# The document


def _counts(comparison: Comparison) -> dict[str, int | None]:
    changes = {word: number if comparison.is_compared else None for number, word in _changes(comparison)}
    return {"open": comparison.open, **changes}


def _accounts(comparison: Comparison, lists: Lists, console: Console) -> list[dict[str, Any]]:
    named: dict[Place, dict[str, list[Any]]] = {
        place: {"new": [], "open": [], "others": [], "fixed": []} for place in comparison.counts
    }
    for name, detailed in (("new", lists.new), ("open", lists.still)):
        for each in (*detailed[0], *detailed[1]):
            named[each.place][name].append(_described(each, console))
    for each in lists.others:
        named[each.place]["others"].append(each.instance_id)
    for place, instance_id in lists.fixed:
        named[place]["fixed"].append(instance_id)
    accounts: dict[str, list[dict[str, Any]]] = {}
    for place, counts in comparison.counts.items():
        region = {"region": place.region, "counts": dict(zip(("open", "new", "fixed"), counts, strict=True))}
        accounts.setdefault(place.account, []).append(region | named[place])
    return [{"account": account, "regions": regions} for account, regions in accounts.items()]


def _described(instance: Open, console: Console) -> dict[str, Any]:
    return {
        "instance": instance.instance_id,
        "since": iso(instance.since.at),
        "since_is": "launch" if instance.since.is_launch else "report",
        "annotation": instance.annotation,
        "console": console.instance(instance.place.region, instance.instance_id),
    }


# The form for chat


def _chat(comparison: Comparison, lists: Lists, message: Message, console: Console) -> dict[str, Any]:
    told = [each for detailed in (*lists.new, *lists.still) for each in detailed][:MAX_DETAILED]
    entries = [
        chat.entry(
            f"{each.instance_id}, {_since(each)}, {each.place.region} ({each.place.account}). {each.annotation or ''}",
            console.instance(each.place.region, each.instance_id),
        )
        for each in told
    ]
    sentences = [f"{message.subject}.", *filter(None, [_since_last(comparison)])]
    return chat.schema(
        title=message.subject,
        description=chat.described([chat.plain(each) for each in sentences], entries, comparison.open),
        steps=["For each instance, launch a replacement with an allowed key pair."] if comparison.open else [],
        keywords=["NON_COMPLIANT", "report"],
        metadata={
            "threadId": f"report-{message.document['scheduled_time']}",
            "summary": message.subject,
            "eventType": "ec2-key-pair-report",
            "relatedResources": [each.instance_id for each in told],
            "additionalContext": {name: str(n) for name, n in _counts(comparison).items() if n is not None},
        },
    )
