"""Resolves expressions in a plan's configuration: whether all their references are known, and the resources they reach.

The plan has only references, not expressions. ``aws_x.y[each.key].id`` becomes ``aws_x.y`` and ``each.key``; a literal
index is kept. https://developer.hashicorp.com/terraform/internals/json-format#expression-representation
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ec2_key_pair_monitor.plan.references import Quoted, has_key, references_of, steps_of
from ec2_key_pair_monitor.plan.resources import (
    Index,
    ModulePath,
    Resource,
    is_unknown_at,
    is_within,
    module_path,
    split_address,
)

Expression = Mapping[str, Any]

_ALWAYS_KNOWN = frozenset({"count", "path", "terraform"})
_DEEPEST = 50

FUNCTION = "the result of a function"


class Scope(NamedTuple):
    """The place of an expression: a module instance, and the block with ``count`` or ``for_each``, with its key."""

    module: ModulePath
    key: Index
    block: Mapping[str, Any]


class Reached(NamedTuple):
    """A resource that an expression refers to, and the attribute, if the reference contains it."""

    resource: Resource
    attribute: str | None


class Configuration:
    """The plan's configuration, with the resources that references are resolved with."""

    def __init__(self, plan: Mapping[str, Any], find: Callable[[str], Resource | None]) -> None:
        """Take a plan, and how to find one of its judged types by address."""
        self._plan = plan
        self._root: Mapping[str, Any] = plan.get("configuration", {}).get("root_module", {})
        self._find = find
        self._blocks: dict[tuple[str, ...], dict[tuple[str, str, str], Mapping[str, Any]]] = {}
        self._instances: dict[tuple[ModulePath, str, str, str], list[Mapping[str, Any]]] | None = None
        self._known_locals: dict[ModulePath, bool] = {}
        self._modules: dict[tuple[ModulePath, str], set[Index]] | None = None

    def block(self, resource: Resource) -> Mapping[str, Any]:
        """Return the block in which a resource is written."""
        return self._block(resource.module, resource.type, resource.name)

    def _block(self, path: ModulePath, kind: str, name: str) -> Mapping[str, Any]:
        names = tuple(step for step, _ in path)
        blocks = self._blocks.get(names)
        if blocks is None:
            module = self._module(path)
            blocks = self._blocks[names] = {
                (each.get("mode", "managed"), each["type"], each["name"]): each for each in module.get("resources", ())
            }
        return blocks.get(("managed", kind, name), {})

    def scope(self, resource: Resource) -> Scope:
        """Return the place of a resource's expressions."""
        return Scope(resource.module, resource.index, self.block(resource))

    def provider(self, resource: Resource) -> Mapping[str, Any]:
        """Return the configuration of a resource's provider."""
        configured = self._plan.get("configuration", {}).get("provider_config", {})
        found: Mapping[str, Any] = configured.get(self.block(resource).get("provider_config_key"), {})
        return found

    def unknown(self, expression: Expression, scope: Scope, depth: int = 0) -> str | None:
        """Return a reference of an expression that is known only after apply, or None if all are known."""
        if "constant_value" in expression:
            return None
        references = references_of(expression)
        if not references:
            return FUNCTION
        return next((each for each in references if not self._is_known(each, scope, depth)), None)

    def has_empty_text(self, expression: Expression) -> bool:
        """Whether an expression refers to a variable of the root module whose value contains an empty text."""
        values = self._plan.get("variables", {})
        steps = [steps_of(each) for each in references_of(expression)]
        return any(_has_empty_text(values.get(step[1], {}).get("value")) for step in steps if step[0] == "var")

    def may_be_sensitive(self, expression: Expression, module: ModulePath) -> bool:
        """Whether an expression in a module refers to a sensitive variable, perhaps through a local value."""
        steps = [steps_of(each) for each in references_of(expression)]
        heads = {step[0] for step in steps} & {"local", "var"}
        variables = self._module(module).get("variables", {}) if heads else {}
        named = variables if "local" in heads else {step[1] for step in steps if step[0] == "var"}
        return any(variables.get(name, {}).get("sensitive") for name in named)

    def reached(self, expression: Expression, scope: Scope, types: frozenset[str], depth: int = 0) -> list[Reached]:
        """Return the resources of some types that an expression refers to, through variables, outputs and ``each``."""
        found: list[Reached] = []
        if depth > _DEEPEST:
            return found
        references = references_of(expression)
        for reference in references:
            for each in self._reach(reference, references, scope, types, depth + 1):
                if each not in found:
                    found.append(each)
        return found

    def handed(self, scope: Scope) -> Iterator[tuple[Expression, Scope]]:
        """Yield the expressions in the call of the module of a scope, with their scope."""
        if scope.module:
            parent, call = self._parent(scope)
            for expression in call.get("expressions", {}).values():
                if isinstance(expression, Mapping):
                    yield expression, parent

    def chooses(self, expression: Expression, scope: Scope, types: frozenset[str]) -> bool:
        """Whether an expression also refers to a value that is known only after apply and leads to none of the types.

        Such an expression is taken for a conditional, and any branch can be its result. Only a resource's attribute and
        a whole variable count, because a part of an object is taken for unknown if any other part is.
        """
        references = references_of(expression)
        for reference in references:
            head, *rest = steps_of(reference)
            if (
                head not in {"local", "each", "module", *types}
                and (head != "var" or len(rest) == 1)
                and not self._is_known(reference, scope, 0)
                and next(self._reach(reference, references, scope, types, 1), None) is None
            ):
                return True
        return False

    def scopes_of_locals(self, expression: Expression, scope: Scope, depth: int = 0) -> list[Scope]:
        """Return the scopes of the local values that an expression leads to. What these refer to is not in the plan."""
        found: list[Scope] = []
        references = references_of(expression) if depth <= _DEEPEST else []
        for reference in references:
            head, *rest = steps_of(reference)
            followed: list[tuple[Expression, Scope]] = []
            if head == "local":
                found.append(scope)
            elif head == "var" and rest and scope.module:
                handed, parent = self._input(rest[0], scope)
                followed = [(handed or {}, parent)]
            elif head == "each" and rest[:1] == ["value"]:
                followed = [(scope.block.get("for_each_expression", {}), scope)]
            elif head == "module" and rest:
                followed = list(self._outputs(rest, references, scope))
            for each, inner in followed:
                found += self.scopes_of_locals(each, inner, depth + 1)
        return found

    def _module(self, path: ModulePath) -> Mapping[str, Any]:
        module = self._root
        for name, _ in path:
            module = module.get("module_calls", {}).get(name, {}).get("module", {})
        return module

    def _parent(self, scope: Scope) -> tuple[Scope, Mapping[str, Any]]:
        """Return the scope of the call of a scope's module, and the call."""
        *above, (name, index) = scope.module
        call = self._module(tuple(above)).get("module_calls", {}).get(name, {})
        return Scope(tuple(above), index, call), call

    def _input(self, name: str, scope: Scope) -> tuple[Expression | None, Scope]:
        """Return the expression of an input of a scope's module, if the call has it, with its scope."""
        parent, call = self._parent(scope)
        return call.get("expressions", {}).get(name), parent

    def _reach(
        self, reference: str, beside: Sequence[str], scope: Scope, types: frozenset[str], depth: int
    ) -> Iterator[Reached]:
        head, *rest = steps_of(reference)
        if head == "data" and len(rest) > 1 and "data" in types:
            for change in self._changes(scope.module, "data", str(rest[0]), str(rest[1])):
                yield Reached(Resource(change), None)
        elif head == "var" and rest and scope.module:
            expression, parent = self._input(rest[0], scope)
            found = self.reached(expression or {}, parent, types, depth)
            literal = rest[1] if len(rest) > 1 and isinstance(rest[1], int | Quoted) else None
            yield from _with_key(found, parent.module, scope.key if has_key(beside) else literal)
        elif head == "each" and rest[:1] == ["value"]:
            repeated = scope.block.get("for_each_expression", {})
            for each in _with_key(self.reached(repeated, scope, types, depth), scope.module, scope.key):
                attribute = rest[1] if len(rest) > 1 and isinstance(rest[1], str) else None
                yield Reached(each.resource, each.attribute or attribute)
        elif head == "module" and rest:
            for expression, inner in self._outputs(rest, beside, scope):
                yield from self.reached(expression, inner, types, depth)
        elif head in types and rest:
            yield from self._resources(head, rest, beside, scope)
        elif len(rest) > 1:
            yield from self._passed_on(head, rest, scope, types, depth)

    def _passed_on(
        self, kind: str, rest: Sequence[Index], scope: Scope, types: frozenset[str], depth: int
    ) -> Iterator[Reached]:
        """Yield what an attribute of another resource refers to. A configured attribute passes its value on."""
        name, *after = rest
        key = after.pop(0) if isinstance(after[0], int | Quoted) else None
        attribute = after[0] if after else None
        block = self._block(scope.module, kind, str(name))
        # https://developer.hashicorp.com/terraform/language/resources/terraform-data#attributes-reference
        configured = "input" if (kind, attribute) == ("terraform_data", "output") else attribute
        expression = block.get("expressions", {}).get(configured)
        if isinstance(expression, Mapping):
            yield from self.reached(expression, Scope(scope.module, key, block), types, depth)

    def _outputs(
        self, rest: Sequence[Index], beside: Sequence[str], scope: Scope
    ) -> Iterator[tuple[Expression, Scope]]:
        """Yield the expressions of the outputs that a reference to a module means, with their scope."""
        name, *after = rest
        call = self._module(scope.module).get("module_calls", {}).get(name, {})
        outputs = call.get("module", {}).get("outputs", {})
        index: Index = None
        if after and isinstance(after[0], int | Quoted):
            index, *after = after
        elif "for_each_expression" in call or "count_expression" in call:
            number = self._number_of_modules(scope.module, str(name))
            index = scope.key if has_key(beside) or self._counts_alike(beside, scope, number) else None
        inner = Scope((*scope.module, (str(name), index)), None, {})
        for output, value in outputs.items():
            if not after or output == after[0]:
                yield value.get("expression", {}), inner

    def _resources(self, kind: str, rest: Sequence[Index], beside: Sequence[str], scope: Scope) -> Iterator[Reached]:
        name, *after = rest
        literal = after and isinstance(after[0], int | Quoted)
        candidates = [
            resource
            for change in self._changes(scope.module, "managed", kind, str(name))
            if (resource := self._find(change["address"])) is not None
        ]
        attribute = None
        if literal:
            candidates = [each for each in candidates if each.index == after[0]]
            after = after[1:]
        elif len(candidates) > 1 and (has_key(beside) or self._counts_alike(beside, scope, len(candidates))):
            candidates = [each for each in candidates if each.index == scope.key] or candidates
        if after and isinstance(after[0], str):
            attribute = str(after[0])
        for each in candidates:
            yield Reached(each, attribute)

    def _counts_alike(self, beside: Sequence[str], scope: Scope, number: int) -> bool:
        """Whether ``count.index`` is an index into as many instances as the expression's own block has.

        If the numbers differ, the expression calculates (``count.index % 2``), and the plan does not show how.
        """
        if "count.index" not in beside:
            return False
        if "type" in scope.block:
            return len(self._changes(scope.module, "managed", scope.block["type"], scope.block["name"])) == number
        calls = self._module(scope.module).get("module_calls", {})
        name = next((name for name, call in calls.items() if call is scope.block), "")
        return self._number_of_modules(scope.module, name) == number

    def _number_of_modules(self, within: ModulePath, name: str) -> int:
        """Count the instances of a module call that have changes in the plan."""
        if self._modules is None:
            self._modules = {}
            for address in {change.get("module_address") or "" for change in self._plan.get("resource_changes", ())}:
                path = module_path(address)
                for depth, (step, index) in enumerate(path):
                    self._modules.setdefault((path[:depth], step), set()).add(index)
        return len(self._modules.get((within, name), ()))

    def _changes(self, module: ModulePath, mode: str, kind: str, name: str) -> list[Mapping[str, Any]]:
        """Return the entries of ``resource_changes`` for one block in one module instance.

        If a module has several instances, a module instance without a key means all of them.
        """
        if self._instances is None:
            self._instances = {}
            for change in self._plan.get("resource_changes", ()):
                if "deposed" not in change:
                    path = module_path(change.get("module_address") or "")
                    key = (path, change.get("mode", ""), change["type"], change["name"])
                    self._instances.setdefault(key, []).append(change)
        found = self._instances.get((module, mode, kind, name))
        if found is not None or all(index is not None for _, index in module):
            return found or []
        return [
            change
            for (path, *what), changes in self._instances.items()
            if what == [mode, kind, name] and len(path) == len(module) and is_within(path, module)
            for change in changes
        ]

    def _is_known(self, reference: str, scope: Scope, depth: int) -> bool:  # noqa: PLR0911  (a return for each kind)
        if depth > _DEEPEST:
            return False
        head, *rest = steps_of(reference)
        if head in _ALWAYS_KNOWN or (head == "each" and rest[:1] == ["key"]):
            return True
        if head == "each":
            return self._is_each_known(rest[1:], scope, depth + 1)
        if head == "var" and rest:
            if not scope.module:
                return True
            expression, parent = self._input(rest[0], scope)
            return expression is None or self.unknown(expression, parent, depth + 1) is None
        if head == "local":
            return self._are_locals_known(scope, depth + 1)
        if head == "module" and rest:
            return self._is_output_known(rest, scope, depth + 1)
        if head == "data" and len(rest) > 1:
            return self._is_attribute_known(scope.module, "data", str(rest[0]), rest[1:])
        return bool(rest) and self._is_attribute_known(scope.module, "managed", str(head), rest)

    def _is_each_known(self, path: Sequence[Index], scope: Scope, depth: int) -> bool:
        """Whether a value of ``for_each`` is known. Its keys are always known."""
        expression = scope.block.get("for_each_expression", {})
        references = references_of(expression)
        if len(references) == 1 and path:
            steps = steps_of(references[0])
            if len(steps) == 2 and steps[0] not in ("var", "local", "module", "each", "data"):  # noqa: PLR2004
                return self._is_attribute_known(
                    scope.module, "managed", str(steps[0]), [steps[1], Quoted(scope.key or ""), *path]
                )
        return all(self._is_known(each, scope, depth) for each in references)

    def _is_output_known(self, rest: Sequence[Index], scope: Scope, depth: int) -> bool:
        outputs = list(self._outputs(rest, (), scope))
        return bool(outputs) and all(self.unknown(each, inner, depth) is None for each, inner in outputs)

    def _is_attribute_known(self, module: ModulePath, mode: str, kind: str, rest: Sequence[Index]) -> bool:
        """Whether an attribute is known in each instance. Without instances in the plan, it counts as known."""
        name, *path = rest
        changes = self._changes(module, mode, kind, str(name))
        if path and isinstance(path[0], int | Quoted):
            changes = [each for each in changes if each.get("index") == path[0]]
            path = path[1:]
        # A data source that is read during the apply can change values that the plan shows as null.
        return not any(
            each["change"]["actions"] == ["read"] or is_unknown_at(each["change"].get("after_unknown"), path)
            for each in changes
        )

    def _are_locals_known(self, scope: Scope, depth: int) -> bool:
        """Whether all local values of a module are certainly known before the apply.

        Locals are not in the plan, but it lists the attributes that changed resources depend on, also through locals. A
        local can depend on attributes in its own module and the modules in it, and on the inputs of its module. This
        does not recognize a local that is the result of a function such as ``uuid``.
        """
        known = self._known_locals.get(scope.module)
        if known is None:
            # Format 1.1 added the list, and leaves it out if it is empty.
            known = self._plan.get("format_version") != "1.0" and all(
                self._is_relevant_known(each, scope.module) for each in self._plan.get("relevant_attributes", ())
            )
            if known and scope.module:
                parent, call = self._parent(scope)
                known = all(
                    self.unknown(each, parent, depth) is None
                    for each in call.get("expressions", {}).values()
                    if isinstance(each, Mapping)
                )
            self._known_locals[scope.module] = known
        return known

    def _is_relevant_known(self, relevant: Mapping[str, Any], within: ModulePath) -> bool:
        path, address = split_address(relevant["resource"])
        if [name for name, _ in path[: len(within)]] != [name for name, _ in within]:
            return True
        head, *rest = steps_of(address)
        mode = "managed"
        if head == "data":
            mode, (head, *rest) = "data", rest
        return self._is_attribute_known(path, mode, head, [*rest, *relevant.get("attribute", ())])


def _with_key(found: list[Reached], within: ModulePath, key: Index) -> list[Reached]:
    """Return the instances with a key, of one resource or of the modules that contain it; all if none has the key."""
    names = {
        (tuple(name for name, _ in each.resource.module), each.resource.type, each.resource.name) for each in found
    }
    if key is None or len(names) != 1:
        return found
    same = [each for each in found if key in (each.resource.index, _first_key_outside(each.resource.module, within))]
    return same or found


def _first_key_outside(path: ModulePath, within: ModulePath) -> Index:
    """Return the key of the first step of a module that it does not share with another one."""
    steps = (step for n, step in enumerate(path) if step != (within[n] if n < len(within) else None))
    return next(steps, ("", None))[1]


def _has_empty_text(value: Any) -> bool:
    if isinstance(value, Mapping | list):
        return any(map(_has_empty_text, value.values() if isinstance(value, Mapping) else value))
    return bool(value == "")
