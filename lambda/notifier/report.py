"""The report: describes the open instances for people and programs, always in one message.

Pure: no I/O, no clock, no boto3. The report of a hub also has a :class:`Coverage`, with the accounts and regions that
nobody looks at. Of many accounts and regions, it names those with the most open instances.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from notifier import chat, gaps
from notifier.coverage import Coverage
from notifier.findings import MAX_DETAILED, MAX_REMEMBERED, Comparison, Open, Place
from notifier.message import (
    MAX_BYTES,
    MAX_SUBJECT_LENGTH,
    Console,
    Message,
    are,
    counted,
    iso,
    plural,
    short,
    with_values,
    wrap,
)
from notifier.wording import MEANINGS

# The version of the JSON document, like the digest's.
VERSION = "2"

# The bytes that an ID takes in the e-mail and the document together, and the bytes that a place with IDs takes.
BYTES_AN_ID = 46
BYTES_A_PLACE = 250


Instance = TypeVar("Instance", Open, tuple[Place, str])

# A list of accounts and regions has this many in the e-mail, and this many in the document.
MAX_PLACES_IN_TEXT = 50
MAX_PLACES = 100
# The most accounts among the message attributes of a report.
MAX_ACCOUNTS = 2_500


class Lists(NamedTuple):
    """The instances in one message: those of each list in detail, then those with only their IDs.

    ``others`` and ``fixed`` hold as many as fit into the message. ``places`` is the number of accounts and regions in a
    list.
    """

    new: tuple[list[Open], list[Open]]
    still: tuple[list[Open], list[Open]]
    others: Sequence[Open]
    fixed: Sequence[tuple[Place, str]]
    places: int


class Told(NamedTuple):
    """What a report is about.

    Attributes:
        comparison: the open instances.
        scheduled: the time of the report.
        rule: the name of the monitor's AWS Config rule, or of the hub.
        console: for links.
        coverage: what a hub knows of accounts and regions.
        names: names of accounts by their IDs.
    """

    comparison: Comparison
    scheduled: datetime
    rule: str
    console: Console
    coverage: Coverage | None = None
    names: Mapping[str, str] = MappingProxyType({})

    @property
    def places(self) -> list[Place]:
        """The accounts and regions with open or fixed instances; that of a monitor always. Most open ones first."""
        counts = self.comparison.counts
        found = [place for place, (count, _, fixed) in counts.items() if count or fixed or not self.coverage]
        return sorted(found, key=lambda place: (-counts[place][0], place))


def report(told: Told, *, has_chat: bool = False) -> Message:
    """Describe the open instances in one message, with a form for chat if ``has_chat``."""
    new, still, fixed = told.comparison.new.kept, told.comparison.still.kept, told.comparison.fixed

    def worded(room: int, most: int = MAX_PLACES) -> Message:
        detailed_new, rest_new = _split(new, min(most, MAX_DETAILED))
        detailed_still, rest_still = _split(still, min(most, MAX_DETAILED))
        rest = rest_new + rest_still
        fitting = _fitting(fixed, max(room // 2, room - _bytes(rest)))
        lists = Lists(detailed_new, detailed_still, _fitting(rest, room - _bytes(fitting)), fitting, most)
        message = _message(told, lists)
        return message._replace(chat=_chat(told, lists, message)) if has_chat else message

    room = MAX_BYTES - worded(0).size
    message = worded(max(0, room))
    while message.size > MAX_BYTES and room > BYTES_AN_ID:  # in case IDs get longer
        room = room * 3 // 4
        message = worded(room)
    most = MAX_PLACES
    while message.size > MAX_BYTES and most > 1:  # in case names and reasons are long
        most //= 2
        message = worded(0, most)
    return message


def _fitting(instances: Sequence[Instance], room: int) -> Sequence[Instance]:
    """Return the first ones whose IDs fit into a number of bytes."""
    if _bytes(instances) <= room:
        return instances
    low, high = 0, min(len(instances), max(0, room) // BYTES_AN_ID)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _bytes(instances[:middle]) <= room else (low, middle - 1)
    return instances[:low]


def _bytes(instances: Sequence[Instance]) -> int:
    """Return the bytes that IDs take, with those of their accounts and regions."""
    places = {each.place if isinstance(each, Open) else each[0] for each in instances}
    return BYTES_AN_ID * len(instances) + BYTES_A_PLACE * len(places)


def _split(instances: list[Open], most: int) -> tuple[tuple[list[Open], list[Open]], list[Open]]:
    """Return the oldest and the newest, which are described in detail, and the rest."""
    if len(instances) <= 2 * most:
        return (instances, []), []
    return (instances[:most], instances[-most:]), instances[most:-most]


def _message(told: Told, lists: Lists) -> Message:
    comparison, coverage = told.comparison, told.coverage
    subject, places = _subject(told), told.places
    more = gaps.document(comparison, coverage, told.names, lists.places) if coverage else {}
    return Message(
        subject=subject,
        text="\n".join(_text(told, lists)),
        sms=short(subject, f"AWS Config rule {told.rule}" if not coverage else f"Hub {told.rule}"),
        document={
            "version": VERSION,
            "kind": "report",
            "summary": subject,
            "part": 1,
            "parts": 1,
            "rule": told.rule,
            "scheduled_time": iso(told.scheduled),
            "last_report": iso(comparison.last) if comparison.last else None,
            "counts": _counts(comparison),
            "accounts": _accounts(told, lists),
            **more,
        },
        attributes=with_values(
            {
                "kind": "report",
                "rules": [told.rule],
                "accounts": sorted(islice(dict.fromkeys(place.account for place in places), MAX_ACCOUNTS)),
                "regions": sorted({place.region for place in places}),
                "verdicts": ["NON_COMPLIANT"],
            }
        ),
        instances=comparison.open,
    )


def _subject(told: Told) -> str:
    comparison, coverage, places = told.comparison, told.coverage, told.places
    count = comparison.open
    found = f"{counted(count, 'EC2 instance')} {are(count)}" if count else "no EC2 instance is"
    begin = "Report (incomplete)" if coverage and coverage.missing else "Report"
    parts = [f"{begin}: {found} NON_COMPLIANT"]
    if comparison.is_compared:
        parts += [f"{number} {word}" for number, word in _changes(comparison) if number]
    what = ", ".join(parts)
    if len(places) == 1:
        [(account, region)] = places
        wheres = [f" in {region} ({account})", f" in {region}"]
    elif places:
        accounts, regions = (len(set(names)) for names in zip(*places, strict=True))
        wheres = [f" in {counted(accounts, 'account')}, {counted(regions, 'region')}"]
    else:
        wheres = []
    if coverage and coverage.not_covered:
        gap = f", {gaps.places(len(coverage.not_covered))} not covered"
        wheres = [*(where + gap for where in wheres), gap, *wheres]
    fitting = (what + where for where in [*wheres, ""] if len(what + where) <= MAX_SUBJECT_LENGTH)
    return next(fitting, what[:MAX_SUBJECT_LENGTH])


def _changes(comparison: Comparison) -> list[tuple[int, str]]:
    return [(comparison.new.count, "new"), (comparison.fixed_count, "fixed")]


# The e-mail


def _text(told: Told, lists: Lists) -> Iterable[str]:
    comparison, coverage, console = told.comparison, told.coverage, told.console
    count = comparison.open
    names = None if coverage is None else told.names
    if coverage and coverage.missing:
        yield from wrap(gaps.incomplete(coverage))
    if count:
        yield from wrap(f"{counted(count, 'EC2 instance')} {are(count)} NON_COMPLIANT: {MEANINGS['NON_COMPLIANT']}.")
    else:
        yield from wrap("No EC2 instance is NON_COMPLIANT.")
    yield from filter(None, wrap(_since_last(comparison, coverage)))
    if coverage:
        most = min(lists.places, MAX_PLACES_IN_TEXT)
        yield from _by_place(told, most)
        yield from gaps.text(comparison, coverage, told.names, most)
    if comparison.new.count:
        yield from ("", *wrap(f"New ({comparison.new.count}), the oldest first:"))
        yield from _entries(lists.new, console, names)
    if comparison.still.count:
        title = "Still open" if comparison.is_compared else "Open"
        yield from ("", *wrap(f"{title} ({comparison.still.count}), the oldest first:"))
        yield from _entries(lists.still, console, names)
    listed = sum(map(len, (*lists.new, *lists.still, lists.others)))
    if lists.others:
        yield from ("", *wrap(f"Of the others, the oldest {len(lists.others)}:" if listed < count else "The others:"))
        yield from _ids([(each.place, each.instance_id) for each in lists.others], names)
    if listed < count:
        more, where = count - listed, "" if coverage else ", by the link at the end"
        yield from ("", *wrap(f"{more} more {plural(more, 'instance')} {are(more)} in AWS Config{where}."))
    if comparison.fixed_count:
        yield from ("", *wrap(f"Fixed ({comparison.fixed_count}): replaced, terminated or exempted"))
        yield from _ids(lists.fixed, names)
        if more := comparison.fixed_count - len(lists.fixed):
            yield from wrap(f"and {more} more.")
    if count:
        advice = "launch a replacement with an allowed key pair. A key pair cannot be added to an instance."
        yield from ("", *wrap(f"What to do: for each instance, {advice}"))
    if coverage:
        yield from gaps.footer(coverage)
        return
    [(account, region)] = told.places
    yield from ("", *wrap(f"AWS Config rule {told.rule}, account {account}, {region}:"))
    yield console.rule(region, told.rule)


def _since_last(comparison: Comparison, coverage: Coverage | None) -> str:
    if not comparison.is_compared:
        many = "too many" if coverage else f"more than {MAX_REMEMBERED}"
        return f"What is new and what was fixed is not known: the last report had {many} instances."
    if comparison.last is None:
        return "No earlier report is known, so everything counts as new." if comparison.open else ""
    new, fixed = (number for number, _ in _changes(comparison))
    return (
        f"Since the report of {comparison.last:%Y-%m-%d %H:%M} UTC, "
        f"{new or 'none'} {are(new or 1)} new and {fixed or 'none'} {'was' if fixed in (0, 1) else 'were'} fixed."
    )


def _by_place(told: Told, most: int) -> Iterable[str]:
    places, counts = told.places, told.comparison.counts
    for place in places[:most]:
        count, new, fixed = counts[place]
        changes = f", {new} new, {fixed} fixed" if new is not None else ""
        yield from wrap(f"{gaps.in_words(place, told.names)}: {count} open{changes}", "  ")
    yield from gaps.more(len(places) - most, sum(counts[place][0] for place in places[most:]), "open instance")


def _entries(
    detailed: tuple[list[Open], list[Open]], console: Console, names: Mapping[str, str] | None
) -> Iterable[str]:
    oldest, newest = detailed
    for title, instances in (("", oldest), (f"The newest {len(newest)}:", newest)):
        if title and instances:
            yield from ("", title)
        for each in instances:
            where = "" if names is None else f", {gaps.in_words(each.place, names)}"
            yield from ("", *wrap(f"{each.instance_id}{where}, {_since(each)}"))
            if each.annotation:
                yield from wrap(each.annotation, "  ")
            yield f"  {console.instance(each.place.region, each.instance_id)}"


def _since(instance: Open) -> str:
    at, is_launch = instance.since
    return f"{'launched' if is_launch else 'in reports since'} {at:%Y-%m-%d %H:%M} UTC"


def _ids(instances: Sequence[tuple[Place, str]], names: Mapping[str, str] | None) -> Iterable[str]:
    by_place: dict[Place, list[str]] = {}
    for place, instance_id in instances:
        by_place.setdefault(place, []).append(instance_id)
    for place, ids in by_place.items():
        yield from wrap(" ".join(ids if names is None else [f"{gaps.in_words(place, names)}:", *ids]))


# The document


def _counts(comparison: Comparison) -> dict[str, int | None]:
    changes = {word: number if comparison.is_compared else None for number, word in _changes(comparison)}
    return {"open": comparison.open, **changes}


def _accounts(told: Told, lists: Lists) -> list[dict[str, Any]]:
    named: dict[Place, dict[str, list[Any]]] = {}

    def of(place: Place) -> dict[str, list[Any]]:
        return named.setdefault(place, {"new": [], "open": [], "others": [], "fixed": []})

    for place in told.places[: lists.places]:
        of(place)
    for name, detailed in (("new", lists.new), ("open", lists.still)):
        for each in (*detailed[0], *detailed[1]):
            of(each.place)[name].append(_described(each, told.console))
    for each in lists.others:
        of(each.place)["others"].append(each.instance_id)
    for place, instance_id in lists.fixed:
        of(place)["fixed"].append(instance_id)
    accounts: dict[str, list[dict[str, Any]]] = {}
    for place, instances in named.items():
        counts = dict(zip(("open", "new", "fixed"), told.comparison.counts[place], strict=True))
        accounts.setdefault(place.account, []).append({"region": place.region, "counts": counts} | instances)
    return [
        {"account": account, **({"name": told.names.get(account)} if told.coverage else {}), "regions": regions}
        for account, regions in accounts.items()
    ]


def _described(instance: Open, console: Console) -> dict[str, Any]:
    return {
        "instance": instance.instance_id,
        "since": iso(instance.since.at),
        "since_is": "launch" if instance.since.is_launch else "report",
        "annotation": instance.annotation,
        "console": console.instance(instance.place.region, instance.instance_id),
    }


# The form for chat


def _chat(told: Told, lists: Lists, message: Message) -> dict[str, Any]:
    comparison, coverage, console = told.comparison, told.coverage, told.console
    named = [each for detailed in (*lists.new, *lists.still) for each in detailed][:MAX_DETAILED]
    entries = [
        chat.entry(
            f"{each.instance_id}, {_since(each)}, {each.place.region} ({each.place.account}). {each.annotation or ''}",
            console.instance(each.place.region, each.instance_id),
        )
        for each in named
    ]
    sentences = [f"{message.subject}.", *filter(None, [_since_last(comparison, coverage)])]
    if coverage:
        sentences += [*filter(None, [gaps.incomplete(coverage)]), *gaps.sentences(comparison, coverage)]
    return chat.schema(
        title=message.subject,
        description=chat.described([chat.plain(each) for each in sentences], entries, comparison.open),
        steps=["For each instance, launch a replacement with an allowed key pair."] if comparison.open else [],
        keywords=["NON_COMPLIANT", "report"],
        metadata={
            "threadId": f"report-{message.document['scheduled_time']}",
            "summary": message.subject,
            "eventType": "ec2-key-pair-report",
            "relatedResources": [each.instance_id for each in named],
            "additionalContext": {name: str(n) for name, n in _counts(comparison).items() if n is not None},
        },
    )
