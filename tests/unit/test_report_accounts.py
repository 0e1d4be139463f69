"""The report of a hub: its text and document for any number of accounts and regions, within every limit."""

import functools
import json
import re
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notifier.coverage import Coverage, Source
from notifier.findings import Comparison, Finding, Memory, Place, Reading
from notifier.message import MAX_SMS_LENGTH, Message, compact
from notifier.report import Told, report
from rich.cells import cell_len

from tests.conftest import assert_text
from tests.support import CHECKOUT
from tests.unit.test_digest import CONSOLE, GOLDEN
from tests.unit.test_report import LAST, NOW, assert_fits, before, name, open_now, read

HUB = "key-pair-hub"
NAMES = {"222222222222": "shop", "333333333333": "Entwicklung München"}
SHOP, DEVELOPMENT = Place("222222222222", "eu-central-1"), Place("333333333333", "us-east-1")
BLOG, OLD = Place("444444444444", "eu-central-1"), Place("555555555555", "us-east-1")
COVERED = Coverage("organization", {}, [], [])
GAPS = Coverage(
    "organization",
    {DEVELOPMENT: 12, BLOG: 1},
    [
        Source(OLD.account, OLD.region, "FAILED", LAST, "AccessDenied"),
        Source("o-a1b2c3d4e5", "", "OUTDATED", None, None),
    ],
    ["the results of 1 of 3 accounts and regions", "launch times"],
)


@functools.cache
def many() -> Comparison:
    """100,000 open instances in 2,000 accounts, of which some are new and some were fixed."""

    def readings() -> Iterable[Reading]:
        for number in range(2_000):
            place = Place(f"{100_000_000_000 + number}", "eu-central-1")
            known = range(number * 60 + 1, number * 60 + 51 + number % 3)
            yield Reading(place, before(known), open_now(range(number * 60, number * 60 + 50), place))

    return read(*readings())[0]


def one() -> Comparison:
    """No open instance in one account."""
    return read(Reading(SHOP, before(()), ()))[0]


def three() -> Comparison:
    """Open instances in two accounts, one of which was fixed, and one in an account that could not be checked."""
    return read(
        Reading(SHOP, before((2, 3)), open_now((1, 2), SHOP)),
        Reading(DEVELOPMENT, before(()), open_now((4,), DEVELOPMENT)),
        Reading(OLD, before((5,)), (), is_whole=False),
    )[0]


CASES: dict[str, tuple[Any, Coverage]] = {
    "0": (one, COVERED),
    "3": (three, GAPS),
    "2000": (
        many,
        GAPS._replace(
            not_covered={Place(f"{200_000_000_000 + number}", "us-east-1"): 2_000 - number for number in range(2_000)},
            sources=[
                Source(f"{300_000_000_000 + number}", "us-east-1", "OUTDATED", LAST, None) for number in range(2_000)
            ],
            missing=[],
        ),
    ),
}


def worded(comparison: Comparison, coverage: Coverage, *, has_chat: bool = False) -> Message:
    """The report of the hub."""
    return report(Told(comparison, NOW, HUB, CONSOLE, coverage, NAMES), has_chat=has_chat)


@pytest.mark.parametrize("case", CASES)
def test_texts(case: str) -> None:
    """The e-mail is the one that a person has read and approved. Of a long text, only some parts are compared."""
    comparison, coverage = CASES[case]
    message = worded(comparison(), coverage)

    text = f"Subject: {message.subject}\nSMS: {message.sms}\n\n{message.text}\n"
    if case == "2000":
        for pattern, what in (
            (r"(  account \d+, [a-z0-9-]+: .*\n)(?:  account .*\n)+", "accounts and regions"),
            (r"(?s)(\n\ni-\w{17}, .*?\n\n)i-\w{17}, .*?(?=\n\n[A-Z])", "instances in detail"),
            (r"(account \d+, [a-z0-9-]+: i-\w{17}\n)(?:account .*\n)+", "IDs"),
        ):
            text = re.sub(pattern, rf"\1[more {what}]\n", text)
    assert_text(GOLDEN / f"report-accounts-{case}.txt", text)


