"""Plans by hand, as small as a test needs them. Those of the real provider are in the folder ``plans``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def change(address: str, after: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """An entry of ``resource_changes``; ``actions``, ``before``, ``after_unknown`` and the like by keyword."""
    *module, kind, name = address.partition("[")[0].rsplit(".", 2)
    entry = {"address": address, "mode": "managed", "type": kind, "name": name}
    if module:
        entry["module_address"] = module[0]
    for key in ("index", "deposed"):
        if key in more:
            entry[key] = more.pop(key)
    inner = {"actions": ["create"], "before": None, "after": after, "after_unknown": {}, "after_sensitive": {}}
    return {**entry, "change": {**inner, **more}}


def plan(*changes: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A plan of these changes, with the configuration of ``resources`` by address."""
    blocks = [
        {"address": address, "mode": "managed", "type": kind, "name": name, **block}
        for address, block in more.pop("resources", {}).items()
        for kind, name in [address.split(".")]
    ]
    return {
        "format_version": "1.2",
        "planned_values": {"root_module": {}},
        "resource_changes": list(changes),
        "configuration": {"root_module": {"resources": blocks}},
        **more,
    }


def write(folder: Path, document: Any) -> Path:
    """Write a plan to a file."""
    path = folder / "plan.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
