"""Finds the lines of resources in the configuration by searching its text, because a plan has no line numbers."""

import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ec2_key_pair_monitor.plan.resources import split_address
from ec2_key_pair_monitor.report import Location

# Terraform also accepts labels without quotation marks.
_LABEL = r'[ \t]+"?([\w-]+)"?'
_BLOCK = re.compile(rf"^[ \t]*(?:resource{_LABEL}{_LABEL}|module{_LABEL})[ \t]*\{{", re.MULTILINE)
# Strings and lines of comments are matched too, because they can contain the start of a comment.
_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|(?:#|//)[^\n]*|/\*.*?\*/', re.DOTALL)
_SOURCE = re.compile(r'^[ \t]*source[ \t]*=[ \t]*"(\.{1,2}/[^"]*)"', re.MULTILINE)


def locate(addresses: Iterable[str], root: str) -> dict[str, Location]:
    """Find where each resource is written: its block, or else the module call that creates it.

    Args:
        addresses: addresses of the resources in a plan.
        root: the root module's folder. Local modules are followed.
    """
    found = {}
    for address in addresses:
        location = _locate(address, Path(root))
        if location:
            found[address] = location
    return found


def first_line(plan: str) -> Location:
    """Return the first line of a plan's file. Standard input has a name instead."""
    return Location("stdin" if plan == "-" else _relative(Path(plan)), 1)


def _locate(address: str, root: Path) -> Location | None:
    path, rest = split_address(address)
    kind, _, name = rest.partition(".")
    folder: Path = root
    nearest = None
    for module, _ in path:
        call = _blocks(folder).get(("module", module))
        if call is None:
            return nearest
        nearest, source = call
        if source is None:
            return nearest
        folder = Path(os.path.normpath(folder / source))
    block = _blocks(folder).get((kind, name.partition("[")[0]))
    return block[0] if block else nearest


@cache
def _blocks(folder: Path) -> dict[tuple[str, str], tuple[Location, str | None]]:
    """Return the blocks in a folder's files, with the local source of a module."""
    blocks: dict[tuple[str, str], tuple[Location, str | None]] = {}
    for path in sorted(folder.glob("*.tf")):
        try:
            text = _COMMENT.sub(_without_comment, path.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        for match in _BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            location = Location(_relative(path), line)
            if match[3]:
                end = _BLOCK.search(text, match.end())
                source = _SOURCE.search(text, match.end(), end.start() if end else len(text))
                blocks.setdefault(("module", match[3]), (location, source[1] if source else None))
            else:
                blocks.setdefault((match[1], match[2]), (location, None))
    return blocks


def _without_comment(match: re.Match[str]) -> str:
    """Return only the line breaks of a block comment, and anything else as it is."""
    return "\n" * match[0].count("\n") if match[0].startswith("/*") else match[0]


def _relative(path: Path) -> str:
    """Return the path relative to the working directory, as code scanning needs it, if it is below."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return path.as_posix()
