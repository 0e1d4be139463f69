"""The templates and tags that the judge finds through references, in plans by hand."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Interpreter
from tests.cli.plans import change, plan, write
from tests.cli.test_launches import COMPUTED, TEMPLATE, judged, template


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


def test_relevant_templates(interpreter: Interpreter, tmp_path: Path) -> None:
    """A dynamic block leads to no template that the plan does not list as relevant, even if it is nearer."""
    entry, block = _group("aws_autoscaling_group.g", _refs("local.id"))
    del block["expressions"]["launch_template"]
    inner = _inside('module.lt["a"]', change("aws_launch_template.t[0]", {"key_name": None}, index=0, **_NEW), "t")
    document = plan(entry, change("aws_launch_template.near", {"key_name": "ops"}, **_NEW), inner)
    document["relevant_attributes"] = [{"resource": "module.lt.aws_launch_template.t", "attribute": ["id"]}]
    document["configuration"]["root_module"] = {"resources": [block]}
    assert judged(interpreter, tmp_path, document)["aws_autoscaling_group.g"] == "NON_COMPLIANT"


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


def test_key_with_the_name_of_an_output(interpreter: Interpreter, tmp_path: Path) -> None:
    """The key of a module instance can be the name of one of the module's outputs."""
    entry, block = _group("aws_autoscaling_group.g", _refs('module.lt["id"].id'))
    keys = {"id": None, "other": "ops"}
    templates = [
        _inside(f'module.lt["{key}"]', change("aws_launch_template.t", {"key_name": name}, **_NEW), "t")
        for key, name in keys.items()
    ]
    document = plan(entry, *templates)
    outputs = {"id": {"expression": _refs("aws_launch_template.t.id")}}
    document["configuration"]["root_module"] = {
        "resources": [block],
        "module_calls": {"lt": {"for_each_expression": {"constant_value": keys}, "module": {"outputs": outputs}}},
    }
    assert judged(interpreter, tmp_path, document)["aws_autoscaling_group.g"] == "NON_COMPLIANT"


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
