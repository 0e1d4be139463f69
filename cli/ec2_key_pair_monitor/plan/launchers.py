"""Reads what each resource type launches: key pair, tags and definitions, with the attributes of AWS provider 5."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ec2_key_pair_monitor.plan.configuration import Configuration
from ec2_key_pair_monitor.plan.definitions import (
    CLUSTER,
    CONFIGURATION,
    SETTINGS,
    TEMPLATE,
    Definitions,
    Found,
    Reference,
    shown_key,
)
from ec2_key_pair_monitor.plan.launch import NO_TAGS, Key, Launch, Tags
from ec2_key_pair_monitor.plan.resources import Resource, View
from ec2_key_pair_monitor.plan.sets import written_as
from ec2_key_pair_monitor.plan.tags import all_tags, group_tags, implied, single_map

DEFINITIONS = frozenset({TEMPLATE, CONFIGURATION})
# Resources that launch from a changed template later, even if the plan does not change them. Of the fleets, only those
# of type "maintain" do. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-fleet-request-type.html
_KEEP_LAUNCHING = {
    "aws_autoscaling_group": None,
    "aws_ec2_fleet": "type",
    "aws_gamelift_game_server_group": None,
    "aws_spot_fleet_request": "fleet_type",
}

# The provider shows this as the id if a group refers to a template by name.
_UNKNOWN_ID = "unknown"

# The alternatives of one launch, or why there is nothing to judge.
Slot = Sequence[Launch] | str


class OutOfScope(Exception):  # noqa: N818  (it is no error)
    """A resource of a judged type that launches no instances in the account; the message says why."""


class Uses(NamedTuple):
    """The launches of a resource, the addresses of their definitions, and whether one of these changes."""

    slots: Sequence[Slot]
    follows: tuple[str, ...] = ()
    is_changing: bool = False


class Launchers:
    """Reads what resources launch."""

    def __init__(self, plan: Mapping[str, Any], resources: Mapping[str, Resource]) -> None:
        """Take a plan, and its launchers and definitions by address."""
        self._configuration = Configuration(plan, resources.get)
        self._definitions = Definitions(plan, resources, self._configuration)

    def uses(self, resource: Resource) -> Uses:
        """Return the launches of a resource.

        Raises:
            OutOfScope: it launches no instances in the account.
        """
        uses = _READERS[resource.type](self, resource)
        return uses if _keeps_launching(resource) else uses._replace(is_changing=False)

    def definition(self, resource: Resource) -> Launch:
        """Return the launches of a definition that no resource uses."""
        return self._definitions.content(resource, resource.after)

    def _expressions(self, resource: Resource) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._configuration.block(resource).get("expressions", {})
        return found

    def _instance(self, resource: Resource) -> Uses:
        key = self._definitions.computed_key(resource, resource.after, self._expressions(resource))
        tags = all_tags(resource, self._configuration)
        found = self._template(resource, resource.after, self._expressions(resource), "launch_template")
        if found is None:
            return Uses([[Launch(key, tags)]])
        if not resource.is_new:
            # It was already launched with the key pair in the state. Its launch template no longer matters.
            return Uses([[Launch(key, tags)]], found.follows)
        return _from_definition(found, key, tags)

    def _spot_instance(self, resource: Resource) -> Uses:
        return Uses([[Launch(self._definitions.computed_key(resource, resource.after, self._expressions(resource)))]])

    def _spot_fleet(self, resource: Resource) -> Uses:
        after = resource.after
        slots: list[Slot] = []
        if after.is_unknown("launch_specification") or after.is_unknown("launch_template_config"):
            slots.append("Its launch specifications are known only after apply.")
        written = self._expressions(resource).get("launch_specification", [])
        blocks = after.blocks("launch_specification")
        for n, block in enumerate(blocks):
            key = shown_key(block, "key_name")
            if block.is_unknown("key_name"):
                key = self._set_key(resource, written, blocks, n)
            slots.append([Launch(key, single_map(block, "tags"))])
        found = self._configs(resource)
        return _joined([*slots, *(_slot(each, Key(), NO_TAGS) for each in found)], found)

    def _set_key(self, resource: Resource, written: Sequence[Any], blocks: Sequence[View], n: int) -> Key:
        candidates = written_as(written, blocks, n)
        if not candidates:
            return Key(unknown="Its key pair is known only after apply: the specification is a dynamic block.")
        keys = [self._definitions.computed_key(resource, blocks[n], each) for each in candidates]
        return next((key for key in keys if key.unknown), keys[0])

    def _group(self, resource: Resource) -> Uses:
        after, expressions = resource.after, self._expressions(resource)
        tags = group_tags(after)
        name = after.values.get("launch_configuration")
        mixed, template = _policy_or_template(resource, expressions)
        if mixed is not None:
            return self._mixed(resource, mixed, tags)
        if template is not None:
            found = self._template(resource, after, expressions, "launch_template")
            return _from_definition(found, Key(), tags) if found else Uses(["Its launch template is not known."])
        if name or after.is_unknown("launch_configuration") or "launch_configuration" in expressions:
            return _from_definition(
                self._definitions.find(
                    Reference(CONFIGURATION, resource, None, name, expressions.get("launch_configuration"))
                ),
                Key(),
                tags,
            )
        return Uses(["What it launches from is known only after apply."])

    def _mixed(self, resource: Resource, mixed: View, tags: Tags) -> Uses:
        outer = _expression_block(self._expressions(resource), "mixed_instances_policy", 0, 1)
        template = mixed.block("launch_template")
        if template is None:
            return Uses(["Its mixed instances policy is known only after apply."])
        expressions = _expression_block(outer, "launch_template", 0, 1)
        found: list[Found] = []
        base = self._template(resource, template, expressions, "launch_template_specification")
        overrides = template.blocks("override")
        needs_base = not overrides or template.is_unknown("override")
        for n, override in enumerate(overrides):
            inner = _expression_block(expressions, "override", n, len(overrides))
            own = self._template(resource, override, inner, "launch_template_specification")
            if own is None:
                needs_base = True
            else:
                found.append(own)
        if base is not None and needs_base:
            found.insert(0, base)
        unused = () if base is None or needs_base else base.follows
        uses = _joined([_slot(each, Key(), tags) for each in found], found)
        return uses._replace(follows=tuple(dict.fromkeys((*unused, *uses.follows))))

    def _fleet(self, resource: Resource) -> Uses:
        found = self._configs(resource)
        return _joined([_slot(each, Key(), NO_TAGS) for each in found], found)

    def _configs(self, resource: Resource) -> list[Found]:
        """Return the launch templates of a fleet."""
        found = []
        configs = resource.after.blocks("launch_template_config")
        for n, config in enumerate(configs):
            for expressions in self._config_expressions(resource, configs, n):
                each = self._template(resource, config, expressions, "launch_template_specification")
                if each is not None:
                    found.append(each)
        return found

    def _config_expressions(
        self, resource: Resource, configs: Sequence[View], n: int
    ) -> Sequence[Mapping[str, Sequence[Any]]]:
        """Return the expressions that may have created a fleet's block. In a spot fleet, the blocks are a set."""
        if resource.type != "aws_spot_fleet_request":
            return [_expression_block(self._expressions(resource), "launch_template_config", n, len(configs))]
        written = self._expressions(resource).get("launch_template_config", [])
        name = "launch_template_specification"
        scope = self._configuration.scope(resource)
        views = [config.block(name) or View({}, {}, {}) for config in configs]
        candidates = [
            each
            for each in written_as([_expression_block(block, name, 0, 1) for block in written], views, n)
            if all(
                attribute in each and self._configuration.unknown(each[attribute], scope)
                for attribute in ("id", "name")
                if views[n].is_unknown(attribute)
            )
        ]
        return [{name: [each]} for each in candidates] or [{}]

    def _game_servers(self, resource: Resource) -> Uses:
        found = self._template(resource, resource.after, self._expressions(resource), "launch_template")
        return _from_definition(found, Key(), NO_TAGS) if found else Uses(["Its launch template is not known."])

    def _node_group(self, resource: Resource) -> Uses:
        # https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html
        after = resource.after
        tags = implied(after, "eks:nodegroup-name", "node_group_name", "node_group_name_prefix")
        tags = implied(after, "eks:cluster-name", "cluster_name").over(tags)
        access = after.block("remote_access")
        key = Key() if access is None else self._plain_key(resource, access, "ec2_ssh_key", "remote_access")
        if after.is_unknown("remote_access"):
            key = Key(unknown="Whether it has remote_access is known only after apply.")
        found = self._template(resource, after, self._expressions(resource), "launch_template")
        if found is None:
            return Uses([[Launch(key, tags)]])
        return _from_definition(found, key, tags)

    def _batch(self, resource: Resource) -> Uses:
        after = resource.after
        if after.values.get("type") == "UNMANAGED":
            raise OutOfScope("An unmanaged compute environment launches nothing.")
        block = after.block("compute_resources")
        if block is None:
            if after.is_unknown("compute_resources"):
                return Uses(["Its compute resources are known only after apply."])
            raise OutOfScope("A compute environment without compute resources launches nothing.")
        kind = block.values.get("type")
        if isinstance(kind, str) and kind.startswith("FARGATE"):
            raise OutOfScope("AWS Fargate launches no EC2 instances in the account.")
        key = self._plain_key(resource, block, "ec2_key_pair", "compute_resources")
        tags = single_map(block, "tags")
        expressions = _expression_block(self._expressions(resource), "compute_resources", 0, 1)
        found = self._template(resource, block, expressions, "launch_template")
        uses = Uses([[Launch(key, tags)]]) if found is None else _from_definition(found, key, tags)
        unclear = block.is_unknown("type") or after.is_unknown("type")
        return uses._replace(slots=["Its type is known only after apply."]) if unclear else uses

    def _cluster(self, resource: Resource) -> Uses:
        return Uses([[self._cluster_launch(resource)]])

    def _cluster_launch(self, resource: Resource) -> Launch:
        block = resource.after.block("ec2_attributes")
        key = Key() if block is None else self._plain_key(resource, block, "key_name", "ec2_attributes")
        if resource.after.is_unknown("ec2_attributes"):
            key = Key(unknown="Its ec2_attributes are known only after apply.")
        # https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-plan-tags.html
        added = Tags(unknown={"aws:elasticmapreduce:job-flow-id": "j-", "aws:elasticmapreduce:instance-group-role": ""})
        return Launch(key, added.over(all_tags(resource, self._configuration)))

    def _cluster_part(self, resource: Resource) -> Uses:
        found = self._definitions.find(
            Reference(
                CLUSTER,
                resource,
                resource.after.values.get("cluster_id"),
                None,
                self._expressions(resource).get("cluster_id"),
            )
        )
        if isinstance(found.alternatives, str):
            return Uses([found.alternatives], found.follows)
        slot = [self._cluster_launch(each) for each in found.resources] or found.alternatives
        return Uses([slot], found.follows)

    def _beanstalk(self, resource: Resource) -> Uses:
        after = resource.after
        # https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/using-features.tagging.html
        added = implied(after, "elasticbeanstalk:environment-id", "id")
        for tag in ("elasticbeanstalk:environment-name", "Name"):
            added = implied(after, tag, "name").over(added)
        tags = added.over(all_tags(resource, self._configuration))
        key = self._definitions.setting_key(after)
        name = after.values.get("template_name")
        expression = self._expressions(resource).get("template_name")
        has_template = name or (after.is_unknown("template_name") and expression is not None)
        if key.name or key.unknown or not has_template:
            return Uses([[Launch(key, tags)]])
        return _from_definition(
            self._definitions.find(Reference(SETTINGS, resource, None, name, expression)), Key(), tags
        )

    def _image_builder(self, resource: Resource) -> Uses:
        key = self._plain_key(resource, resource.after, "key_pair", None)
        return Uses([[Launch(key, single_map(resource.after, "resource_tags"))]])

    def _template(self, resource: Resource, view: View, expressions: Mapping[str, Any], name: str) -> Found | None:
        """Return the launch template that a block names, or None if there is no such block."""
        block = view.block(name)
        if block is None:
            # A group with a mixed instances policy shows its own launch template as unknown.
            if view.is_unknown(name) and resource.type != "aws_autoscaling_group":
                return Found("Whether it has a launch template is known only after apply.")
            return None
        inner = _expression_block(expressions, name, 0, 1)
        ids = ("id", "launch_template_id")
        names = ("name", "launch_template_name")
        by_id = next((block.values[each] for each in ids if block.values.get(each)), None)
        by_name = next((block.values[each] for each in names if block.values.get(each)), None)
        # Ids and names are computed: if one is no longer configured, the plan still has the state's value.
        by_either = {*ids} & inner.keys(), {*names} & inner.keys()
        if by_id == _UNKNOWN_ID or (by_name and by_either[1] and not by_either[0]):
            by_id = None
        elif by_id is None and not by_either[1] and (by_either[0] or resource.is_updated):
            by_name = None
        return self._definitions.find(
            Reference(
                TEMPLATE,
                resource,
                by_id,
                by_name,
                next((inner[each] for each in (*ids, *names) if each in inner), None),
                block.values.get("version"),
                block.is_unknown("version"),
                inner.get("version") if inner else None,
                bool(inner),
            )
        )

    def _plain_key(self, resource: Resource, view: View, name: str, block: str | None) -> Key:
        """Return the key in an attribute that is not computed: if the plan shows it as unknown, it is unknown."""
        if not view.is_unknown(name):
            return shown_key(view, name)
        expressions = self._expressions(resource)
        inner = expressions if block is None else _expression_block(expressions, block, 0, 1)
        return self._definitions.unknown_key(name, inner.get(name), resource)


