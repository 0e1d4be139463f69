"""Each format of ``preview`` against a golden file, and SARIF against its schema.

With ``GOLDEN=write``, the tests write the files.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome
from tests.cli.formats import FORMATS, junit_counts, sarif_results
from tests.cli.preview.account import Account
from tests.conftest import assert_text

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
    outcome = outcomes[form]
    assert (outcome.status, outcome.errors) == (1, "")
    assert_text(GOLDEN / FORMATS[form], numbered(outcome.output))


def test_sarif_fits_the_schema(outcomes: Mapping[str, Outcome]) -> None:
    """SARIF is valid, and each result refers to its rule."""
    assert len(sarif_results(outcomes["sarif"].json)) == 13 + 5  # instances, and what else was found


def test_junit_counts(outcomes: Mapping[str, Outcome]) -> None:
    """JUnit's counts are those of its cases."""
    assert junit_counts(outcomes["junit"].output) == (15, 13, 0)
