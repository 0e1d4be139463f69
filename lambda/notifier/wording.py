"""Writes the words of a part of a digest: its subject, and the text of its e-mail.

Pure: no I/O, no clock, no boto3.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from notifier.events import VERDICTS, Alarm, Change, Event, RecorderCall
from notifier.message import MAX_SUBJECT_LENGTH, Console, are, counted, plural, wrap

# An e-mail describes this many instances, and this many calls and alarms, with time and reason. It only names the rest.
MAX_DETAILED = 25

MEANINGS = {
    "NON_COMPLIANT": "launched without a key pair that is allowed",
    "COMPLIANT": "launched with a key pair that is allowed, or exempt",
    "NOT_APPLICABLE": "terminated, or no longer recorded or in scope",
}

CHECK_THE_RECORDER = (
    "Check that the recorder is on and records AWS::EC2::Instance: "
    "aws configservice describe-configuration-recorder-status and describe-configuration-recorders."
)


class News(NamedTuple):
    """The changes of one instance: the last one, and those that it replaced."""

    last: Change
    earlier: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Part:
    """The contents of one message, in the order of its text.

    Attributes:
        calls: calls that change AWS Config's recorder.
        alarms: alarms of monitors.
        instances: sorted by account, region and verdict.
        number: the number of this part.
        parts: the number of parts.
        totals: the number of instances in all parts, by account.
        is_one_place: whether all parts are about one account, region and rule.
    """

    calls: Sequence[RecorderCall]
    alarms: Sequence[Alarm]
    instances: Sequence[News]
    number: int
    parts: int
    totals: Mapping[str, int]
    is_one_place: bool

    @cached_property
    def verdicts(self) -> dict[str, list[News]]:
        """The instances by verdict, without verdicts that no instance has."""
        return by_verdict(self.instances)

    @cached_property
    def rules(self) -> list[str]:
        """The AWS Config rules of the instances' verdicts."""
        return sorted({each.last.rule for each in self.instances})

    @cached_property
    def events(self) -> list[Event]:
        """All calls, alarms and changes."""
        return [*self.calls, *self.alarms, *(each.last for each in self.instances)]


def by_verdict(instances: Sequence[News]) -> dict[str, list[News]]:
    """Group instances by verdict. Verdicts that need action come first."""
    if len(instances) == 1:
        return {instances[0].last.verdict: list(instances)}
    found: dict[str, list[News]] = {verdict: [] for verdict in VERDICTS}
    for each in instances:
        found[each.last.verdict].append(each)
    return {verdict: news for verdict, news in found.items() if news}


def verdicts_before(news: News) -> list[str]:
    """Return the verdicts that an instance had shortly before its last one."""
    earlier = {each.verdict for each in news.earlier}
    return [verdict for verdict in VERDICTS if verdict in earlier] if earlier else []


def place(event: Event, names: Mapping[str, str]) -> str:
    """Return the account and region of an event in words."""
    return f"{account_name(event.account, names)}, {event.region}"


def account_name(account: str, names: Mapping[str, str]) -> str:
    """Return an account's name, if it is known, and its id."""
    return f"account {names[account]} ({account})" if account in names else f"account {account}"


# The subject


def subject(part: Part) -> str:
    """Summarize a part in one line of ASCII: what, where and which part, as far as it fits into a subject."""
    number = f" ({part.number}/{part.parts})" if part.parts > 1 else ""
    for what in _whats(part):
        for where in _wheres(part.events):
            whole = f"{what}{where}{number}"
            if len(whole) <= MAX_SUBJECT_LENGTH:
                return whole
    raise AssertionError("numbers alone are always short enough")


def _whats(part: Part) -> Iterator[str]:
    verdicts, calls, alarms = part.verdicts, part.calls, part.alarms
    match (part.instances, calls, alarms):
        case ([news], [], []):
            yield f"EC2 instance {news.last.instance_id} is {news.last.verdict}"
        case ([], [call], []):
            yield f"{call.call} was called on AWS Config"
        case ([], [], [alarm]):
            yield f"Alarm {alarm.name} is in {alarm.state}"
    others = [counted(len(calls), "recorder call")] if calls else []
    others += [counted(len(alarms), "alarm")] if alarms else []
    instances = []
    if verdicts:
        (first, found), *more = verdicts.items()
        instances = [f"{counted(len(found), 'EC2 instance')} {are(len(found))} {first}"]
        instances += [f"{len(each)} {name}" for name, each in more]
    yield ", ".join([*instances, *others])
    yield ", ".join([counted(len(part.instances), "EC2 instance"), *others])


