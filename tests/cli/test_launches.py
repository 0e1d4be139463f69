"""What a plan launches, in plans by hand: one for each rule of the judge. The provider's are in ``plans``."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Interpreter
from tests.cli.plans import change, plan, write

COMPUTED = {"key_name": True, "tags_all": True}
TEMPLATE = {"id": "lt-1", "name": "app", "latest_version": 3, "default_version": 2}


def template(before_key: str | None, after_key: str | None, **more: Any) -> dict[str, Any]:
    """A template whose update makes a new version."""
    after = {name: value for name, value in TEMPLATE.items() if name not in more.get("after_unknown", {})}
    return change(
        "aws_launch_template.t",
        {**after, "key_name": after_key},
        actions=["update"],
        before={**TEMPLATE, "key_name": before_key},
        **{"after_unknown": {"latest_version": True}, **more},
    )


def group(version: str | None, actions: str = "no-op", **more: Any) -> dict[str, Any]:
    """A group that launches from the template."""
    after = {"name": "g", "launch_template": [{"id": "lt-1", "name": "app", "version": version}]}
    return change("aws_autoscaling_group.g", after, actions=[actions], before=after, **more)


def judged(interpreter: Interpreter, folder: Path, document: Any, *options: str) -> dict[str, str]:
    """The verdict of each address."""
    return interpreter("plan", write(folder, document), "--format", "json", *options).verdicts


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        pytest.param("$Latest", "NON_COMPLIANT", id="latest"),
        pytest.param("$Default", "UNKNOWN", id="default is an older one"),
        pytest.param(None, "UNKNOWN", id="default where none is given"),
        pytest.param("3", "COMPLIANT", id="the one before"),
        pytest.param("4", "NON_COMPLIANT", id="the one that it makes"),
        pytest.param("1", "UNKNOWN", id="one that the plan does not show"),
    ],
)
def test_versions(interpreter: Interpreter, tmp_path: Path, version: str | None, verdict: str) -> None:
    """A group that is updated launches from the version that it names, and not always from the new one."""
    assert judged(interpreter, tmp_path, plan(group(version, "update"), template("ops", None))) == {
        "aws_autoscaling_group.g": verdict
    }


@pytest.mark.parametrize(
    ("version", "marks", "is_judged"),
    [
        ("$Latest", {"latest_version": True}, True),
        ("$Default", {"latest_version": True}, False),
        ("3", {"latest_version": True}, False),
        ("$Default", {"latest_version": True, "default_version": True}, True),
    ],
)
def test_unchanged_group(
    interpreter: Interpreter, tmp_path: Path, version: str, marks: dict[str, bool], *, is_judged: bool
) -> None:
    """A group that the plan does not change counts where its template's version does; else both are skipped."""
    outcome = interpreter(
        "plan", write(tmp_path, plan(group(version), template("ops", None, after_unknown=marks))), "--format", "json"
    )
    addresses = [each["address"] for each in outcome.json["summary"]["skipped"]]
    assert outcome.status == is_judged
    assert addresses == ([] if is_judged else ["aws_autoscaling_group.g", "aws_launch_template.t"])


@pytest.mark.parametrize(
    ("actions", "is_judged"),
    [
        (["create"], True),
        (["update"], True),
        (["delete", "create"], True),
        (["create", "delete"], True),
        (["create", "forget"], True),
        (["no-op"], False),
        (["delete"], False),
        (["forget"], False),
    ],
)
def test_actions(interpreter: Interpreter, tmp_path: Path, actions: list[str], *, is_judged: bool) -> None:
    """Only what is created, replaced or updated counts; the rest is skipped by name."""
    for kind in ("aws_instance", "aws_launch_template"):
        entry = change(f"{kind}.a", {"key_name": None}, actions=actions, before={"key_name": None})
        outcome = interpreter("plan", write(tmp_path, plan(entry)), "--format", "json")
        summary = outcome.json["summary"]
        assert (summary["compliant"], summary["non_compliant"], summary["unknown"]) == (0, int(is_judged), 0)
        assert [each["address"] for each in summary["skipped"]] == ([] if is_judged else [f"{kind}.a"])


