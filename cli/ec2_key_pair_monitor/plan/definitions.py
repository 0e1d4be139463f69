"""Finds definitions (launch templates, launch configurations and others) that resources launch from, and reads them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ec2_key_pair_monitor.plan.configuration import FUNCTION, Configuration, Scope
from ec2_key_pair_monitor.plan.launch import NO_TAGS, Key, Launch
from ec2_key_pair_monitor.plan.resources import ModulePath, Resource, View, has_marks, is_within, split_address
from ec2_key_pair_monitor.plan.tags import instance_tags, single_map

TEMPLATE = "aws_launch_template"
CONFIGURATION = "aws_launch_configuration"
CLUSTER = "aws_emr_cluster"
SETTINGS = "aws_elastic_beanstalk_configuration_template"

_WORDS = {
    TEMPLATE: "launch template",
    CONFIGURATION: "launch configuration",
    CLUSTER: "EMR cluster",
    SETTINGS: "configuration template",
}


class Reference(NamedTuple):
    """How a resource names a definition: its id or name, if known, and their expressions."""

    kind: str
    user: Resource
    id: str | None
    name: str | None
    expression: Mapping[str, Any] | None
    version: str | None = None
    is_version_unknown: bool = False
    version_expression: Mapping[str, Any] | None = None
    is_written: bool = True


class Found(NamedTuple):
    """The definitions that a reference finds: the possible launches, or why they are not known."""

    alternatives: Sequence[Launch] | str
    follows: tuple[str, ...] = ()
    is_changing: bool = False
    resources: tuple[Resource, ...] = ()


class Definitions:
    """Finds definitions in a plan."""

    def __init__(
        self, plan: Mapping[str, Any], resources: Mapping[str, Resource], configuration: Configuration
    ) -> None:
        """Take a plan, its launchers and definitions by address, and its configuration."""
        self._plan = plan
        self._configuration = configuration
        self._by_kind: dict[str, list[Resource]] = {}
        for each in resources.values():
            self._by_kind.setdefault(each.type, []).append(each)
        self._by_kind[SETTINGS] = [
            Resource(each)
            for each in plan.get("resource_changes", ())
            if each["type"] == SETTINGS and each.get("mode") == "managed" and "deposed" not in each
        ]
        self._settings = {each.address: each for each in self._by_kind[SETTINGS]}
        self._named: dict[tuple[str, str], dict[str, list[Resource]]] = {}
        self._past: list[tuple[str, View, str]] | None = None
        self._new: dict[str, list[Resource]] = {}

    def find(self, reference: Reference) -> Found:
        """Return the definitions that a reference finds."""
        has_other_branch = False
        if reference.id or reference.name:
            resources = self._known(reference)
            if not resources:
                return self._outside(reference)
        else:
            resources, has_other_branch = self._unknown(reference)
        if not resources:
            what = _WORDS[reference.kind]
            return Found(f"Its {what} is known only after apply{self._why(reference)}.")
        alternatives: list[Launch] = []
        unclear = None
        if has_other_branch:
            unclear = (
                f"Which {_WORDS[reference.kind]} it launches from is known only after apply{self._why(reference)}."
            )
        is_changing = False
        for each in resources:
            views = self._views(each, reference)
            is_changing = is_changing or self._is_changing(each, reference)
            if isinstance(views, str):
                unclear = views
                continue
            alternatives += (self.content(each, view) for view in views)
        follows = tuple(each.address for each in resources)
        return Found(unclear or alternatives, follows, is_changing, tuple(resources))

    def content(self, resource: Resource, view: View) -> Launch:
        """Return the launches of a definition that no resource uses."""
        expressions = self._configuration.block(resource).get("expressions", {})
        if resource.type == CONFIGURATION:
            return Launch(self.computed_key(resource, view, expressions))
        if resource.type == SETTINGS:
            return Launch(self.setting_key(view))
        if resource.type == CLUSTER:
            return Launch(Key())
        return self._template_content(resource, view, expressions)

    def computed_key(self, resource: Resource, view: View, expressions: Mapping[str, Any]) -> Key:
        """Return ``key_name`` if it is optional and computed: the plan shows unset, null and "" as unknown."""
        if not view.is_unknown("key_name"):
            return shown_key(view, "key_name")
        expression = expressions.get("key_name")
        if not isinstance(expression, Mapping):
            return Key()
        unknown = self._configuration.unknown(expression, self._configuration.scope(resource))
        return Key() if unknown is None else _unknown_key("key_name", unknown)

    def unknown_key(self, name: str, expression: Any, resource: Resource) -> Key:
        """Return a key that is known only after apply, with the reason."""
        unknown = None
        if isinstance(expression, Mapping):
            unknown = self._configuration.unknown(expression, self._configuration.scope(resource))
        return _unknown_key(name, unknown)

    def setting_key(self, view: View) -> Key:
        """Return the key in the settings of AWS Elastic Beanstalk."""
        if view.is_unknown("setting"):
            return Key(unknown="Its settings are known only after apply.")
        key = Key()
        for block in view.blocks("setting"):
            unclear = block.is_unknown("namespace") or block.is_unknown("name")
            names = (block.values.get("namespace"), block.values.get("name"))
            if unclear:
                key = Key(unknown="The name of a setting is known only after apply.")
            elif names == ("aws:autoscaling:launchconfiguration", "EC2KeyName"):
                if block.is_unknown("value"):
                    return Key(unknown="The setting EC2KeyName is known only after apply.")
                return Key(block.values.get("value") or None, is_sensitive=view.is_sensitive("setting"))
        return key

    def _template_content(self, resource: Resource, view: View, expressions: Mapping[str, Any]) -> Launch:
        if view.is_unknown("key_name"):
            key = self.unknown_key("key_name", expressions.get("key_name"), resource)
        else:
            key = shown_key(view, "key_name")
        return Launch(key, instance_tags(view, resource.address))

    def _known(self, reference: Reference) -> list[Resource]:
        """Return the definitions with the id or the name."""
        for attribute, value in (("id", reference.id), ("name", reference.name)):
            if value:
                found = self._index(reference.kind, attribute).get(value, [])
                found = [each for each in found if not each.is_gone] or found
                return self._of_the_same_place(found, reference) if len(found) > 1 else found
        return []

    def _of_the_same_place(self, found: list[Resource], reference: Reference) -> list[Resource]:
        """Return the definitions that a name means if several have it, as in two regions."""
        if reference.expression is not None:
            scope = self._configuration.scope(reference.user)
            reached = self._configuration.reached(reference.expression, scope, frozenset({reference.kind}))
            resources = [each.resource for each in reached]
            found = [each for each in found if each in resources] or found
        place = self._place(reference.user)
        return [each for each in found if self._place(each) == place] or found

    def _place(self, resource: Resource) -> tuple[object, object]:
        """Return a resource's provider configuration and its region, an attribute since version 6 of the provider."""
        return self._configuration.block(resource).get("provider_config_key"), resource.after.values.get("region")

    def _index(self, kind: str, attribute: str) -> Mapping[str, list[Resource]]:
        index = self._named.get((kind, attribute))
        if index is None:
            index = self._named[kind, attribute] = {}
            for each in self._by_kind.get(kind, ()):
                values = {each.after.values.get(attribute)}
                if not each.is_new or attribute == "name":
                    values.add(each.before.values.get(attribute))
                for value in values - {None}:
                    index.setdefault(str(value), []).append(each)
        return index

    def _unknown(self, reference: Reference) -> tuple[list[Resource], bool]:
        """Return the definitions that an unknown reference can mean: those that the plan creates have no id yet.

        Also returns whether it can mean another one that the plan does not show.
        """
        kind = reference.kind
        scope = self._configuration.scope(reference.user)
        if reference.expression is not None:
            reached = self._configuration.reached(reference.expression, scope, frozenset({kind}))
            if kind == SETTINGS and not reached:
                names = {r for r in reference.expression.get("references", ()) if r in self._settings}
                return [self._settings[name] for name in sorted(names)], False
            found = list(dict.fromkeys(each.resource for each in reached))
            if found and self._configuration.chooses(reference.expression, scope, frozenset({kind})):
                return found, len(found) == 1
            if found:
                return [each for each in found if each.is_new] or found, False
            if self._configuration.reached(reference.expression, scope, frozenset({"data"})):
                # A data source can also read a definition that is not in this plan.
                return [], False
            scopes = self._configuration.scopes_of_locals(reference.expression, scope)
        else:
            scopes = [scope]
        new = self._created(kind)
        return list(dict.fromkeys(each for at in scopes for each in self._around(kind, at, new) or new)), False

    def _created(self, kind: str) -> Sequence[Resource]:
        """Return the new definitions that a changed resource depends on, also through local values; all if none does.

        https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
        """
        if kind not in self._new:
            listed = {_without_keys(each["resource"]) for each in self._plan.get("relevant_attributes", ())}
            new = [each for each in self._by_kind.get(kind, ()) if each.is_new]
            self._new[kind] = [each for each in new if _without_keys(each.address) in listed] or new
        return self._new[kind]

    def _around(self, kind: str, scope: Scope, new: Sequence[Resource]) -> Sequence[Resource]:
        """Return the new definitions that a local value or a dynamic block of a module probably refers to."""
        # Both can also refer to outputs of the modules in this one, and to its inputs.
        handed: list[Resource] = []
        for expression, parent in self._configuration.handed(scope):
            reached = [each.resource for each in self._configuration.reached(expression, parent, frozenset({kind}))]
            handed += (each for each in reached if each.is_new)
            if not reached:
                scopes = self._configuration.scopes_of_locals(expression, parent)
                # A local value of a module around this one does not count: most are names, tags and the like.
                others = (at.module for at in scopes if not is_within(scope.module, at.module))
                handed += (each for module in others for each in _nearest(module, new))
        return list(dict.fromkeys([*_nearest(scope.module, new), *handed]))

    def _views(self, resource: Resource, reference: Reference) -> Sequence[View] | str:
        """Return the attributes of the referenced version, or why they are not known."""
        if resource.is_gone:
            return f"The plan removes {resource.address}, which it launches from."
        if resource.type != TEMPLATE or resource.is_new:
            return [resource.after]
        version = reference.version or "$Default"
        if reference.is_version_unknown and (reference.version_expression or not reference.is_written):
            if self._is_version_of_template(reference):
                return [resource.after]
            return f"The version of {resource.address} that it launches from is known only after apply."
        return self._version(resource, version)

    def _is_version_of_template(self, reference: Reference) -> bool:
        """Whether an unknown version comes from a template, so that it is the new one."""
        expression = reference.version_expression
        if expression is None:
            return True
        scope = self._configuration.scope(reference.user)
        return bool(
            self._configuration.reached(expression, scope, frozenset({TEMPLATE}))
            or self._configuration.scopes_of_locals(expression, scope)
        )

    def _is_changing(self, resource: Resource, reference: Reference) -> bool:
        """Whether an unchanged resource would launch from another version than before."""
        if resource.type != TEMPLATE or not resource.is_updated:
            return resource.is_launched
        version = (reference.version or "$Default").casefold()
        if version == "$latest":
            return _makes_new_version(resource)
        before, after = resource.before.values, resource.after
        if version == "$default":
            return after.is_unknown("default_version") or before.get("default_version") != after.values.get(
                "default_version"
            )
        return _makes_new_version(resource) and version == str((before.get("latest_version") or 0) + 1)

    def _version(self, resource: Resource, version: str) -> Sequence[View] | str:
        before, after = resource.before.values, resource.after.values
        latest = before.get("latest_version")
        makes_new = _makes_new_version(resource)
        if version.casefold() == "$latest":
            return [resource.after]
        if version.casefold() == "$default":
            if makes_new and (resource.after.is_unknown("default_version") or after.get("update_default_version")):
                return [resource.after]
            version = str(after.get("default_version") or before.get("default_version"))
        if version == str(latest):
            return [resource.before]
        if makes_new and isinstance(latest, int) and version == str(latest + 1):
            return [resource.after]
        return f"The plan does not show the version of {resource.address} that it launches from."

    def _outside(self, reference: Reference) -> Found:
        """Return a definition that is only in the state: read by a data source, or left out by -target."""
        if self._past is None:
            self._past = list(_past(self._plan.get("prior_state", {}).get("values", {}).get("root_module", {})))
        for kind, view, address in self._past:
            if kind != reference.kind or not (
                (reference.id and view.values.get("id") == reference.id)
                or (not reference.id and view.values.get("name") == reference.name)
            ):
                continue
            latest, default = view.values.get("latest_version"), view.values.get("default_version")
            version = reference.version or "$Default"
            is_latest = version.casefold() == "$latest" or version == str(latest)
            if kind != TEMPLATE or is_latest or (version.casefold() == "$default" and default == latest):
                return Found([self._past_launch(kind, view, address)])
            return Found(f"The plan does not show the version of {address} that it launches from.")
        named = "" if has_marks(reference.user.after.sensitive) else f" {reference.id or reference.name}"
        return Found(f"Its {_WORDS[reference.kind]}{named} is not in the plan.")

    def _past_launch(self, kind: str, view: View, address: str) -> Launch:
        if kind == SETTINGS:
            return Launch(self.setting_key(view))
        key = shown_key(view if kind != CLUSTER else view.block("ec2_attributes") or View({}, {}, {}), "key_name")
        if kind == CLUSTER:
            return Launch(key, single_map(view, "tags_all"))
        return Launch(key, instance_tags(view, address) if kind == TEMPLATE else NO_TAGS)

    def _why(self, reference: Reference) -> str:
        if reference.expression is None:
            return ""
        scope = self._configuration.scope(reference.user)
        unknown = self._configuration.unknown(reference.expression, scope)
        return f" ({unknown})" if unknown else ""