@pytest.mark.parametrize("has_chat", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_limits(case: str, *, has_chat: bool) -> None:
    """Subject, SMS, lines and size keep to what SNS and a mail reader take."""
    comparison, coverage = CASES[case]
    assert_fits(worded(comparison(), coverage, has_chat=has_chat))


def test_document_and_mail_name_the_same() -> None:
    """Of 100,000 instances, text and document name as many as fit, of the same accounts and regions."""
    comparison, coverage = CASES["2000"]
    message = worded(comparison(), coverage)

    assert set(re.findall(r"i-[0-9a-f]{17}", message.text)) == set(
        re.findall(r"i-[0-9a-f]{17}", compact(message.document))
    )
    assert message.document["counts"] == {"open": 100_000, "new": 2_000, "fixed": 4_000 - 1}
    assert message.document["not_covered"]["count"] == message.document["sources"]["count"] == 2_000
    assert len(json.loads(message.publication()["MessageAttributes"]["accounts"]["StringValue"])) == 2_000
    assert message.size > 200_000


def test_only_accounts_with_instances_are_named() -> None:
    """An account without open or fixed instances is not in the report."""
    message = worded(read(Reading(SHOP, before(()), ()), Reading(BLOG, None, open_now((1,), BLOG)))[0], COVERED)

    assert message.attributes["accounts"] == [BLOG.account]
    assert message.subject == f"Report: 1 EC2 instance is NON_COMPLIANT, 1 new in {BLOG.region} ({BLOG.account})"
    assert "shop" not in message.text


def test_too_many_to_compare() -> None:
    """If a place had too many instances, the report does not say what is new."""
    readings = (Reading(SHOP, Memory(LAST, 60_000, None), open_now((1,), SHOP)), Reading(BLOG, before(()), ()))
    message = worded(read(*readings)[0], COVERED)

    assert message.document["counts"] == {"open": 1, "new": None, "fixed": None}
    assert "the last report had too many instances." in " ".join(message.text.split())


def test_long_names_and_reasons_fit() -> None:
    """With the longest names and reasons, fewer instances are described, and the message still has SNS's size."""
    at = [Place(f"{10**11 + number}", "ap-southeast-1") for number in range(200)]
    findings = ([Finding(place, name(5 + number), "🗝" * 256) for number in range(5)] for place in at)
    comparison, _ = read(
        *(Reading(place, before(range(5, 8)), found) for place, found in zip(at, findings, strict=True))
    )
    names = dict.fromkeys([place.account for place in at], "🚀" * 50)
    message = report(Told(comparison, NOW, HUB, CONSOLE, GAPS._replace(not_covered=dict.fromkeys(at, 1)), names))

    assert message.size <= 250_000
    assert len(re.findall(r"^i-", message.text, re.MULTILINE)) >= 4
    assert message.document["counts"] == {"open": 1_000, "new": 400, "fixed": 0}


def test_documentation_shows_it() -> None:
    """docs/organization.md shows the e-mail of three accounts as it is written, and every field of the document."""
    page = (CHECKOUT / "docs/organization.md").read_text().partition("\n## The report\n")[2]
    subject, _, _, *lines = (GOLDEN / "report-accounts-3.txt").read_text().rstrip().split("\n")
    [mail] = re.findall(r"```text\n(.*?)\n```", page, re.DOTALL)
    assert mail.split("\n") == [subject, "", *lines]

    document = worded(three(), GAPS).document
    added = document.keys() - report(Told(one(), NOW, HUB, CONSOLE)).document.keys()
    fields = added | {"count", "places"} | document["not_covered"]["places"][0].keys()
    fields |= document["sources"]["places"][0].keys()
    assert [field for field in fields if f"`{field}`" not in page] == []


accounts = st.integers(10**11, 10**12 - 1).map(str)
regions = st.sampled_from(["eu-central-1", "ap-southeast-1", "us-gov-west-1"])
places = st.builds(Place, accounts, regions)
names = st.text(st.characters(exclude_categories=["C", "Z", "So", "No"]), min_size=1, max_size=50)
many_places = st.lists(places, max_size=30, unique=True) | st.integers(0, 3_000).map(
    lambda count: [Place(f"{10**11 + number}", "ap-southeast-1") for number in range(count)]
)
sources = st.builds(
    Source, accounts, regions, st.sampled_from(["FAILED", "OUTDATED"]), st.none() | st.just(LAST), st.none() | names
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    many_places,
    many_places,
    st.lists(sources, max_size=200),
    st.lists(st.sampled_from(GAPS.missing), unique=True),
    names,
    st.integers(0, 3),
    st.booleans(),
)
def test_every_limit_holds(  # noqa: PLR0913, PLR0917
    found: list[Place],
    gaps: list[Place],
    failed: list[Source],
    missing: list[str],
    long: str,
    each: int,
    whole: bool,  # noqa: FBT001
) -> None:
    """Whatever an organization looks like, the one message keeps to the limits and the counts are right."""
    called = dict.fromkeys([place.account for place in (*found, *gaps)], long)
    comparison, _ = (
        read(
            *(
                Reading(
                    place, before((1,)), [Finding(place, name(2 + number), long * 5) for number in range(each)], whole
                )
                for place in found
            )
        )
        if found
        else (Comparison(LAST), {})
    )
    coverage = Coverage("organization", dict.fromkeys(gaps, 3), failed, missing)
    message = report(Told(comparison, NOW, HUB, CONSOLE, coverage, called), has_chat=True)

    assert re.fullmatch(r"[A-Za-z][ -~]{0,98}", message.subject)
    assert len(message.sms) <= MAX_SMS_LENGTH
    assert message.size <= 250_000
    for line in message.text.split("\n"):
        assert cell_len(line) <= 80 or re.fullmatch(r" *https://\S+", line), line
    fixed = len(found) if whole else 0
    assert message.document["counts"] == {"open": each * len(found), "new": each * len(found), "fixed": fixed}
    assert message.document["unchecked"] == len(found) - fixed
    assert bool(missing) == message.text.startswith("This report is incomplete")