@pytest.mark.parametrize(("kind", "verdicts"), [("maintain", ["NON_COMPLIANT"]), ("request", []), ("instant", [])])
def test_unchanged_fleet(interpreter: Interpreter, tmp_path: Path, kind: str, verdicts: list[str]) -> None:
    """Of the fleets that the plan does not change, those that maintain their capacity launch from the new version."""
    specification = [{"launch_template_id": "lt-1", "version": "$Latest"}]
    after = {"type": kind, "launch_template_config": [{"launch_template_specification": specification}]}
    fleet = change("aws_ec2_fleet.f", after, actions=["no-op"], before=after)
    assert list(judged(interpreter, tmp_path, plan(fleet, template("ops", None))).values()) == verdicts


def test_replacement_loses_a_key_of_the_state(interpreter: Interpreter, tmp_path: Path) -> None:
    """An instance that is replaced has no key that only the state had; one that is updated keeps it."""
    before = {"key_name": "ops"}
    replaced = change("aws_instance.a", {}, actions=["delete", "create"], before=before, after_unknown=COMPUTED)
    updated = change("aws_instance.b", before, actions=["update"], before=before)
    assert judged(interpreter, tmp_path, plan(replaced, updated)) == {
        "aws_instance.a": "NON_COMPLIANT",
        "aws_instance.b": "COMPLIANT",
    }


def test_deposed(interpreter: Interpreter, tmp_path: Path) -> None:
    """A deposed object does not hide the resource at its address."""
    deposed = change("aws_instance.a", None, actions=["delete"], before={"key_name": "ops"}, deposed="0123abcd")
    assert judged(interpreter, tmp_path, plan(change("aws_instance.a", {}), deposed)) == {
        "aws_instance.a": "NON_COMPLIANT"
    }


@pytest.mark.parametrize(
    ("relevant", "version", "verdict"),
    [
        ([], "1.2", "NON_COMPLIANT"),
        ([{"resource": "terraform_data.x", "attribute": ["input"]}], "1.2", "NON_COMPLIANT"),
        ([{"resource": "terraform_data.x", "attribute": ["id"]}], "1.2", "UNKNOWN"),
        ([{"resource": "data.aws_ami.x", "attribute": ["id"]}], "1.2", "UNKNOWN"),
        ([], "1.0", "UNKNOWN"),
    ],
)
def test_local_value(interpreter: Interpreter, tmp_path: Path, relevant: Any, version: str, verdict: str) -> None:
    """A local value is known where nothing that the plan lists as relevant is known only after apply."""
    read = change("data.aws_ami.x", {"id": None}, actions=["read"])
    read |= {"mode": "data", "type": "aws_ami", "name": "x", "module_address": ""}
    document = plan(
        change("aws_instance.a", {}, after_unknown=COMPUTED),
        change("terraform_data.x", {"input": "x"}, after_unknown={"id": True}),
        read,
        resources={"aws_instance.a": {"expressions": {"key_name": {"references": ["local.key_name"]}}}},
        relevant_attributes=relevant,
        format_version=version,
    )
    assert judged(interpreter, tmp_path, document) == {"aws_instance.a": verdict}


def _expression(text: Any) -> dict[str, Any]:
    return {"references": text} if isinstance(text, list) else {"constant_value": text}


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        pytest.param(None, "NON_COMPLIANT", id="unset"),
        pytest.param(_expression(None), "NON_COMPLIANT", id="null"),
        pytest.param(_expression(""), "NON_COMPLIANT", id="empty"),
        pytest.param({}, "UNKNOWN", id="functions alone"),
        pytest.param(_expression(["var.key_name"]), "NON_COMPLIANT", id="variable"),
        pytest.param(_expression(["each.value.key", "each.value"]), "NON_COMPLIANT", id="each"),
        pytest.param(_expression(["count.index"]), "NON_COMPLIANT", id="count"),
        pytest.param(_expression(["terraform_data.x.id", "terraform_data.x"]), "UNKNOWN", id="unknown attribute"),
        pytest.param(_expression(["terraform_data.x.input"]), "NON_COMPLIANT", id="known attribute"),
        pytest.param(_expression(["aws_key_pair.none[0].key_name"]), "NON_COMPLIANT", id="resource of count 0"),
        pytest.param(_expression(["var.key_name", "terraform_data.x.id"]), "UNKNOWN", id="conditional on an unknown"),
    ],
)  # fmt: skip
def test_key_that_is_shown_as_unknown(
    interpreter: Interpreter, tmp_path: Path, expression: dict[str, Any] | None, verdict: str
) -> None:
    """A key that is shown as known only after apply is none where all it refers to is known."""
    expressions = {} if expression is None else {"key_name": expression}
    document = plan(
        change("aws_instance.a", {}, after_unknown=COMPUTED),
        change("terraform_data.x", {"input": "x"}, after_unknown={"id": True}),
        resources={"aws_instance.a": {"expressions": expressions}},
        variables={"key_name": {"value": None}},
    )
    assert judged(interpreter, tmp_path, document) == {"aws_instance.a": verdict}