def _without_keys(address: str) -> tuple[str, ...]:
    """Return the names in an address. The plan lists what is relevant with or without the keys of instances."""
    path, rest = split_address(address)
    return (*(name for name, _ in path), rest.partition("[")[0])


def _nearest(module: ModulePath, resources: Sequence[Resource]) -> Sequence[Resource]:
    """Return the resources of a module; if it has none, those of the modules in it."""
    within = [each for each in resources if is_within(each.module, module)]
    return [each for each in within if len(each.module) == len(module)] or within


def _makes_new_version(template: Resource) -> bool:
    """Whether the plan creates a version of a template. A change of only its tags or description creates none."""
    after = template.after
    return template.is_updated and (
        after.is_unknown("latest_version")
        or after.values.get("latest_version") != template.before.values.get("latest_version")
    )


def shown_key(view: View, name: str) -> Key:
    """Return the key in an attribute that the plan does not show as unknown."""
    value = view.values.get(name)
    return Key(value if isinstance(value, str) else None, is_sensitive=view.is_sensitive(name))


def _unknown_key(name: str, unknown: str | None) -> Key:
    if unknown is None:
        return Key(unknown=f"{name} is known only after apply.")
    depends = unknown if unknown == FUNCTION else f"it depends on {unknown}"
    return Key(unknown=f"{name} is known only after apply: {depends}.")


def _past(module: Mapping[str, Any]) -> Iterator[tuple[str, View, str]]:
    for each in module.get("resources", ()):
        if each.get("type") in _WORDS:
            yield each["type"], View(each.get("values") or {}, {}, each.get("sensitive_values") or {}), each["address"]
    for child in module.get("child_modules", ()):
        yield from _past(child)
