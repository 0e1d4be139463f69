"""A resource of a plan, and which of its attributes are known."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

Index = str | int | None
ModulePath = tuple[tuple[str, Index], ...]

# https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|(.))|([$%])(?=\4\{)")
_MODULE = re.compile(r'module\.([\w-]+)(?:\[(\d+|"(?:[^"\\]|\\.)*")\])?\.?')


class View(NamedTuple):
    """Attributes, with marks for those that are known only after apply and those that are sensitive."""

    values: Mapping[str, Any]
    unknown: Mapping[str, Any]
    sensitive: Mapping[str, Any] | bool

    def is_unknown(self, name: str) -> bool:
        """Whether a whole attribute is known only after apply."""
        return self.unknown.get(name) is True

    def is_sensitive(self, name: str) -> bool:
        """Whether any part of an attribute is sensitive."""
        return self.sensitive is True or (isinstance(self.sensitive, Mapping) and has_marks(self.sensitive.get(name)))

    def blocks(self, name: str) -> "list[View]":
        """Return the blocks with a name, if their number is known."""
        values = self.values.get(name)
        if isinstance(values, Mapping):
            values = [values]
        if not isinstance(values, list):
            return []
        return [
            View(value if isinstance(value, Mapping) else {}, _at(self.unknown, name, n), self._secret(name, n))
            for n, value in enumerate(values)
        ]

    def block(self, name: str) -> "View | None":
        """Return the first block with a name."""
        return next(iter(self.blocks(name)), None)

    def _secret(self, name: str, n: int) -> Mapping[str, Any] | bool:
        if not isinstance(self.sensitive, Mapping):
            return self.sensitive
        return True if self.sensitive.get(name) is True else _at(self.sensitive, name, n)


def _at(tree: Mapping[str, Any], name: str, n: int) -> Mapping[str, Any]:
    branch = tree.get(name)
    if isinstance(branch, list):
        branch = branch[n] if n < len(branch) else {}
    return branch if isinstance(branch, Mapping) else {}


def has_marks(tree: Any) -> bool:
    """Whether a tree of marks has any."""
    if isinstance(tree, Mapping):
        return any(has_marks(each) for each in tree.values())
    if isinstance(tree, list):
        return any(has_marks(each) for each in tree)
    return tree is True


class _Everything(dict[str, Any]):
    """Marks for a resource without any known attribute."""

    def get(self, _name: str, _default: Any = None) -> Any:
        return True


class Resource:
    """A resource instance of the plan; ``mode`` is managed or data."""

    __slots__ = ("actions", "address", "after", "before", "index", "module", "name", "type")

    def __init__(self, change: Mapping[str, Any]) -> None:
        """Take an entry of ``resource_changes``."""
        inner = change["change"]
        self.address: str = change["address"]
        self.type: str = change["type"]
        self.name: str = change["name"]
        self.index: Index = change.get("index")
        self.module: ModulePath = module_path(change.get("module_address") or "")
        self.actions: list[str] = inner["actions"]
        self.before = View(inner.get("before") or {}, {}, inner.get("before_sensitive") or {})
        unknown = inner.get("after_unknown")
        self.after = View(
            inner.get("after") or {},
            _Everything() if unknown is True else unknown or {},
            inner.get("after_sensitive") or {},
        )

    @property
    def is_launched(self) -> bool:
        """Whether the plan creates, replaces or updates it."""
        return "create" in self.actions or "update" in self.actions

    @property
    def is_new(self) -> bool:
        """Whether the plan creates it, as itself or in place of another."""
        return "create" in self.actions

    @property
    def is_updated(self) -> bool:
        """Whether the plan changes it in place."""
        return "update" in self.actions

    @property
    def is_gone(self) -> bool:
        """Whether it does not exist after the apply."""
        return not self.is_new and ("delete" in self.actions or "forget" in self.actions)


@cache
def module_path(address: str) -> ModulePath:
    """Return the steps of a module's address."""
    return split_address(address)[0]


def split_address(address: str) -> tuple[ModulePath, str]:
    """Return the steps of a resource's module, and the resource's address in that module."""
    steps, end = [], 0
    while match := _MODULE.match(address, end):
        steps.append((match[1], as_index(match[2])))
        end = match.end()
    return tuple(steps), address[end:]


def as_index(text: str | None) -> Index:
    """Return an index as it is written in an address."""
    if text is None:
        return None
    if text.startswith('"'):
        return _ESCAPE.sub(_unescaped, text[1:-1])
    return int(text)


def _unescaped(match: re.Match[str]) -> str:
    if code := match[1] or match[2]:
        return chr(int(code, 16))
    return "" if match[4] else {"n": "\n", "r": "\r", "t": "\t"}.get(match[3], match[3])


def is_unknown_at(marks: Any, path: Sequence[Index]) -> bool:
    """Whether marks of unknown values, as a plan has them, cover a part of a value."""
    for step in path:
        if marks is True:
            return True
        if isinstance(marks, Mapping) and isinstance(step, str):
            marks = marks.get(step)
        elif isinstance(marks, list) and isinstance(step, int) and step < len(marks):
            marks = marks[step]
        else:
            break
    return has_marks(marks)


def is_within(path: ModulePath, module: ModulePath) -> bool:
    """Whether a module instance is the second one, or in it. A step of the second without a key means any instance."""
    return len(path) >= len(module) and all(
        name == other and key in (None, index) for (name, index), (other, key) in zip(path, module, strict=False)
    )