@pytest.mark.parametrize(
    ("passed", "verdict"),
    [
        ({}, "NON_COMPLIANT"),
        ({"key_name": {"constant_value": None}}, "NON_COMPLIANT"),
        ({"key_name": {"references": ["var.key_name"]}}, "NON_COMPLIANT"),
        ({"key_name": {"references": ["terraform_data.x.id", "terraform_data.x"]}}, "UNKNOWN"),
        ({"key_name": {}}, "UNKNOWN"),
    ],
)
def test_variable_through_modules(
    interpreter: Interpreter, tmp_path: Path, passed: dict[str, Any], verdict: str
) -> None:
    """A variable is followed through two module calls to what is passed, or to its default."""
    block = {"mode": "managed", "type": "aws_instance", "name": "a"}
    block["expressions"] = {"key_name": {"references": ["var.key_name"]}}  # type: ignore[assignment]
    inner = {"resources": [block], "variables": {"key_name": {"default": None}}}
    call = {"expressions": {"key_name": {"references": ["var.key_name"]}}, "module": inner}
    document = plan(
        change('module.a["x"].module.b[0].aws_instance.a', {}, after_unknown=COMPUTED),
        change("terraform_data.x", {}, after_unknown={"id": True}),
        variables={"key_name": {"value": None}},
    )
    document["resource_changes"][0]["module_address"] = 'module.a["x"].module.b[0]'
    document["resource_changes"][0] |= {"type": "aws_instance", "name": "a"}
    calls = {"a": {"expressions": passed, "module": {"module_calls": {"b": call}}}}
    document["configuration"]["root_module"]["module_calls"] = calls
    assert list(judged(interpreter, tmp_path, document).values()) == [verdict]


@pytest.mark.parametrize(
    ("tags", "marks", "verdict"),
    [
        pytest.param({"team": "a"}, {}, "COMPLIANT", id="exempt"),
        pytest.param({"team": "b"}, {}, "NON_COMPLIANT", id="not exempt"),
        pytest.param({}, {"tags_all": True}, "NON_COMPLIANT", id="untagged"),
        pytest.param({}, {"tags": True, "tags_all": True}, "UNKNOWN", id="unknown tags"),
        pytest.param({}, {"tags": {"team": True}}, "UNKNOWN", id="unknown value"),
        pytest.param({}, {"tags": {"any": True}}, "COMPLIANT", id="unknown value, and any exempts"),
        pytest.param({"team": "b"}, {"tags": {"other": True}}, "NON_COMPLIANT", id="unknown value of another tag"),
        pytest.param({"team": "a"}, {"tags": {"other": True}}, "COMPLIANT", id="exempt beside an unknown value"),
    ],
)
def test_unknown_tags(interpreter: Interpreter, tmp_path: Path, tags: Any, marks: Any, verdict: str) -> None:
    """A tag that is not known makes the result unknown only where it could exempt."""
    document = plan(change("aws_instance.a", {"tags": tags or None, "key_name": None}, after_unknown=marks))
    options = ("--exempt-tag", "team=a", "--exempt-tag", "any=*")
    assert judged(interpreter, tmp_path, document, *options) == {"aws_instance.a": verdict}


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ({"name": "batch-1"}, "COMPLIANT"),
        ({"name": "web"}, "NON_COMPLIANT"),
        ({"name_prefix": "batch-"}, "COMPLIANT"),
        ({"name_prefix": "web-"}, "NON_COMPLIANT"),
        ({"name_prefix": "bat"}, "UNKNOWN"),
    ],
)
def test_name_of_a_group(interpreter: Interpreter, tmp_path: Path, name: dict[str, str], verdict: str) -> None:
    """AWS tags instances with the name of their group or node group, of which a prefix can be enough."""
    document = plan(
        change("aws_autoscaling_group.g", {**name, "launch_template": [{"id": "lt-1"}]}, after_unknown={}),
        template(None, None, after_unknown={"latest_version": True, "default_version": True}),
    )
    options = ("--exempt-tag", "aws:autoscaling:groupName=batch-*")
    assert judged(interpreter, tmp_path, document, *options) == {"aws_autoscaling_group.g": verdict}


