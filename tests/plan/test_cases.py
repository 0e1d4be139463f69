"""The helper that plans many sets of inputs at once."""

import pytest

from tests.support.cases import PlanEach, RefuseEach
from tests.support.terraform import Plan

pytestmark = pytest.mark.slow


def test_a_case_is_planned_as_a_root_is(plan_each: PlanEach, defaults: Plan) -> None:
    """Beside others, a case has the plan that the module has as a root, except for the paths of its copy."""
    plan = plan_each({"defaults": {}, "other": {"name": "other"}})["defaults"]

    assert plan.resources.keys() == defaults.resources.keys()
    for address, values in defaults.resources.items():
        assert {**plan.resources[address], "filename": None} == {**values, "filename": None}, address
    assert plan.data.keys() == defaults.data.keys()
    for name in ("unknown", "changes", "outputs", "failed_checks", "is_empty"):
        assert getattr(plan, name) == getattr(defaults, name), name


def test_texts_are_no_templates(refuse_each: RefuseEach) -> None:
    """A text with a template's signs reaches the module as it is, and so does a message the case that it belongs to."""
    found = refuse_each({"a": {"tags": {"x": "${|}"}}, "b": {"name": "%{if}", "notify_on": []}})

    assert ['invalid: {"x":"${|}"}' in each for each in found["a"]] == [True]
    assert sorted(each.partition(" must ")[0].rpartition(" ")[2] for each in found["b"]) == ["name", "notify_on"]


def test_a_case_that_is_not_refused(refuse_each: RefuseEach) -> None:
    """A case that is taken beside one that is refused is named."""
    with pytest.raises(AssertionError, match="not refused: good\n"):
        refuse_each({"bad": {"name": "|"}, "good": {}})
