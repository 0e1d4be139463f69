"""Reads a plan from a file, standard input, or a saved plan through ``terraform show``. Refuses an incomplete plan."""

import gc
import json
import os
import sys
from typing import Any

from ec2_key_pair_monitor.errors import CommandError

# https://developer.hashicorp.com/terraform/internals/json-format
MAJOR = "1"

Document = dict[str, Any]


def read_plan(path: str, root: str | None = None) -> Document:
    """Read the plan as ``terraform show -json`` writes it.

    Args:
        path: a file, or ``-`` for standard input.
        root: the root module's folder, in which a saved plan can be shown.

    Raises:
        CommandError: there is no plan, or it is incomplete.
    """
    name = "standard input" if path == "-" else path
    data = _read(path, name)
    if data.startswith(b"PK\x03\x04"):
        data = _show(path, name, data, root)
    return _check(_parse(data, name), name)


def _read(path: str, name: str) -> bytes:
    try:
        if path == "-":
            return sys.stdin.buffer.read()
        with open(path, "rb") as file:  # noqa: PTH123  (pathlib would slow the start down)
            return file.read()
    except (OSError, ValueError) as error:
        raise CommandError(f"{name}: {getattr(error, 'strerror', None) or error}.") from error


def _show(path: str, name: str, data: bytes, root: str | None) -> bytes:
    """Let Terraform or OpenTofu show a saved plan. They need the initialised folder."""
    import shutil  # noqa: PLC0415  (only a saved plan needs these)
    import subprocess  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    program = shutil.which("terraform") or shutil.which("tofu")
    if program is None:
        raise CommandError(f"{name} is a saved plan, and Terraform is not installed: pass `terraform show -json`.")
    with tempfile.TemporaryDirectory() as folder:
        saved = os.path.abspath(path)  # noqa: PTH100
        if path == "-":
            saved = os.path.join(folder, "plan")  # noqa: PTH118
            with open(saved, "wb") as file:  # noqa: PTH123
                file.write(data)
        beside = os.path.dirname(saved)  # noqa: PTH120
        where = root or (beside if os.path.isdir(os.path.join(beside, ".terraform")) else ".")  # noqa: PTH112, PTH118
        shown = subprocess.run(  # noqa: S603  (Terraform, of the caller's PATH)
            [program, f"-chdir={where}", "show", "-json", "-no-color", saved], capture_output=True, check=False
        )
    if shown.returncode != 0:
        lines = shown.stderr.decode(errors="replace").splitlines()
        message = " ".join(line.strip(" │╷╵") for line in lines if line.strip(" │╷╵"))
        raise CommandError(f"{name} is a saved plan that `terraform show` cannot read: {message[:500]}")
    return shown.stdout


def _parse(data: bytes, name: str) -> Any:
    if not data.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise CommandError(f"{name} is empty.")
    # The garbage collector would repeatedly search millions of new objects, but there is nothing to free.
    gc.disable()
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and b'"@level"' in data[:1000]:
            raise CommandError(f"{name} is the log of `terraform plan -json`: pass `terraform show -json`.") from error
        if error.pos >= len(error.doc.rstrip()) - 1 or error.msg.startswith("Unterminated"):
            raise CommandError(f"{name} is cut off: the JSON ends in line {error.lineno}.") from error
        raise CommandError(f"{name} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from error
    except (ValueError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise CommandError(f"{name} is not JSON that can be read: {what}.") from error


def _check(plan: Any, name: str) -> Document:
    """Refuse an incomplete plan, because resources that it does not show would pass."""
    if not isinstance(plan, dict):
        raise CommandError(f"{name} is not a plan: pass `terraform show -json` of a saved plan.")
    if "resource_changes" not in plan and ("values" in plan or ("serial" in plan and "lineage" in plan)):
        raise CommandError(f"{name} is a state, not a plan: pass `terraform show -json` of a saved plan.")
    version = plan.get("format_version")
    if not isinstance(version, str):
        raise CommandError(f"{name} is not a plan, for it has no format_version: pass `terraform show -json`.")
    if version.partition(".")[0] != MAJOR:
        raise CommandError(f"{name} has format version {version!r}; supported are {MAJOR}.x.")
    if plan.get("errored"):
        raise CommandError(f"{name} is of a plan that ended in an error, so it is incomplete: repair that first.")
    if "planned_values" not in plan and "resource_changes" not in plan:
        raise CommandError(f"{name} holds no plan: pass `terraform show -json` of a saved plan.")
    for key, kind in (("resource_changes", list), ("configuration", dict), ("planned_values", dict)):
        if key in plan and not isinstance(plan[key], kind):
            raise CommandError(f"{name} is not a plan that Terraform wrote: {key} is malformed.")
    if plan.get("resource_changes") and "configuration" not in plan:
        raise CommandError(f"{name} lacks the configuration, which tells an unset key from one known after apply.")
    for change in plan.get("resource_changes", ()):
        if not _is_change(change):
            raise CommandError(f"{name} is not a plan that Terraform wrote: a resource change is malformed.")
    return plan


def _is_change(change: Any) -> bool:
    if not isinstance(change, dict) or not isinstance(change.get("change"), dict):
        return False
    return (
        isinstance(change.get("address"), str)
        and isinstance(change.get("mode"), str)
        and isinstance(change.get("type"), str)
        and isinstance(change.get("name"), str)
        and isinstance(change["change"].get("actions"), list)
    )
