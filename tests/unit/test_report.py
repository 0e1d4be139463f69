"""The report: its text for any number of open instances, and what it remembers for the next report.

The texts under golden/ are written like those of test_digest.py.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from notifier import findings
from notifier.findings import Comparison, Finding, Launches, Memory, Place, Reading, Since, compare
from notifier.message import MAX_SMS_LENGTH, Message, compact
from notifier.report import Told, report

from tests.conftest import assert_text
from tests.support import CHECKOUT
from tests.unit.test_digest import CONSOLE, GOLDEN, NO_KEY

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
LAST = NOW - timedelta(days=7)
HERE = Place("123456789012", "eu-central-1")
RULE = "ec2-key-pair-monitor"


def name(number: int) -> str:
    """The ID of an instance with a number."""
    return f"i-{number:017x}"


def launched(number: int) -> datetime:
    """When it was launched: the higher its number, the earlier."""
    return NOW - timedelta(days=1, hours=number)


def open_now(numbers: Iterable[int], place: Place = HERE, annotation: str = NO_KEY) -> list[Finding]:
    """Open instances."""
    return [Finding(place, name(number), annotation) for number in numbers]


def launches(instances: list[tuple[Place, str]]) -> Mapping[tuple[Place, str], datetime]:
    """An inventory that knows every launch."""
    return {(place, each): launched(int(each[2:], 16)) for place, each in instances}


def nothing_known(_: list[tuple[Place, str]]) -> Mapping[tuple[Place, str], datetime]:
    """An inventory that knows nothing."""
    return {}


def before(numbers: Iterable[int]) -> Memory:
    """What the last report knew, if these instances were open."""
    since = {name(number): Since(launched(number), is_launch=True) for number in numbers}
    return Memory(LAST, len(since), since)


def read(*readings: Reading, at: datetime = NOW, known: Launches = launches) -> tuple[Comparison, dict[Place, Memory]]:
    """Compare what is open with the last report. Also returns what the next report knows."""
    memories: dict[Place, Memory] = {}
    times = [each.memory.scheduled if each.memory else None for each in readings]
    last = None if None in times else max(filter(None, times))
    return compare(readings, last, at, known, memories.__setitem__), memories


def compared(found: Iterable[Finding], memory: Memory | None) -> Comparison:
    """What is open in one place, beside what the last report knew."""
    return read(Reading(HERE, memory, found))[0]


def worded(comparison: Comparison, *, has_chat: bool = False) -> Message:
    """The report."""
    return report(Told(comparison, NOW, RULE, CONSOLE), has_chat=has_chat)


CASES: dict[str, tuple[Iterable[int], Memory | None]] = {
    "0": ((), before(())),
    "1": ((1,), before((2, 3))),
    "3": ((1, 2, 4), before((2, 3, 4))),
    "40": (range(40), None),
    "50000": (range(50_000), Memory(LAST, 50_000, None)),
}


@pytest.mark.parametrize("case", CASES)
def test_texts(case: str) -> None:
    """The e-mail is the one that a person has read and approved. Of a long text, only some parts are compared."""
    message = worded(compared(open_now(CASES[case][0]), CASES[case][1]))

    lines = message.text.split("\n")
    if len(lines) > 400:
        ids = [number for number, line in enumerate(lines) if re.fullmatch(r"(i-\w{17} ?)+", line)]
        lines[ids[1] : ids[-1]] = [f"[{ids[-1] - ids[1]} lines of IDs]"]
        details = [number for number, line in enumerate(lines) if re.match(r"i-\w{17}, ", line)]
        lines[details[1] : details[-1]] = [f"[{len(details) - 2} instances in detail]"]
    text = "\n".join([f"Subject: {message.subject}", f"SMS: {message.sms}", "", *lines, ""])
    assert_text(GOLDEN / f"report-{case}.txt", text)


def assert_fits(message: Message) -> None:
    """Compare a message with the limits of SNS and of a mail reader."""
    assert len(message.subject) <= 99
    assert message.subject.isascii()
    assert len(message.sms) <= MAX_SMS_LENGTH
    assert message.size <= 250_000
    assert all(len(line) <= 80 or "https://" in line for line in message.text.split("\n"))


@pytest.mark.parametrize("case", CASES)
def test_limits(case: str) -> None:
    """Subject, SMS, lines and size keep to what SNS and a mail reader take."""
    assert_fits(worded(compared(open_now(CASES[case][0]), CASES[case][1])))


def test_longest_subject() -> None:
    """The longest region and the greatest numbers still leave the counts in the subject."""
    place = Place("123456789012", "ap-southeast-1")
    reading = Reading(place, before(range(200_000, 212_000)), open_now(range(100_000), place))
    comparison, _ = read(reading, known=nothing_known)

    subject = worded(comparison).subject
    assert len(subject) <= 99
    assert subject.startswith("Report: 100000 EC2 instances are NON_COMPLIANT, 100000 new, 12000 fixed")


def test_many_fill_the_message() -> None:
    """Of 50,000, the oldest and newest 25 are described, then as many IDs as fit, oldest first, and the number."""
    message = worded(compared(open_now(range(50_000)), None))

    [region] = message.document["accounts"][0]["regions"]
    assert [each["instance"] for each in region["new"]] == [
        name(number) for number in (*range(49_999, 49_974, -1), *range(24, -1, -1))
    ]
    others = len(region["others"])
    assert region["others"] == [name(number) for number in range(49_974, 49_974 - others, -1)]
    assert others > 4_000
    assert message.size > 230_000
    assert f"{50_000 - 50 - others} more instances are in AWS Config, by the link at the end." in message.text
    assert message.document["counts"] == {"open": 50_000, "new": 50_000, "fixed": 0}


def test_nothing_is_kept_of_too_many() -> None:
    """Memory does not grow with open instances, and the next report knows that it cannot compare."""
    comparison, memories = read(Reading(HERE, None, open_now(range(30_000))))

    assert len(comparison.new.kept) <= findings.MAX_KEPT
    assert memories[HERE] == Memory(NOW, 30_000, None)
    assert Memory.load(NOW, 30_000, memories[HERE].dump()) == memories[HERE]
    assert compared(open_now((1,)), memories[HERE]).counts == {HERE: (1, None, None)}
    assert not compared((), memories[HERE]).is_silent


def test_memory_fits_an_item() -> None:
    """As many as are remembered fit into an item of DynamoDB, and come back as they were."""
    reading = Reading(HERE, None, open_now(range(findings.MAX_REMEMBERED)))
    memory = read(reading, known=nothing_known)[1][HERE]

    text = memory.dump()
    assert text is not None
    assert len(text) < 400_000
    assert Memory.load(NOW, memory.open, text) == memory


def test_since_when() -> None:
    """An instance is open since its launch, if known, or else the first report. No launch is looked up twice."""
    asked: list[list[str]] = []

    def knows_two(instances: list[tuple[Place, str]]) -> Mapping[tuple[Place, str], datetime]:
        asked.append([each for _, each in instances])
        return {key: at for key, at in launches(instances).items() if key[1] in (name(1), name(2))}

    _, memories = read(Reading(HERE, None, open_now((1, 3))), at=LAST, known=knows_two)
    second, _ = read(Reading(HERE, memories[HERE], open_now((1, 2, 3))), known=knows_two)

    assert asked == [[name(1), name(3)], [name(2), name(3)]]
    assert [(each.instance_id, each.since) for each in second.still.kept] == [
        (name(3), Since(LAST, is_launch=False)),
        (name(1), Since(launched(1), is_launch=True)),
    ]
    text = worded(second).text
    assert f"{name(3)}, in reports since 2026-11-16 07:00 UTC" in text
    assert f"{name(2)}, launched 2026-11-22 05:00 UTC" in text


@pytest.mark.parametrize(
    ("numbers", "memory", "silent"),
    [((), None, True), ((), before(()), True), ((), before((1,)), False), ((1,), before((1,)), False)],
)
def test_silence(numbers: tuple[int, ...], memory: Memory | None, silent: bool) -> None:  # noqa: FBT001
    """Only if nothing is open and nothing was fixed, there is nothing to report."""
    assert compared(open_now(numbers), memory).is_silent == silent


def test_document_and_mail_name_the_same() -> None:
    """The document holds every instance of the e-mail."""
    message = worded(compared(open_now(range(200)), before(range(150, 260))))

    assert set(re.findall(r"i-[0-9a-f]{17}", message.text)) == set(
        re.findall(r"i-[0-9a-f]{17}", compact(message.document))
    )


def test_documentation_shows_it() -> None:
    """docs/notifications.md shows the e-mail of three instances as it is written, and a document."""
    page = (CHECKOUT / "docs/notifications.md").read_text().partition("\n## Report\n")[2]
    subject, _, _, *lines = (GOLDEN / "report-3.txt").read_text().rstrip().split("\n")
    [mail] = re.findall(r"```text\n(.*?)\n```", page, re.DOTALL)
    [shown] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)

    assert mail.split("\n") == [subject, "", *lines]
    assert json.loads(shown) == worded(compared(open_now((1, 2)), before((2, 3)))).document


@pytest.mark.parametrize("count", [0, 1, 40, 50_000])
def test_chat(count: int) -> None:
    """With chat, HTTPS subscribers get a form of their own, within its limits, and the whole still fits."""
    comparison = compared(open_now(range(count), annotation="<!channel> *no* key pair"), before((2,)))
    message = worded(comparison, has_chat=True)

    assert message.chat is not None
    content = message.chat["content"]
    assert (content["title"], len(content["description"]) <= 8_000) == (message.subject, True)
    assert not set("<>*") & set(content["description"])
    assert len(re.findall(r"^• i-", content["description"], re.MULTILINE)) == min(count, 25)
    assert message.size <= 250_000
