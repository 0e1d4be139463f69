"""Plans the module with many sets of inputs at once: a run of Terraform takes seconds, however little it plans.

Each set of inputs is a case and has a name. The root calls the module, or the module in one of its folders, once for
each case, in a file with the case's name and from a copy of the module in a folder with that name. So the place in each
of Terraform's messages names the case.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from tests.support.terraform import Plan, Root, TerraformError, copy_module, plain

Cases = Mapping[str, Mapping[str, Any]]


class PlanEach(Protocol):
    """:func:`plan_each` with a folder of its own."""

    def __call__(self, cases: Cases, source: str = ".", /) -> dict[str, Plan]: ...


class RefuseEach(Protocol):
    """:func:`refuse_each` with a folder of its own."""

    def __call__(self, cases: Cases, source: str = ".", /) -> dict[str, list[str]]: ...


def plan_each(directory: Path, environment: Mapping[str, str], cases: Cases, source: str = ".") -> dict[str, Plan]:
    """Plan the module with each set of inputs; returns a plan for each, as if the module were the root.

    Args:
        directory: an empty folder.
        environment: as ``Root`` takes it.
        cases: the sets of inputs by their names.
        source: the module's folder, such as ``modules/hub``; ``.`` is the module itself.

    Raises:
        TerraformError: a case is refused. The message names its file.
    """
    root = _root(directory, environment, cases, source)
    document = root.document()
    plans = {}
    for name in cases:
        try:
            plans[name] = root.read(_inside(document, name))
        except AssertionError as error:
            error.add_note(f"This is the case {name}.")
            raise
    return plans


def refuse_each(
    directory: Path, environment: Mapping[str, str], cases: Cases, source: str = "."
) -> dict[str, list[str]]:
    """Plan the module with each set of inputs; returns the messages with which each is refused.

    The arguments are those of :func:`plan_each`.

    Raises:
        AssertionError: a case is not refused, or a message does not belong to one.
    """
    messages: list[str] = []
    try:
        _root(directory, environment, cases, source).document()
    except TerraformError as error:
        messages = str(error).splitlines()
    found: dict[str, list[str]] = {name: [] for name in cases}
    for message in messages:
        # If a case leaves the refused input out, the message has only the place of the validation rule.
        place = re.search(r" (?:on|rule at) ([a-z]\w*)(?:\.tf\.json|/\S+?)(?: line |:)\d", message)
        assert place, f"the message belongs to no case: {message}"
        found[place[1]].append(message)
    taken = [name for name, each in found.items() if not each]
    assert not taken, "\n".join([f"not refused: {', '.join(taken)}", *messages])
    return found


def _root(directory: Path, environment: Mapping[str, str], cases: Cases, source: str) -> Root:
    # As variables, inputs are not known when Terraform validates the configuration, but only when it plans. So a plan
    # refuses all bad ones at once.
    for name, inputs in cases.items():
        copy_module(directory / name, ("lambda", "modules"))
        call = {"source": f"./{name}/{source}", **{key: f"${{var.{name}.{key}}}" for key in inputs}}
        output = {"value": f"${{module.{name}}}"}
        file = {"variable": {name: {}}, "module": {name: call}, "output": {name: output}}
        (directory / f"{name}.tf.json").write_text(json.dumps(file, indent=1), encoding="utf-8")
    (directory / "terraform.tfvars.json").write_text(json.dumps(plain(cases)), encoding="utf-8")
    root = Root(directory, environment)
    root.init()
    return root


def _inside(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What a plan says of one module, as it would say it if that were the root."""
    start = f"module.{name}."
    configuration = document["configuration"]["root_module"]["module_calls"][name]["module"]
    # A planned output is left out unless all of it is known; its change tells how much is.
    change = document["output_changes"][name]
    known, unknown = change["after"] or {}, change["after_unknown"]
    outputs = {
        each: {"value": None if "true" in json.dumps(unknown.get(each)) else known.get(each)}
        for each in configuration["outputs"]
    }
    planned = {"root_module": _module(document["planned_values"], name), "outputs": outputs}
    prior = {"root_module": _module(document.get("prior_state", {}).get("values", {}), name)}
    return {
        "planned_values": planned,
        "prior_state": {"values": prior},
        "resource_changes": [
            _relative(each, start) for each in document["resource_changes"] if each["address"].startswith(start)
        ],
        "output_changes": {name: change},
        "configuration": {**document["configuration"], "root_module": configuration},
        "checks": [each for each in document.get("checks", []) if each["address"]["to_display"].startswith(start)],
    }


def _module(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    children = values.get("root_module", {}).get("child_modules", [])
    found = (each for each in children if each["address"] == f"module.{name}")
    return _relative(next(found, {}), f"module.{name}.")


def _relative(part: Mapping[str, Any], start: str) -> dict[str, Any]:
    """A module or resource, whose addresses lose their beginning."""
    relative = dict(part)
    if "address" in part:
        relative["address"] = part["address"].removeprefix(start)
    for children in ("resources", "child_modules"):
        if children in part:
            relative[children] = [_relative(each, start) for each in part[children]]
    return relative
