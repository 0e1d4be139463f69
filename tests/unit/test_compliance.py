"""The verdict table, row by row."""

import json
import signal
from datetime import date

import pytest
from evaluator.compliance import MAX_ANNOTATION_LENGTH, ComplianceType, Instance, Policy, evaluate

COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE = (
    ComplianceType.COMPLIANT,
    ComplianceType.NON_COMPLIANT,
    ComplianceType.NOT_APPLICABLE,
)
TODAY = date(2026, 3, 2)

ANY = Policy()
LISTED = Policy(allowed_key_names=("ops-*", "break-glass"))
FLEETS = Policy(exempt_tags={"karpenter.sh/nodepool": "*", "role": "build-?"})
DATED = Policy(exempt_until_tag_key="until")
ALL = Policy(("ops-*",), {"role": "build-?"}, "until")

NONE_ASSIGNED = "No key pair was assigned at launch. Launch a replacement with an allowed key pair. A key pair cannot be added to this instance."
NOT_ALLOWED = (
    "Key pair {} is not allowed and cannot be changed after launch. Launch a replacement with an allowed key pair."
)


@pytest.mark.parametrize(
    ("instance", "policy", "verdict", "annotation"),
    [
        pytest.param(None, ANY, NOT_APPLICABLE, None, id="nothing to judge"),
        pytest.param(Instance("ops", "terminated"), ANY, NOT_APPLICABLE, None, id="terminated"),
        pytest.param(Instance(None, "shutting-down"), ANY, NOT_APPLICABLE, None, id="shutting down"),
        pytest.param(Instance(None, "terminated", {"role": "build-1"}), ALL, NOT_APPLICABLE, None, id="terminated, exempt"),
        pytest.param(Instance("ops", "running"), ANY, COMPLIANT, "Launched with key pair ops.", id="key"),
        pytest.param(Instance("ops", "stopped"), ANY, COMPLIANT, "Launched with key pair ops.", id="key, stopped"),
        pytest.param(Instance("ops"), ANY, COMPLIANT, "Launched with key pair ops.", id="key, state unknown"),
        pytest.param(Instance("ops-eu"), LISTED, COMPLIANT, "Launched with key pair ops-eu.", id="key on the list"),
        pytest.param(
            Instance("ops-eu", "running", {"role": "build-1"}), ALL, COMPLIANT, "Launched with key pair ops-eu.",
            id="key on the list before exempting tag",
        ),
        pytest.param(
            Instance(None, "running", {"role": "build-7"}), FLEETS, COMPLIANT, "Exempt by tag role=build-7.",
            id="exempting tag",
        ),
        pytest.param(
            Instance(None, "running", {"karpenter.sh/nodepool": ""}), FLEETS, COMPLIANT,
            "Exempt by tag karpenter.sh/nodepool=.", id="exempting tag, empty value",
        ),
        pytest.param(
            Instance("mine", "running", {"role": "build-7", "until": "2020-01-01"}), ALL, COMPLIANT,
            "Exempt by tag role=build-7.", id="exempting tag before key off the list and before date",
        ),
        pytest.param(
            Instance(None, "running", {"until": "2026-03-02"}), DATED, COMPLIANT, "Exempt until 2026-03-02 by tag until.",
            id="exempt until today",
        ),
        pytest.param(
            Instance("mine", "running", {"until": "2026-12-31"}), ALL, COMPLIANT, "Exempt until 2026-12-31 by tag until.",
            id="exempt until later, key off the list",
        ),
        pytest.param(Instance("mine"), LISTED, NON_COMPLIANT, NOT_ALLOWED.format("mine"), id="key off the list"),
        pytest.param(Instance("OPS-eu"), LISTED, NON_COMPLIANT, NOT_ALLOWED.format("OPS-eu"), id="case matters"),
        pytest.param(
            Instance("mine", "running", {"until": "2026-03-01"}), ALL, NON_COMPLIANT,
            NOT_ALLOWED.format("mine") + " The exemption by tag until ended on 2026-03-01.",
            id="key off the list, exemption ended",
        ),
        pytest.param(
            Instance("mine", "running", {"until": "soon"}), ALL, NON_COMPLIANT,
            NOT_ALLOWED.format("mine") + " Tag until is not a date like 2030-12-31: soon.",
            id="key off the list, exemption unreadable",
        ),
        pytest.param(Instance(None, "running"), ANY, NON_COMPLIANT, NONE_ASSIGNED, id="no key"),
        pytest.param(Instance("", "running"), ANY, NON_COMPLIANT, NONE_ASSIGNED, id="empty key"),
        pytest.param(Instance(" \t", "running"), ANY, NON_COMPLIANT, NONE_ASSIGNED, id="blank key"),
        pytest.param(Instance(" ", "running"), Policy(("*",)), NON_COMPLIANT, NONE_ASSIGNED, id="blank key, any allowed"),
        pytest.param(Instance(None, "pending"), ANY, NON_COMPLIANT, NONE_ASSIGNED, id="no key, pending"),
        pytest.param(Instance(None, "stopping"), ANY, NON_COMPLIANT, NONE_ASSIGNED, id="no key, stopping"),
        pytest.param(Instance(None, "stopped"), ANY, NON_COMPLIANT, NONE_ASSIGNED, id="no key, stopped"),
        pytest.param(
            Instance(None, "running", {"role": "build-77"}), FLEETS, NON_COMPLIANT, NONE_ASSIGNED,
            id="no key, tag of another value",
        ),
        pytest.param(
            Instance(None, "running", {"until": "2026-12-31"}), ANY, NON_COMPLIANT, NONE_ASSIGNED,
            id="no key, date without a policy",
        ),
        pytest.param(
            Instance(None, "running", {"until": "2026-03-01"}), DATED, NON_COMPLIANT,
            NONE_ASSIGNED + " The exemption by tag until ended on 2026-03-01.", id="no key, exemption ended",
        ),
        *(
            pytest.param(
                Instance(None, "running", {"until": text}), DATED, NON_COMPLIANT,
                NONE_ASSIGNED + f" Tag until is not a date like 2030-12-31: {text.strip()}.", id=f"no date: {text!r}",
            )
            for text in ("", "20301231", "2030-W01-1", "2030-02-30", "2030-12-31T00:00", " 2030-12-31", "٢٠٣٠-١٢-٣١")
        ),
    ],
)  # fmt: skip
def test_verdict(instance: Instance | None, policy: Policy, verdict: ComplianceType, annotation: str | None) -> None:
    """The first row of the table that fits decides, and the annotation says why."""
    result = evaluate(instance, policy, TODAY)

    assert (result.compliance_type, result.annotation) == (verdict, annotation)


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("ops", "ops", True),
        ("ops", "ops2", False),
        ("ops", "xops", False),
        ("*", "anything", True),
        ("ops-*", "ops-", True),
        ("*-eu", "ops-eu", True),
        ("*-eu", "ops-eu-1", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "acb", False),
        ("a**c", "abc", True),
        ("*bc*c", "abcbc", True),
        ("*ab", "aab", True),
        ("*ab*ab", "abab", True),
        ("*ab*ab", "ab", False),
        ("ops?eu", "ops eu", True),
        ("ops?eu", "opseu", False),
        ("??", "a", False),
        ("?", "\n", True),
        ("*", "a\nb", True),
        ("[a-z]", "a", False),
        ("[a-z]", "[a-z]", True),
        ("a.c", "abc", False),
        ("a\\d", "a1", False),
        ("(x|y)+", "x", False),
        ("Ops", "ops", False),
        ("日*", "日本", True),
    ],
)
def test_pattern(pattern: str, name: str, *, fits: bool) -> None:
    """Only * and ? are special, everything else is literal, and case matters, for key names and tag values alike."""
    by_name = evaluate(Instance(name), Policy(allowed_key_names=(pattern,)), TODAY)
    by_tag = evaluate(Instance(None, None, {"t": name}), Policy(exempt_tags={"t": pattern}), TODAY)

    # A blank key name is none, whatever the pattern.
    assert by_name.compliance_type == (COMPLIANT if fits and not name.isspace() else NON_COMPLIANT)
    assert by_tag.compliance_type == (COMPLIANT if fits else NON_COMPLIANT)