def _wheres(events: Sequence[Event]) -> Iterator[str]:
    """Return account and region, and shorter forms of them to try if there is no room."""
    accounts, regions = sorted({each.account for each in events}), sorted({each.region for each in events})
    if len(accounts) == len(regions) == 1:
        yield f" in {regions[0]} ({accounts[0]})"
        yield f" in {regions[0]}"
    else:
        which = f"account {accounts[0]}" if len(accounts) == 1 else counted(len(accounts), "account")
        yield f" in {which}, {regions[0] if len(regions) == 1 else counted(len(regions), 'region')}"
        yield f" in {which}"
    yield ""


# The text of an e-mail


def text(part: Part, console: Console, names: Mapping[str, str]) -> str:
    """Write the counts first, then the recorder's calls, alarms, and instances by account and region."""
    lines = [line for sentence in sentences(part, names) for line in wrap(sentence)]
    if not part.is_one_place and len(part.instances) > MAX_DETAILED:
        lines += wrap(f"{MAX_DETAILED} are described, the others listed by ID. For times and reasons, see AWS Config.")
    lines += _calls(part, console, names)
    lines += _alarms(part, console, names)
    # The number of instances of each verdict to describe. Those that need action come first.
    room, left = {}, MAX_DETAILED
    for verdict, found in part.verdicts.items():
        room[verdict] = min(left, len(found))
        left -= room[verdict]
    if part.is_one_place:
        lines += _verdicts(part, room, console)
    else:
        for _, section in groupby(part.instances, key=lambda each: each.last.account):
            lines += _account(list(section), part, room, console, names)
    if part.instances:
        lines += ["", *wrap(advice(part)), "", *_source(part, console, names)]
    return "\n".join(lines)


def sentences(part: Part, names: Mapping[str, str]) -> Iterator[str]:
    """Write the counts, and which part this is."""
    count = len(part.instances)
    if count:
        yield _sentence(part, names)
    if part.calls:
        yield f"{counted(len(part.calls), 'call')} can keep AWS Config from recording instances."
    if part.alarms:
        yield f"{counted(len(part.alarms), 'alarm')} about {'a monitor' if len(part.alarms) == 1 else 'monitors'}."
    if part.parts > 1:
        of_all = f"{count} of {counted(sum(part.totals.values()), 'instance')}"
        yield f"This is part {part.number} of {part.parts}: {of_all}. The others are in notifications of their own."


def _sentence(part: Part, names: Mapping[str, str]) -> str:
    (verdict, found), *others = part.verdicts.items()
    where = "" if part.is_one_place else _where(part.instances, names)
    if others:
        *most, last = [f"{len(each)} {are(len(each))} {name}" for name, each in part.verdicts.items()]
        return f"{counted(len(part.instances), 'EC2 instance')}{where} changed: {', '.join(most)} and {last}."
    if len(found) == 1:
        return f"EC2 instance {found[0].last.instance_id}{where} is {verdict}: {MEANINGS[verdict]}."
    return f"{counted(len(found), 'EC2 instance')}{where} are {verdict}: {MEANINGS[verdict]}."


def _where(instances: Sequence[News], names: Mapping[str, str]) -> str:
    accounts, regions = {each.last.account for each in instances}, {each.last.region for each in instances}
    which = account_name(instances[0].last.account, names) if len(accounts) == 1 else counted(len(accounts), "account")
    return f" ({which}, {counted(len(regions), 'region') if len(regions) > 1 else instances[0].last.region})"


def _calls(part: Part, console: Console, names: Mapping[str, str]) -> list[str]:
    if not part.calls:
        return []
    lines = ["", *wrap(f"AWS Config may no longer record instances ({counted(len(part.calls), 'call')})")]
    lines += wrap(CHECK_THE_RECORDER)
    for each in part.calls[:MAX_DETAILED]:
        lines += ["", *wrap(f"{each.call}, {each.called_at:%Y-%m-%d %H:%M:%S} UTC")]
        lines += wrap(f"Called in {place(each, names)} by {each.caller or 'somebody unknown'}.", "  ")
        lines += [f"  {console.recorder(each.region)}"]
    return lines + _rest(part.calls, "call", names)


def _alarms(part: Part, console: Console, names: Mapping[str, str]) -> list[str]:
    if not part.alarms:
        return []
    lines = ["", *wrap(f"A monitor may be broken ({counted(len(part.alarms), 'alarm')})")]
    for each in part.alarms[:MAX_DETAILED]:
        lines += ["", *wrap(f"{each.name} is in {each.state}, {each.changed_at:%Y-%m-%d %H:%M:%S} UTC")]
        lines += wrap(f"In {place(each, names)}.", "  ")
        lines += wrap(each.description, "  ") if each.description else []
        lines += [f"  {console.alarm(each.region, each.name)}"]
    return lines + _rest(part.alarms, "alarm", names)


