"""The command decides as the Lambda function does: the plan of an instance has the verdict of that instance."""

import json
from datetime import date
from pathlib import Path

import pytest
from evaluator.compliance import Instance, Policy, evaluate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.conftest import Command
from tests.cli.plans import change, plan, write

TODAY = date(2030, 6, 1)
_KEYS = st.none() | st.sampled_from(["", " ", "ops", "ops-1", "dev"]) | st.text(max_size=5)
_VALUES = st.sampled_from(["", "a", "ab", "2030-06-01", "2030-05-31", "20300601"]) | st.text(max_size=4)
_TAGS = st.dictionaries(st.sampled_from(["team", "until", "x=y"]), _VALUES, max_size=3)
_GLOBS = st.sampled_from(["*", "a*", "?", "ops*", "", "d?v"])
_POLICIES = st.builds(
    Policy,
    st.lists(_GLOBS.filter(bool), max_size=2).map(tuple),
    st.dictionaries(st.sampled_from(["team", "x=y"]), _GLOBS, max_size=2),
    st.none() | st.just("until"),
)


@given(instances=st.lists(st.tuples(_KEYS, _TAGS), min_size=1, max_size=40), policy=_POLICIES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_plan_agrees_with_the_function(
    command: Command, tmp_path: Path, instances: list[tuple[str | None, dict[str, str]]], policy: Policy
) -> None:
    """A planned instance whose key and tags are known has the verdict of the function on it."""
    document = plan(
        *(
            change(f"aws_instance.a[{n}]", {"key_name": key, "tags": tags, "tags_all": tags}, index=n)
            for n, (key, tags) in enumerate(instances)
        )
    )
    file = tmp_path / "policy.json"
    values = {
        "allowed_key_names": list(policy.allowed_key_names),
        "exempt_tags": dict(policy.exempt_tags),
        "exempt_until_tag_key": policy.exempt_until_tag_key,
    }
    file.write_text(json.dumps(values), encoding="utf-8")
    outcome = command(
        "plan", write(tmp_path, document), "--format", "json", "--policy", file, "--today", TODAY.isoformat()
    )
    expected = [str(evaluate(Instance(key, None, tags), policy, TODAY).compliance_type) for key, tags in instances]
    assert list(outcome.verdicts.values()) == expected


@pytest.mark.parametrize("key", [None, "ops"])
def test_definition_agrees_with_the_function(command: Command, tmp_path: Path, key: str | None) -> None:
    """A launch template has the verdict of an instance that is launched from it."""
    tags = {"team": "a"}
    specifications = [{"resource_type": "volume", "tags": {}}, {"resource_type": "instance", "tags": tags}]
    document = plan(change("aws_launch_template.t", {"key_name": key, "tag_specifications": specifications}))
    for glob in ("a", "b"):
        verdicts = command(
            "plan", write(tmp_path, document), "--format", "json", "--exempt-tag", f"team={glob}"
        ).verdicts
        expected = evaluate(Instance(key, None, tags), Policy(exempt_tags={"team": glob}), TODAY).compliance_type
        assert list(verdicts.values()) == [str(expected)]