def test_pattern_of_many_stars_ends() -> None:
    """A tag value that would make a pattern backtrack gets its verdict immediately."""
    policy = Policy(exempt_tags={"t": "*a" * 60 + "b"})

    def give_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, 2)  # of this process, however busy the machine is
    try:
        verdict = evaluate(Instance(None, None, {"t": "a" * 256}), policy, TODAY)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    assert verdict.compliance_type == NON_COMPLIANT


@pytest.mark.parametrize(
    "instance",
    [
        Instance("k" * 255),
        Instance("mine", None, {"role": "x" * 256, "until": "y" * 256}),
        Instance("k" * 255, None, {"until": "y" * 256}),
        Instance("two\nlines\tand \x00\x1b control \ud800"),
        Instance(None, None, {"until": "{}{0}{x}"}),
        Instance(None, None, {"role": "build-\n"}),
        Instance('"' * 255, None, {"until": "\\" * 256}),
    ],
)
def test_annotation_is_one_line_that_fits(instance: Instance) -> None:
    """With any names and values, the annotation is one printable line of 1 to 256 characters that JSON can quote."""
    annotation = evaluate(instance, ALL, TODAY).annotation

    assert annotation
    assert 1 <= len(annotation) <= MAX_ANNOTATION_LENGTH
    assert annotation.isprintable()
    assert json.loads(f'"{annotation}"') == annotation


