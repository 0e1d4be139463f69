"""Patterns and filter policies, where no recording says how they match."""

from typing import Any

import pytest

from tests.emulator import eventbridge_patterns

PEOPLE = {"people": [{"name": "a", "age": 1}, {"name": "b", "age": 2, "pets": [{"kind": "cat"}, {"kind": "dog"}]}]}


@pytest.mark.parametrize(
    ("pattern", "document", "expected"),
    [
        pytest.param({"people": {"name": ["b"], "age": [2]}}, PEOPLE, True, id="one element"),
        pytest.param({"people": {"name": ["a"], "age": [2]}}, PEOPLE, False, id="two elements"),
        pytest.param({"people": {"name": ["b"], "pets": {"kind": ["dog"]}}}, PEOPLE, True, id="a list in an element"),
        pytest.param({"people": {"name": ["a"], "pets": {"kind": ["dog"]}}}, PEOPLE, False, id="of another element"),
        pytest.param({"people": {"name": [{"anything-but": "a"}]}}, PEOPLE, True, id="some other value"),
        pytest.param({"people": {"name": [{"exists": False}]}}, PEOPLE, False, id="exists somewhere"),
        pytest.param({"x": [{"wildcard": "a\\*b*"}]}, {"x": "a*bc"}, True, id="an escaped asterisk"),
        pytest.param({"x": [{"wildcard": "a\\*b*"}]}, {"x": "axbc"}, False, id="an escaped asterisk is no wildcard"),
        pytest.param({"x": [{"wildcard": "a\\\\*"}]}, {"x": "a\\bc"}, True, id="an escaped backslash"),
        pytest.param({"x": [True]}, {"x": 1}, False, id="true is no number"),
        pytest.param({"x": [{"cidr": "10.0.0.77/24"}]}, {"x": "10.0.0.1"}, True, id="a network by one of its hosts"),
        pytest.param({"$or": [{"x": [1]}, {"y": [2]}], "z": [3]}, {"y": 2, "z": 3}, True, id="one alternative"),
        pytest.param({"$or": [{"x": [1]}, {"y": [2]}], "z": [3]}, {"y": 2, "z": 4}, False, id="and the rest"),
        pytest.param({"x": [1]}, [{"x": 1}], False, id="a document that is no object"),
    ],
)
def test_a_pattern_matches(pattern: dict[str, Any], document: Any, expected: bool) -> None:  # noqa: FBT001
    """Rules below one list hold for one element of it, and an escape takes an asterisk's meaning away."""
    eventbridge_patterns.check(pattern)
    assert eventbridge_patterns.matches(pattern, document) is expected


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ([{"anything-but": {"prefix": "a", "suffix": "b"}}], "Only one key"),
        ([{"anything-but": [True]}], "Inside anything but list"),
        ([{"anything-but": {"exists": True}}], "Unsupported anything-but pattern"),
        ([{"numeric": ["=", True]}], "Value of equals must be numeric"),
    ],
)
def test_a_bad_rule_is_refused(rules: list[Any], reason: str) -> None:
    """What no recording shows is refused in the words of its likes."""
    with pytest.raises(eventbridge_patterns.InvalidPatternError, match=reason):
        eventbridge_patterns.check({"x": rules})
