"""Whether what is written in HCL exists in version 6 of the AWS provider, and is not deprecated there.

The package pulumi-aws is generated from the provider: the arguments of a queue are those of its class ``QueueArgs``,
those of a nested block belong to another such class, and the attributes are the properties of ``Queue``. The package is
read and never imported. It names lists in the plural, which ``_spellings`` takes into account.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import hcl2

# Modules and files of pulumi-aws that are not called as the type is.
MODULES = {"config": "cfg", "lambda": "lambda_"}
FILES = {
    "aws_config_config_rule": "cfg/rule.py",
    "aws_config_configuration_recorder": "cfg/recorder.py",
    "aws_config_configuration_recorder_status": "cfg/recorder_status.py",
}

# What pulumi-aws calls otherwise.
NAMES = {
    ("aws_cloudwatch_metric_alarm", "alarm_name"): "name",
    ("aws_lambda_function", "filename"): "code",
    ("aws_lambda_function", "function_name"): "name",
    ("aws_lambda_permission", "function_name"): "function",
    ("aws_sns_topic_subscription", "topic_arn"): "topic",
}

# Terraform's own.
META = {"count", "depends_on", "for_each", "lifecycle", "provider"}
REFERENCE = re.compile(r"\b(data\.)?(aws_[a-z0-9_]+)\.\w+(?:\[[^]]*\])*\.([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Member:
    """An argument or attribute: the class of its block, if it is one, and what is said where it is deprecated."""

    block: str = ""
    deprecated: str = ""


class Provider:
    """The provider as an unpacked pulumi-aws tells it."""

    def __init__(self, package: Path) -> None:
        """Take the folder ``pulumi_aws``."""
        self._package = package
        self._sources: dict[Path, Source] = {}

    def file(self, type_: str, *, is_data: bool) -> Path | None:
        """The file of a resource type or data source, or None where there is none."""
        if type_ in FILES and not is_data:
            return self._package / FILES[type_]
        words = type_.removeprefix("aws_").split("_")
        for length in range(len(words)):
            module, name = "_".join(words[:length]), "_".join(words[length:])
            path = self._package / MODULES.get(module, module) / f"{'get_' if is_data else ''}{name}.py"
            if path.exists():
                return path
        return None

    def source(self, path: Path) -> "Source":
        """A file, read once."""
        if path not in self._sources:
            self._sources[path] = Source(path)
        return self._sources[path]


class Source:
    """The classes of a file of pulumi-aws."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _tree(self) -> ast.Module:
        return ast.parse(self._path.read_text(encoding="utf-8"))

    @cached_property
    def _classes(self) -> dict[str, ast.ClassDef]:
        return {each.name: each for each in self._tree.body if isinstance(each, ast.ClassDef)}

    @cached_property
    def inputs(self) -> "Source":
        """The classes of nested blocks."""
        return Source(self._path.with_name("_inputs.py"))

    def arguments(self) -> dict[str, Member]:
        """What a resource or a data source takes."""
        for each in self._tree.body:
            if isinstance(each, ast.FunctionDef) and each.name == self._path.stem:
                return {name: Member(block) for name, block in _parameters(each)}
        [name] = [each for each in self._classes if each.endswith("Args")]
        return self.block(name)

    def attributes(self) -> dict[str, Member]:
        """What can be read of a resource or a data source."""
        results = [name for name in self._classes if name.startswith("Get") and name.endswith("Result")]
        return _properties(self._classes[results[0] if results else self._resource])

    def block(self, name: str) -> dict[str, Member]:
        """What a class of arguments takes."""
        defined = self._classes[name]
        [constructor] = [each for each in defined.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
        deprecated = {name: each.deprecated for name, each in _properties(defined).items()}
        return {name: Member(block, deprecated.get(name, "")) for name, block in _parameters(constructor)}

    @property
    def _resource(self) -> str:
        [found] = [name for name, each in self._classes.items() if "CustomResource" in map(_last, each.bases)]
        return found


class Judge:
    """Judges HCL; ``judged`` counts arguments and attributes, and ``faults`` says what is wrong."""

    def __init__(self, provider: Provider) -> None:
        """Take what the provider knows."""
        self._provider = provider
        self.judged = 0
        self.faults: list[str] = []

    def folder(self, root: Path) -> None:
        """Judge each file of HCL below a folder."""
        for path in sorted(root.rglob("*.tf")):
            relative = path.relative_to(root)
            if relative.parts[0] != "build" and not any(part.startswith(".") for part in relative.parts):
                self.text(str(relative), path.read_text(encoding="utf-8"))

    def text(self, name: str, text: str) -> None:
        """Judge each argument of each block, and each attribute that is referred to."""
        for kind, type_, label, body in _blocks(text):
            address = f"{name}: {'data.' if kind == 'data' else ''}{type_}.{label}"
            path = self._provider.file(type_, is_data=kind == "data")
            if path is None:
                self.faults.append(f"{address} is not in version 6")
                continue
            source = self._provider.source(path)
            renamed = {NAMES.get((type_, argument), argument): value for argument, value in body.items()}
            self._arguments(address, renamed, source.arguments(), source)
        for data, type_, attribute in REFERENCE.findall(text):
            # A type that is not there is a fault where it is made.
            if path := self._provider.file(type_, is_data=bool(data)):
                known = {"id": Member()} | self._provider.source(path).attributes()
                self._member(f"{name}: {data}{type_}", NAMES.get((type_, attribute), attribute), known)

    def _arguments(self, address: str, body: Mapping[str, Any], known: Mapping[str, Member], source: Source) -> None:
        for name, value in _arguments(body):
            member = self._member(address, name, known)
            if member and member.block and _are_blocks(value):
                for block in value:
                    self._arguments(f"{address}.{name}", block, source.inputs.block(member.block), source)

    def _member(self, address: str, name: str, known: Mapping[str, Member]) -> Member | None:
        self.judged += 1
        member = next((known[each] for each in _spellings(name) if each in known), None)
        if member is None:
            self.faults.append(f"{address}.{name} is not in version 6")
        elif member.deprecated:
            self.faults.append(f"{address}.{name} is deprecated in version 6: {member.deprecated}")
        return member


def _blocks(text: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """The resources and data sources of the AWS provider."""
    document = hcl2.loads(text)
    for kind in ("resource", "data"):
        for block in document.get(kind, []):
            for type_, named in block.items():
                if type_.strip('"').startswith("aws_"):
                    yield from ((kind, type_.strip('"'), name.strip('"'), body) for name, body in named.items())


def _arguments(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Arguments and blocks, those that are dynamic among them."""
    for name, value in body.items():
        if name == "dynamic":
            for each in value:
                yield from ((inner.strip('"'), block["content"]) for inner, block in each.items())
        elif name not in META and not name.startswith("__"):
            yield name, value


def _are_blocks(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) and "__is_block__" in each for each in value)


def _spellings(name: str) -> tuple[str, ...]:
    return name, f"{name}s", f"{name}es", f"{name.removesuffix('y')}ies"


def _parameters(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """A function's parameters, and the classes of those that are blocks."""
    for each in (*function.args.args, *function.args.kwonlyargs):
        if each.arg not in ("__self__", "opts"):
            annotation = ast.unparse(each.annotation) if each.annotation else ""
            block = re.search(r"(\w+Args)['\"\]]", annotation)
            yield each.arg, block[1] if block else ""


def _properties(defined: ast.ClassDef) -> dict[str, Member]:
    """A class's properties, with what is said where one is deprecated."""
    found = {}
    for each in defined.body:
        if isinstance(each, ast.FunctionDef) and "property" in map(_last, each.decorator_list):
            calls = [call for call in each.decorator_list if isinstance(call, ast.Call)]
            said = [str(ast.literal_eval(call.args[0])) for call in calls if _last(call.func) == "deprecated"]
            found[each.name] = Member(deprecated=" ".join(said))
    return found


def _last(expression: ast.expr) -> str:
    """The last name of a dotted expression."""
    return expression.attr if isinstance(expression, ast.Attribute) else getattr(expression, "id", "")
