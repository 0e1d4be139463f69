"""What is judged: large plans, and the project's own."""

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.plan.tools import CHECKOUT

PLANS = CHECKOUT / "tests/cli/plans"


def write_case(folder: Path, size: int) -> Path:
    """A case of so many instances, two of three without a key pair, with the attributes that the provider plans."""
    source = json.loads((PLANS / "instance-key/plan.json").read_text(encoding="utf-8"))
    changes = {each["address"]: each for each in source["resource_changes"]}
    values = {each["address"]: each for each in source["planned_values"]["root_module"]["resources"]}
    blocks = {each["address"]: each for each in source["configuration"]["root_module"]["resources"]}
    plan = {**source, "resource_changes": [], "planned_values": {"root_module": {"resources": []}}}
    plan["configuration"] = {**source["configuration"], "root_module": {"resources": []}}
    text = []
    for number in range(size):
        original = "aws_instance.unset" if number % 3 else "aws_instance.literal"
        named = {"address": f"aws_instance.i{number}", "name": f"i{number}"}
        plan["resource_changes"].append({**changes[original], **named})
        plan["planned_values"]["root_module"]["resources"].append({**values[original], **named})
        plan["configuration"]["root_module"]["resources"].append({**blocks[original], **named})
        key = "" if number % 3 else '  key_name = "ops"\n'
        text.append(f'resource "aws_instance" "i{number}" {{\n  ami = "ami-1"\n{key}}}\n')
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    (folder / "main.tf").write_text("\n".join(text), encoding="utf-8")
    return folder


def cases() -> Iterator[tuple[Path, set[str]]]:
    """The project's plans that can be judged, with the addresses that are NON_COMPLIANT without a policy of its own."""
    for path in sorted(PLANS.glob("*/expected.json")):
        expected = json.loads(path.read_text(encoding="utf-8"))
        if "policy" not in expected and "status" not in expected:
            resources = expected["resources"].items()
            yield path.parent, {name for name, each in resources if each["verdict"] == "NON_COMPLIANT"}