@pytest.mark.parametrize(
    ("instance", "annotation"),
    [
        (Instance("two\nlines\t and\x00 more"), "Launched with key pair two lines and more."),
        (Instance('the "old" C:\\key'), "Launched with key pair the ”old” C:∖key."),  # noqa: RUF001
        (Instance("k" * 232), f"Launched with key pair {'k' * 232}."),
        (Instance("k" * 233), f"Launched with key pair {'k' * 231}…."),
    ],
    ids=["one line", "quotation marks and backslash", "just fits", "one too long"],
)
def test_annotation_changes_no_more_than_it_must(instance: Instance, annotation: str) -> None:
    """White space and control characters become single blanks, `"` and `\\` look-alikes; only what does not fit is cut."""
    assert evaluate(instance, ANY, TODAY).annotation == annotation


def test_short_values_stay_whole_beside_long_ones() -> None:
    """If several values share the line, only those longer than their share are cut."""
    room = MAX_ANNOTATION_LENGTH - len(NOT_ALLOWED.format("")) - len(" Tag  is not a date like 2030-12-31: .")
    share = "k" * (room // 3)

    annotation = evaluate(Instance(share, None, {"until": "y" * 256}), ALL, TODAY).annotation

    assert annotation
    assert annotation.startswith(f"Key pair {share} is")
    assert " Tag until is not a date like 2030-12-31: yyy" in annotation


def test_annotation_that_just_fits_is_whole() -> None:
    """Values that fill the line to its last character are not cut, however unequal they are."""
    room = MAX_ANNOTATION_LENGTH - len(NOT_ALLOWED.format("")) - len(" Tag  is not a date like 2030-12-31: .")
    value = "y" * (room - len("mine") - len("until"))

    annotation = evaluate(Instance("mine", None, {"until": value}), ALL, TODAY).annotation

    assert annotation == NOT_ALLOWED.format("mine") + f" Tag until is not a date like 2030-12-31: {value}."
    assert len(annotation) == MAX_ANNOTATION_LENGTH


def test_annotation_keeps_what_matters_when_cut() -> None:
    """A long name is cut inside the sentence, so that the text after it, which says what to do, remains."""
    annotation = evaluate(Instance("k" * 255), LISTED, TODAY).annotation

    assert annotation
    assert len(annotation) == MAX_ANNOTATION_LENGTH
    assert annotation.startswith("Key pair kkk")
    assert annotation.endswith(
        "k… is not allowed and cannot be changed after launch. Launch a replacement with an allowed key pair."
    )