_READERS: Mapping[str, Callable[[Launchers, Resource], Uses]] = {
    "aws_autoscaling_group": Launchers._group,
    "aws_batch_compute_environment": Launchers._batch,
    "aws_ec2_fleet": Launchers._fleet,
    "aws_eks_node_group": Launchers._node_group,
    "aws_elastic_beanstalk_environment": Launchers._beanstalk,
    "aws_emr_cluster": Launchers._cluster,
    "aws_emr_instance_fleet": Launchers._cluster_part,
    "aws_emr_instance_group": Launchers._cluster_part,
    "aws_gamelift_game_server_group": Launchers._game_servers,
    "aws_imagebuilder_infrastructure_configuration": Launchers._image_builder,
    "aws_instance": Launchers._instance,
    "aws_spot_fleet_request": Launchers._spot_fleet,
    "aws_spot_instance_request": Launchers._spot_instance,
}
LAUNCHERS = frozenset(_READERS)


def _policy_or_template(resource: Resource, expressions: Mapping[str, Any]) -> tuple[View | None, View | None]:
    """Return a group's mixed instances policy or its launch template; neither if it has a launch configuration.

    Both are computed: if one is no longer configured, it stays in the plan beside its replacement.
    """
    after = resource.after
    mixed, template = after.block("mixed_instances_policy"), after.block("launch_template")
    if "mixed_instances_policy" in expressions:
        return mixed, None
    if "launch_template" in expressions:
        return None, template
    if after.values.get("launch_configuration") or after.is_unknown("launch_configuration"):
        return None, None
    # With dynamic blocks: the one that is not in the state is new.
    if mixed is not None and template is not None:
        return (None, template) if resource.before.blocks("mixed_instances_policy") else (mixed, None)
    return mixed, template