def test_definition_without_users(interpreter: Interpreter, tmp_path: Path) -> None:
    """A definition is judged by itself only where nothing in the plan uses it."""
    lone = change("aws_launch_template.lone", {"name": "lone", "key_name": None}, after_unknown={"id": True})
    used = change("aws_launch_template.used", {"name": "used", "key_name": None}, after_unknown={"id": True})
    after = {"launch_template": [{"name": "used", "version": "$Latest"}], "key_name": "ops"}
    user = change("aws_instance.a", after, after_unknown={"launch_template": [{"id": True}]})
    outcome = interpreter("plan", write(tmp_path, plan(user, lone, used)), "--format", "json")
    assert outcome.verdicts == {"aws_instance.a": "COMPLIANT", "aws_launch_template.lone": "NON_COMPLIANT"}
    assert outcome.json["resources"][0]["follows"] == ["aws_launch_template.used"]


def test_overrides(interpreter: Interpreter, tmp_path: Path) -> None:
    """Each override of a mixed instances policy counts, and the policy's own template where one has none."""
    own = {"launch_template_specification": [{"launch_template_name": "bad", "version": "$Latest"}]}
    documents = {}
    for name, overrides in {"none": [], "some": [{}, own], "all": [own, own]}.items():
        base = [{"launch_template_name": "good", "version": "$Latest"}]
        mixed = [{"launch_template": [{"launch_template_specification": base, "override": overrides}]}]
        documents[name] = plan(
            change("aws_autoscaling_group.g", {"name": "g", "mixed_instances_policy": mixed}),
            change("aws_launch_template.bad", {"name": "bad", "key_name": None}),
            change("aws_launch_template.good", {"name": "good", "key_name": "ops"}),
        )
    documents["all"]["resource_changes"][1]["change"]["after"]["key_name"] = "ops"
    documents["all"]["resource_changes"][2]["change"]["after"]["key_name"] = None
    assert judged(interpreter, tmp_path, documents["none"])["aws_autoscaling_group.g"] == "COMPLIANT"
    assert judged(interpreter, tmp_path, documents["some"])["aws_autoscaling_group.g"] == "NON_COMPLIANT"
    assert judged(interpreter, tmp_path, documents["all"]) == {"aws_autoscaling_group.g": "COMPLIANT"}


def test_nothing_is_known(interpreter: Interpreter, tmp_path: Path) -> None:
    """A resource, or a block of it, of which nothing is known has an unknown result."""
    document = plan(
        change("aws_instance.all", {}, after_unknown=True),
        change("aws_instance.template", {}, after_unknown={"launch_template": True}),
        change("aws_eks_node_group.template", {}, after_unknown={"launch_template": True}),
        change("aws_autoscaling_group.all", {}, after_unknown=True),
        resources={"aws_instance.all": {"expressions": {"key_name": {"references": ["terraform_data.x.id"]}}}},
    )
    assert set(judged(interpreter, tmp_path, document).values()) == {"UNKNOWN"}


