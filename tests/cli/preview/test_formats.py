"""Each format of ``preview`` against a golden file, and SARIF against its schema.

``WRITE_GOLDEN=1`` before pytest writes the files anew.
"""

import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.cli.conftest import Outcome
from tests.cli.preview.account import Account
from tests.cli.sarif_schema import SCHEMA
from tests.cli.test_formats import FORMATS

GOLDEN = Path(__file__).parents[1] / "golden/preview"


@pytest.fixture(scope="module")
def outcomes(account: Account) -> Mapping[str, Outcome]:
    """A preview in each format."""
    return {form: account.preview("--rule", "monitor", "--format", form) for form in FORMATS}


def numbered(text: str) -> str:
    """A text whose random IDs are numbered in the order in which they appear."""
    ids: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        kind = match[0].partition("-")[0]
        return ids.setdefault(match[0], f"{kind}-{sum(each.startswith(f'{kind}-') for each in ids) + 1:017x}")

    return re.sub(r"\b(?:i|lt)-[0-9a-f]{17}\b", number, text)


@pytest.mark.parametrize("form", FORMATS)
def test_golden(outcomes: Mapping[str, Outcome], form: str) -> None:
    """Each format is what its golden file has, with status 1 and nothing on the error stream."""
    outcome, file = outcomes[form], GOLDEN / FORMATS[form]
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(numbered(outcome.output), encoding="utf-8")

    assert (outcome.status, outcome.errors) == (1, "")
    assert numbered(outcome.output) == file.read_text(encoding="utf-8")


def test_sarif_fits_the_schema(outcomes: Mapping[str, Outcome]) -> None:
    """SARIF is valid, and each result refers to its rule."""
    log = outcomes["sarif"].json
    jsonschema.validate(log, SCHEMA, format_checker=jsonschema.FormatChecker())
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[each["ruleIndex"]]["id"] for each in run["results"]] == [each["ruleId"] for each in run["results"]]
    assert len(run["results"]) == 13 + 5  # instances, and what else was found


def test_junit_counts(outcomes: Mapping[str, Outcome]) -> None:
    """JUnit's counts are those of its cases."""
    suite = ET.fromstring(outcomes["junit"].output)[0]  # noqa: S314  (ours)
    cases = suite.findall("testcase")
    assert int(suite.attrib["tests"]) == len(cases) == 15
    assert int(suite.attrib["failures"]) == len([case for case in cases if case.find("failure") is not None]) == 13
