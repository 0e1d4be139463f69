"""What holds for each format, whatever the subcommand: its golden file, SARIF's schema, and JUnit's counts."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

import jsonschema  # type: ignore[import-untyped]

from tests.cli.sarif_schema import SCHEMA

# Each format, with the name of its golden file.
FORMATS = {
    "table": "table.txt",
    "json": "json.json",
    "sarif": "sarif.json",
    "junit": "junit.xml",
    "github": "github.txt",
}


def sarif_results(log: Any) -> Sequence[Any]:
    """The results of a valid log, each of which refers to its rule."""
    jsonschema.validate(log, SCHEMA, format_checker=jsonschema.FormatChecker())
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    results: Sequence[Any] = run["results"]
    assert [rules[each["ruleIndex"]]["id"] for each in results] == [each["ruleId"] for each in results]
    return results


def junit_counts(text: str) -> tuple[int, int, int]:
    """JUnit's counts of cases, failures and skipped ones, which are those of its cases."""
    suite = ET.fromstring(text)[0]  # noqa: S314  (ours)
    cases = suite.findall("testcase")
    found = tuple(len([case for case in cases if case.find(name) is not None]) for name in ("failure", "skipped"))
    counts = (int(suite.attrib["tests"]), int(suite.attrib["failures"]), int(suite.attrib["skipped"]))
    assert counts == (len(cases), *found)
    return counts
