"""The notification: compliance changes in, messages out, each in a form that its subscribers can use.

Pure: no I/O, no clock, no boto3.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from notifier.changes import VERDICTS, Change, Origin
from notifier.message import MAX_BYTES, MAX_SUBJECT_LENGTH, Console, Message, are, counted, iso, plural, short, wrap

# The version of the JSON document; it grows when a reader of the last one would no longer understand.
VERSION = "1"

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


def digest(changes: Iterable[Change], console: Console) -> list[Message]:
    """Tell of changes in as few messages as there can be, each about one rule, account and region.

    Args:
        changes: in any order. The same event twice counts once; of several changes of an instance the last counts.
        console: where links lead.
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


def _parts(news: Sequence[News], origin: Origin, console: Console) -> list[Sequence[News]]:
    """Halve what is too much for one message. One instance never is, for everything in it is bounded."""
    if len(news) == 1 or _message(news, origin, console, (1, 1, len(news))).size <= MAX_BYTES:
        return [news]
    middle = len(news) // 2
    return _parts(news[:middle], origin, console) + _parts(news[middle:], origin, console)


def _message(news: Sequence[News], origin: Origin, console: Console, part: tuple[int, int, int]) -> Message:
    """One message; ``part`` is its number, of how many, and the number of instances in all of them."""
    verdicts = {verdict: [each for each in news if each.last.verdict == verdict] for verdict in VERDICTS}
    verdicts = {verdict: found for verdict, found in verdicts.items() if found}
    subject = _subject(verdicts, origin, part)
    return Message(
        subject=subject,
        text=_text(verdicts, origin, console, part),
        sms=short(subject, f"AWS Config rule {origin.rule}"),
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
        instances=len(news),
        event_ids=frozenset(change.event_id for each in news for change in (each.last, *each.earlier)),
    )


def _subject(verdicts: dict[str, list[News]], origin: Origin, part: tuple[int, int, int]) -> str:
    (first, found), *others = verdicts.items()
    if len(found) == 1 and not others:
        what = f"EC2 instance {found[0].last.instance_id} is {first}"
    else:
        what = ", ".join(
            [
                f"{counted(len(found), 'EC2 instance')} {are(len(found))} {first}",
                *(f"{len(each)} {name}" for name, each in others),
            ]
        )
    number = f" ({part[0]}/{part[1]})" if part[1] > 1 else ""
    whole = f"{what} in {origin.region} ({origin.account}){number}"
    if len(whole) > MAX_SUBJECT_LENGTH:  # three verdicts in great numbers; the account stands in the text
        whole = f"{what} in {origin.region}{number}"
    return whole[:MAX_SUBJECT_LENGTH]


def _text(verdicts: dict[str, list[News]], origin: Origin, console: Console, part: tuple[int, int, int]) -> str:
    count = sum(map(len, verdicts.values()))
    number, parts, of_all = part
    lines = wrap(_sentence(verdicts))
    if parts > 1:
        lines += wrap(
            f"This is part {number} of {parts}: {count} of {of_all} instances. The others are in mails of their own."
        )
    room = MAX_DETAILED
    for verdict, found in verdicts.items():
        if len(verdicts) > 1:
            lines += ["", *wrap(f"{verdict} ({len(found)}): {MEANINGS[verdict]}")]
        for each in found[:room]:
            lines += ["", *_entry(each, console)]
        if rest := found[room:]:
            more = "more " if room else ""
            where = "When and why is in AWS Config, by the link at the end."
            lines += [
                "",
                *wrap(f"{len(rest)} {more}{plural(len(rest), 'instance')} {are(len(rest))} {verdict}. {where}"),
                "",
            ]
            lines += wrap(" ".join(each.last.instance_id for each in rest))
        room = max(0, room - len(found))
    rule = f"AWS Config rule {origin.rule}, account {origin.account}, {origin.region}:"
    return "\n".join(
        [*lines, "", *wrap(_advice(verdicts, count)), "", *wrap(rule), console.rule(origin.region, origin.rule)]
    )


def _sentence(verdicts: dict[str, list[News]]) -> str:
    (verdict, found), *others = verdicts.items()
    if others:
        *most, last = [f"{len(each)} {are(len(each))} {name}" for name, each in verdicts.items()]
        return f"{counted(sum(map(len, verdicts.values())), 'EC2 instance')} changed: {', '.join(most)} and {last}."
    if len(found) == 1:
        return f"EC2 instance {found[0].last.instance_id} is {verdict}: {MEANINGS[verdict]}."
    return f"{counted(len(found), 'EC2 instance')} are {verdict}: {MEANINGS[verdict]}."


def _entry(news: News, console: Console) -> list[str]:
    change = news.last
    lines = [f"{change.instance_id}, {change.recorded_at:%Y-%m-%d %H:%M:%S} UTC"]
    if change.annotation:
        lines += wrap(change.annotation, "  ")
    if news.earlier:
        times = "once" if len(news.earlier) == 1 else f"{len(news.earlier)} times"
        lines += wrap(f"It changed {times} shortly before that, to {' and '.join(_before(news))}.", "  ")
    return [*lines, f"  {console.instance(change.origin.region, change.instance_id)}"]


def _advice(verdicts: dict[str, list[News]], count: int) -> str:
    if "NON_COMPLIANT" not in verdicts:
        return "What to do: nothing."
    found = len(verdicts["NON_COMPLIANT"])
    which = f"{'the' if found == 1 else 'each'} {'' if found == count else 'NON_COMPLIANT '}instance"
    return (
        f"What to do: replace {which} by one that is launched with an allowed key pair, for none can be assigned later."
    )


def _described(news: News, console: Console) -> dict[str, Any]:
    change = news.last
    return {
        "instance": change.instance_id,
        "verdict": change.verdict,
        "time": iso(change.recorded_at),
        "annotation": change.annotation,
        "console": console.instance(change.origin.region, change.instance_id),
        "earlier_changes": len(news.earlier),
        "earlier_verdicts": _before(news),
    }


def _before(news: News) -> list[str]:
    return [verdict for verdict in VERDICTS if any(each.verdict == verdict for each in news.earlier)]