def _keeps_launching(resource: Resource) -> bool:
    if resource.type not in _KEEP_LAUNCHING:
        return False
    attribute = _KEEP_LAUNCHING[resource.type]
    return attribute is None or resource.after.values.get(attribute) in (None, "maintain")


def _slot(found: Found, key: Key, tags: Tags) -> Slot:
    if isinstance(found.alternatives, str):
        if key.name:
            return [Launch(key, tags._replace(open=tags.open or found.alternatives))]
        if tags.known or tags.unknown or tags.open:
            unknown = Key(unknown=found.alternatives)
            return [Launch(unknown, tags._replace(open=found.alternatives))]
        return found.alternatives
    return [Launch(key if key.name or key.unknown else each.key, tags.over(each.tags)) for each in found.alternatives]


def _from_definition(found: Found, key: Key, tags: Tags) -> Uses:
    return Uses([_slot(found, key, tags)], found.follows, found.is_changing)


def _joined(slots: Sequence[Slot], found: Sequence[Found]) -> Uses:
    follows = tuple(dict.fromkeys(address for each in found for address in each.follows))
    if not slots:
        slots = ["What it launches from is known only after apply."]
    return Uses(slots, follows, any(each.is_changing for each in found))


def _expression_block(expressions: Mapping[str, Any], name: str, n: int, count: int) -> Mapping[str, Any]:
    """Return the expressions of a block; nothing if the number of blocks differs, because some are dynamic."""
    blocks = expressions.get(name)
    if isinstance(blocks, Mapping):
        blocks = [blocks]
    if not isinstance(blocks, list) or len(blocks) != count:
        return {}
    return blocks[n] if isinstance(blocks[n], Mapping) else {}