def _rest(events: Sequence[RecorderCall | Alarm], noun: str, names: Mapping[str, str]) -> list[str]:
    """Name the calls or alarms that are not described."""
    rest = events[MAX_DETAILED:]
    lines = ["", *wrap(f"{len(rest)} more {plural(len(rest), noun)}:")] if rest else []
    for each in rest:
        what = each.call if isinstance(each, RecorderCall) else each.name
        lines += wrap(f"{what}, {place(each, names)}", "  ")
    return lines


def _verdicts(part: Part, room: dict[str, int], console: Console) -> list[str]:
    """Write the instances of one place: a section for each verdict."""
    lines: list[str] = []
    for verdict, found in part.verdicts.items():
        if len(part.verdicts) > 1:
            lines += ["", *wrap(f"{verdict} ({len(found)}): {MEANINGS[verdict]}")]
        for each in found[: room[verdict]]:
            lines += ["", *_entry(each, "", console)]
        if rest := found[room[verdict] :]:
            more = "more " if room[verdict] else ""
            where = "For times and reasons, see AWS Config, by the link at the end."
            lines += [
                "",
                *wrap(f"{len(rest)} {more}{plural(len(rest), 'instance')} {are(len(rest))} {verdict}. {where}"),
            ]
            lines += ["", *wrap(" ".join(each.last.instance_id for each in rest))]
    return lines


def _account(
    instances: Sequence[News], part: Part, room: dict[str, int], console: Console, names: Mapping[str, str]
) -> list[str]:
    """Write the instances of one account: a section for each region."""
    account = instances[0].last.account
    name = account_name(account, names)
    heading, total = name[0].upper() + name[1:], part.totals[account]
    of_all = f"{len(instances)} of {total}, " if len(instances) < total else ""
    sections = [list(section) for _, section in groupby(instances, key=lambda each: each.last.region)]
    lines = ["", *wrap(f"{heading}: {of_all}{counts(instances)}")] if len(sections) > 1 else []
    for section in sections:
        region = section[0].last.region
        title = region if len(sections) > 1 else f"{heading}, {region}"
        lines += ["", *wrap(f"{title}: {of_all if len(sections) == 1 else ''}{counts(section)}")]
        lines += _region(section, part, room, console)
    return lines


def counts(instances: Sequence[News]) -> str:
    """Write the number of instances with each verdict."""
    return ", ".join(f"{len(found)} {verdict}" for verdict, found in by_verdict(instances).items())


def _region(instances: Sequence[News], part: Part, room: dict[str, int], console: Console) -> list[str]:
    lines: list[str] = []
    for verdict, found in by_verdict(instances).items():
        which = verdict if len(part.verdicts) > 1 else ""
        described, rest = found[: room[verdict]], found[room[verdict] :]
        room[verdict] -= len(described)
        for each in described:
            lines += [
                "",
                *_entry(each, ", ".join(filter(None, [which, each.last.rule * (len(part.rules) > 1)])), console),
            ]
        if rest:
            what = " ".join(filter(None, [f"{len(rest)} more" if described else "", which]))
            lines += [""] if described else []
            lines += wrap(f"{what}: " * bool(what) + " ".join(each.last.instance_id for each in rest))
    return lines


def _entry(news: News, more: str, console: Console) -> list[str]:
    change = news.last
    lines = wrap(f"{change.instance_id}, {change.recorded_at:%Y-%m-%d %H:%M:%S} UTC" + f", {more}" * bool(more))
    if change.annotation:
        lines += wrap(change.annotation, "  ")
    if news.earlier:
        times = "once" if len(news.earlier) == 1 else f"{len(news.earlier)} times"
        lines += wrap(f"It changed {times} shortly before that, to {' and '.join(verdicts_before(news))}.", "  ")
    return [*lines, f"  {console.instance(change.region, change.instance_id)}"]


def advice(part: Part) -> str:
    """Write what to do about the instances."""
    if "NON_COMPLIANT" not in part.verdicts:
        return "What to do: nothing."
    found, count = len(part.verdicts["NON_COMPLIANT"]), len(part.instances)
    which = f"{'the' if found == 1 else 'each'} {'' if found == count else 'NON_COMPLIANT '}instance"
    return f"What to do: replace {which} with one that has an allowed key pair. A key pair cannot be added later."


def _source(part: Part, console: Console, names: Mapping[str, str]) -> list[str]:
    """Name the rules of the verdicts, with a link if there is only one."""
    if part.is_one_place:
        change = part.instances[0].last
        rule = f"AWS Config rule {change.rule}, {place(change, names)}:"
        return [*wrap(rule), console.rule(change.region, change.rule)]
    rules = f"{plural(len(part.rules), 'rule')} {', '.join(part.rules)}"
    return wrap(f"Found by the AWS Config {rules} of each account and region.")
