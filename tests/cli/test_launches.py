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


def _refs(*references: str) -> dict[str, Any]:
    """An expression with these references, and the shorter forms that Terraform adds to each."""
    return {"references": [form for each in references for form in (each, each.rpartition(".")[0])]}


def _group(address: str, expression: Any, **specification: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A new group whose template is known only after apply, and its block in the configuration."""
    entry = change(
        address,
        {"name": "g", "launch_template": [{"version": "$Latest"}]},
        after_unknown={"launch_template": [{"id": True}]},
    )
    written = {"id": expression, "version": {"constant_value": "$Latest"}, **specification}
    block = {"mode": "managed", "type": "aws_autoscaling_group", "name": entry["name"]}
    return entry, {**block, "expressions": {"launch_template": [written]}}


def _inside(module: str, entry: dict[str, Any], name: str) -> dict[str, Any]:
    """An entry of a resource in a module instance."""
    return {**entry, "address": f"{module}.{entry['type']}.{name}", "module_address": module, "name": name}


_NEW: dict[str, Any] = {"after_unknown": {"id": True, "latest_version": True, "default_version": True}}


def test_output_of_a_local_value(interpreter: Interpreter, tmp_path: Path) -> None:
    """An output that is a local value leads to the templates of its module, and not to those beside the group."""
    entry, block = _group("aws_autoscaling_group.g", _refs("module.lt.id"))
    inner = _inside("module.lt", change("aws_launch_template.t", {"key_name": None}, **_NEW), "t")
    document = plan(entry, change("aws_launch_template.near", {"key_name": "ops"}, **_NEW), inner)
    outputs = {"id": {"expression": {"references": ["local.id"]}}}
    document["configuration"]["root_module"] = {
        "resources": [block],
        "module_calls": {"lt": {"module": {"outputs": outputs}}},
    }
    assert judged(interpreter, tmp_path, document) == {
        "aws_autoscaling_group.g": "NON_COMPLIANT",
        "aws_launch_template.near": "COMPLIANT",
    }


@pytest.mark.parametrize("key", [r"x\"y", "a.b", r"a\\b", "$${a}", r"\u0001"])
def test_key_of_a_module(interpreter: Interpreter, tmp_path: Path, key: str) -> None:
    """The key of a module instance can have any characters."""
    module = f'module.m["{key}"]'
    instance = _inside(module, change("aws_instance.a", {}, after_unknown=COMPUTED), "a")
    other = _inside(module, change("terraform_data.x", {}, after_unknown={"id": True}), "x")
    document = plan(instance, other)
    block = {"mode": "managed", "type": "aws_instance", "name": "a"}
    block["expressions"] = {"key_name": _refs("terraform_data.x.id")}  # type: ignore[assignment]
    document["configuration"]["root_module"] = {"module_calls": {"m": {"module": {"resources": [block]}}}}
    assert list(judged(interpreter, tmp_path, document).values()) == ["UNKNOWN"]


def test_keys_of_modules_in_a_map(interpreter: Interpreter, tmp_path: Path) -> None:
    """A module that loops over a map of other modules' outputs launches from the module instance with the same key."""
    keys = {"x": "ops", 'y"z': None}
    document = plan()
    for key, name in keys.items():
        module = "module.lt[" + f'"{key}"'.replace('y"', 'y\\"') + "]"
        template = _inside(module, change("aws_launch_template.t", {"key_name": name}, **_NEW), "t")
        entry, block = _group("aws_autoscaling_group.g", _refs("each.value.id"))
        group_entry = {**_inside("module.g", entry, "g"), "index": key}
        group_entry["address"] += module.removeprefix("module.lt")
        document["resource_changes"] += [template, group_entry]
    repeated = {**block, "for_each_expression": {"references": ["var.groups"]}}
    outputs = {"id": {"expression": _refs("aws_launch_template.t.id")}}
    document["configuration"]["root_module"]["module_calls"] = {
        "lt": {"for_each_expression": {"constant_value": keys}, "module": {"outputs": outputs}},
        "g": {"expressions": {"groups": {"references": ["module.lt"]}}, "module": {"resources": [repeated]}},
    }
    assert list(judged(interpreter, tmp_path, document).values()) == ["COMPLIANT", "NON_COMPLIANT"]


@pytest.mark.parametrize(
    ("references", "verdict"),
    [
        pytest.param(["aws_launch_template.new.id"], "NON_COMPLIANT", id="a new one"),
        pytest.param(["var.is_new", "aws_launch_template.new.id", "aws_launch_template.t.id"], "NON_COMPLIANT",
                     id="known condition"),
        pytest.param(["terraform_data.x.id", "aws_launch_template.new.id", "aws_launch_template.t.id"], "UNKNOWN",
                     id="unknown condition"),
        pytest.param(["terraform_data.x.id", "aws_launch_template.new.id"], "UNKNOWN", id="unknown condition, literal"),
        pytest.param(["terraform_data.x.id"], "UNKNOWN", id="through another resource"),
    ],
)  # fmt: skip
def test_conditional_template(interpreter: Interpreter, tmp_path: Path, references: list[str], verdict: str) -> None:
    """Where a value known only after apply chooses the template, any that the expression names can be meant."""
    entry, block = _group("aws_autoscaling_group.g", _refs(*references))
    document = plan(
        entry,
        change("aws_launch_template.new", {"key_name": None}, **_NEW),
        change("aws_launch_template.t", {**TEMPLATE, "key_name": "ops"}, actions=["no-op"], before=TEMPLATE),
        change("terraform_data.x", {}, after_unknown={"id": True}),
    )
    document["configuration"]["root_module"]["resources"] = [block]
    assert judged(interpreter, tmp_path, document)["aws_autoscaling_group.g"] == verdict


@pytest.mark.parametrize(
    ("reference", "verdict"),
    [("aws_launch_template.t.latest_version", "NON_COMPLIANT"), ("terraform_data.x.id", "UNKNOWN")],
)
def test_unknown_version(interpreter: Interpreter, tmp_path: Path, reference: str, verdict: str) -> None:
    """An unknown version is the new one only if it comes from the template."""
    entry, block = _group("aws_autoscaling_group.g", _refs("aws_launch_template.t.id"), version=_refs(reference))
    entry["change"]["after"]["launch_template"] = [{"id": "lt-1"}]
    entry["change"]["after_unknown"] = {"launch_template": [{"version": True}]}
    document = plan(entry, template("ops", None), change("terraform_data.x", {}, after_unknown={"id": True}))
    document["configuration"]["root_module"]["resources"] = [block]
    assert judged(interpreter, tmp_path, document) == {"aws_autoscaling_group.g": verdict}


def test_templates_of_a_spot_fleet(interpreter: Interpreter, tmp_path: Path) -> None:
    """The templates of a spot fleet are a set, so the plan can have them in another order than the configuration."""
    written = [
        {"launch_template_specification": [{"id": _refs(f"aws_launch_template.{name}.id")}]} for name in ("new", "t")
    ]
    after = [{"launch_template_specification": [each]} for each in ({"id": "lt-1", "version": "3"}, {})]
    document = plan(
        change(
            "aws_spot_fleet_request.f",
            {"launch_template_config": after},
            after_unknown={"launch_template_config": [{}, {"launch_template_specification": [{"id": True}]}]},
        ),
        change("aws_launch_template.new", {"key_name": None}, **_NEW),
        change("aws_launch_template.t", {**TEMPLATE, "key_name": "ops"}, actions=["no-op"], before=TEMPLATE),
        resources={"aws_spot_fleet_request.f": {"expressions": {"launch_template_config": written}}},
    )
    assert judged(interpreter, tmp_path, document) == {"aws_spot_fleet_request.f": "NON_COMPLIANT"}


@pytest.mark.parametrize(
    ("tags", "defaults", "verdict"),
    [
        ({"Name": ""}, {"team": "a"}, "UNKNOWN"),
        (None, {"team": "a", "other": ""}, "UNKNOWN"),
        (None, {}, "NON_COMPLIANT"),
    ],
)
def test_empty_tags(interpreter: Interpreter, tmp_path: Path, tags: Any, defaults: Any, verdict: str) -> None:
    """If a tag's value is empty, the provider shows tags_all as unknown, and so hides the default tags."""
    document = plan(
        change("aws_instance.a", {"tags": tags}, after_unknown=COMPUTED),
        resources={"aws_instance.a": {"provider_config_key": "aws"}},
        variables={"default_tags": {"value": defaults}},
    )
    expressions = {"default_tags": [{"tags": {"references": ["var.default_tags"]}}]}
    document["configuration"]["provider_config"] = {"aws": {"name": "aws", "expressions": expressions}}
    assert judged(interpreter, tmp_path, document, "--exempt-tag", "team=a") == {"aws_instance.a": verdict}


def test_default_tags_of_a_provider_in_a_module(interpreter: Interpreter, tmp_path: Path) -> None:
    """The variables of a provider that is configured in a module are those of the module."""
    document = plan(
        _inside("module.m", change("aws_instance.a", {}, after_unknown=COMPUTED), "a"),
        change("terraform_data.x", {}, after_unknown={"id": True}),
    )
    block = {"mode": "managed", "type": "aws_instance", "name": "a", "provider_config_key": "module.m:aws"}
    call = {"expressions": {"team": _refs("terraform_data.x.id")}, "module": {"resources": [block]}}
    expressions = {"default_tags": [{"tags": {"references": ["var.team"]}}]}
    provider = {"name": "aws", "module_address": "module.m", "expressions": expressions}
    document["configuration"] |= {"provider_config": {"module.m:aws": provider}}
    document["configuration"]["root_module"]["module_calls"] = {"m": call}
    assert list(judged(interpreter, tmp_path, document, "--exempt-tag", "team=a").values()) == ["UNKNOWN"]


@pytest.mark.parametrize("reference", ["var.team", "local.team"])
def test_sensitive_default_tags(interpreter: Interpreter, tmp_path: Path, reference: str) -> None:
    """Terraform does not mark default tags from a sensitive variable, and still none is printed."""
    after = {"tags": {"own": "b"}, "tags_all": {"own": "b", "team": "swordfish"}, "key_name": None}
    document = plan(
        change("aws_instance.a", after, after_sensitive={"tags": {}, "tags_all": {}}),
        resources={"aws_instance.a": {"provider_config_key": "aws"}},
    )
    expressions = {"default_tags": [{"tags": {"references": [reference]}}]}
    document["configuration"]["provider_config"] = {"aws": {"name": "aws", "expressions": expressions}}
    document["configuration"]["root_module"]["variables"] = {"team": {"sensitive": True}}
    for options in (("--exempt-tag", "team=*"), ("--exempt-until-tag-key", "team")):
        done = interpreter("plan", write(tmp_path, document), "--format", "json", *options)
        assert done.json["resources"]
        assert "swordfish" not in done.output
    done = interpreter("plan", write(tmp_path, document), "--format", "json", "--exempt-tag", "own=b")
    assert "own=b" in done.output


def test_default_tags_of_a_function(interpreter: Interpreter, tmp_path: Path) -> None:
    """Default tags that are the result of a function are known only after apply."""
    document = plan(
        change("aws_instance.a", {}, after_unknown=COMPUTED),
        resources={"aws_instance.a": {"provider_config_key": "aws"}},
    )
    expressions: dict[str, Any] = {"default_tags": [{"tags": {}}]}
    document["configuration"]["provider_config"] = {"aws": {"name": "aws", "expressions": expressions}}
    assert judged(interpreter, tmp_path, document, "--exempt-tag", "team=a") == {"aws_instance.a": "UNKNOWN"}


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


@pytest.mark.parametrize("reference", [{"constant_value": "t"}, _refs("aws_launch_template.us.name")])
@pytest.mark.parametrize(("provider", "region"), [("aws.us", None), ("aws", "us-east-1")])
def test_name_in_two_regions(
    interpreter: Interpreter, tmp_path: Path, reference: Any, provider: str, region: str | None
) -> None:
    """Two regions can have templates of the same name."""
    entry, block = _group("aws_autoscaling_group.g", None)
    block |= {"provider_config_key": provider, "expressions": {"launch_template": [{"name": reference}]}}
    entry["change"]["after"] |= {"region": region, "launch_template": [{"name": "t"}]}
    document = plan(
        entry,
        change("aws_launch_template.eu", {"name": "t", "key_name": "ops", "region": region and "eu-west-1"}, **_NEW),
        change("aws_launch_template.us", {"name": "t", "key_name": None, "region": region}, **_NEW),
        resources={
            "aws_launch_template.eu": {"provider_config_key": "aws"},
            "aws_launch_template.us": {"provider_config_key": provider},
        },
    )
    document["configuration"]["root_module"]["resources"].append(block)
    assert judged(interpreter, tmp_path, document)["aws_autoscaling_group.g"] == "NON_COMPLIANT"


@pytest.mark.parametrize(
    ("reference", "passed", "verdict"),
    [
        ("terraform_data.x.output", {"input": _refs("aws_launch_template.t.id")}, "COMPLIANT"),
        ("terraform_data.x.output", {"input": _refs("aws_launch_template.new.id")}, "NON_COMPLIANT"),
        ("aws_ssm_parameter.x[0].value", {"value": _refs("aws_launch_template.new.id")}, "NON_COMPLIANT"),
        ("aws_ssm_parameter.x[0].arn", {"value": _refs("aws_launch_template.new.id")}, "UNKNOWN"),
    ],
)
def test_template_through_another_resource(
    interpreter: Interpreter, tmp_path: Path, reference: str, passed: dict[str, Any], verdict: str
) -> None:
    """An attribute that is configured passes a template's id on, even if it is known only after apply."""
    entry, block = _group("aws_autoscaling_group.g", _refs(reference))
    name = reference.partition("[")[0].removesuffix(".output")
    document = plan(
        entry,
        change("aws_launch_template.new", {"key_name": None}, **_NEW),
        change("aws_launch_template.t", {**TEMPLATE, "key_name": "ops", "default_version": 3}, actions=["no-op"],
               before={**TEMPLATE, "key_name": "ops", "default_version": 3}),
        change(name, {}, after_unknown={"value": True, "output": True, "arn": True}),
        resources={name: {"expressions": passed}},
    )  # fmt: skip
    document["configuration"]["root_module"]["resources"].append(block)
    assert judged(interpreter, tmp_path, document)["aws_autoscaling_group.g"] == verdict