def test_cluster_that_only_the_state_holds(interpreter: Interpreter, tmp_path: Path) -> None:
    """A part of an EMR cluster that -target leaves out of the plan has the key of the cluster in the state."""
    values = {"id": "j-1", "ec2_attributes": [{"key_name": "ops"}], "tags_all": {}}
    past = {"address": "aws_emr_cluster.c", "type": "aws_emr_cluster", "values": values}
    document = plan(
        change("aws_emr_instance_group.g", {"cluster_id": "j-1"}),
        prior_state={"values": {"root_module": {"child_modules": [{"resources": [past]}]}}},
    )
    assert judged(interpreter, tmp_path, document) == {"aws_emr_instance_group.g": "COMPLIANT"}
    values["ec2_attributes"] = []
    assert judged(interpreter, tmp_path, document) == {"aws_emr_instance_group.g": "NON_COMPLIANT"}


def test_specifications_of_a_spot_fleet(interpreter: Interpreter, tmp_path: Path) -> None:
    """Specifications are found in the configuration by their constants, for the plan orders them anew."""
    after: list[Any] = [
        {"ami": "b", "weighted_capacity": "3", "tags": {"team": "a"}},
        {"ami": "a", "key_name": "ops", "weighted_capacity": ""},
    ]
    written: list[Any] = [
        {"ami": {"constant_value": "a"}, "key_name": {"constant_value": "ops"}},
        {"ami": {"constant_value": "b"}, "weighted_capacity": {"constant_value": 3}},
    ]
    document = plan(
        change(
            "aws_spot_fleet_request.f",
            {"launch_specification": after},
            after_unknown={"launch_specification": [{"key_name": True}, {}]},
        ),
        resources={"aws_spot_fleet_request.f": {"expressions": {"launch_specification": written}}},
    )
    assert judged(interpreter, tmp_path, document) == {"aws_spot_fleet_request.f": "NON_COMPLIANT"}
    assert judged(interpreter, tmp_path, document, "--exempt-tag", "team=a") == {
        "aws_spot_fleet_request.f": "COMPLIANT"
    }
    written[1]["key_name"] = {"references": ["terraform_data.x.id"]}
    document["resource_changes"].append(change("terraform_data.x", {}, after_unknown={"id": True}))
    assert judged(interpreter, tmp_path, document) == {"aws_spot_fleet_request.f": "UNKNOWN"}
    # A dynamic block makes one more, which the configuration does not have.
    after.append({"ami": "c"})
    document["resource_changes"][0]["change"]["after_unknown"]["launch_specification"].append({"key_name": True})
    written[1]["key_name"] = {"constant_value": None}
    assert judged(interpreter, tmp_path, document, "--exempt-tag", "team=a") == {"aws_spot_fleet_request.f": "UNKNOWN"}


def test_running_instance_keeps_what_it_was_launched_with(interpreter: Interpreter, tmp_path: Path) -> None:
    """An instance that is only updated gets no key from a template that has one now."""
    before = {"key_name": "", "launch_template": [{"id": "lt-1", "version": "$Latest"}]}
    updated = change("aws_instance.a", before, actions=["update"], before=before)
    document = plan(updated, template(None, "ops"))
    assert judged(interpreter, tmp_path, document) == {"aws_instance.a": "NON_COMPLIANT"}
    updated["change"]["actions"] = ["delete", "create"]
    assert judged(interpreter, tmp_path, document) == {"aws_instance.a": "COMPLIANT"}


@pytest.mark.parametrize(
    ("tag", "verdict"),
    [
        ("elasticbeanstalk:environment-name=batch-*", "COMPLIANT"),
        ("Name=batch-*", "COMPLIANT"),
        ("Name=web-*", "NON_COMPLIANT"),
        ("elasticbeanstalk:environment-id=e-*", "UNKNOWN"),
    ],
)
def test_tags_of_elastic_beanstalk(interpreter: Interpreter, tmp_path: Path, tag: str, verdict: str) -> None:
    """AWS Elastic Beanstalk gives instances the name and the id of their environment."""
    after = {"name": "batch-1", "tags": {"Name": "web-1"}}
    document = plan(change("aws_elastic_beanstalk_environment.e", after, after_unknown={"id": True}))
    assert judged(interpreter, tmp_path, document, "--exempt-tag", tag) == {
        "aws_elastic_beanstalk_environment.e": verdict
    }
