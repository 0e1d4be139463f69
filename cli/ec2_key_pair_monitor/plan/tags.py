"""Finds the tags that instances get: a resource's own tags, those of templates, default tags, and AWS's own."""

from collections.abc import Mapping
from typing import Any

from ec2_key_pair_monitor.plan.configuration import Configuration
from ec2_key_pair_monitor.plan.launch import NO_TAGS, Tags
from ec2_key_pair_monitor.plan.resources import Resource, View, module_path


def single_map(view: View, name: str) -> Tags:
    """Return the tags in a map attribute."""
    if view.is_unknown(name):
        return Tags(open=f"{name} is known only after apply")
    values = view.values.get(name)
    marks = view.unknown.get(name)
    sensitive = view.sensitive.get(name) if isinstance(view.sensitive, Mapping) else True
    known = {key: value for key, value in values.items() if isinstance(value, str)} if values else {}
    unknown = {key: "" for key, mark in marks.items() if mark} if isinstance(marks, Mapping) else {}
    if sensitive is True:
        hidden = frozenset((*known, *unknown))
    else:
        hidden = frozenset(key for key, mark in sensitive.items() if mark) if sensitive else frozenset()
    return Tags(known, unknown, None, hidden)


def _block_tags(block: View) -> Tags:
    """Return the tag in a ``tag`` block of an Auto Scaling group, if instances get it."""
    key, value, reaches = (block.values.get(name) for name in ("key", "value", "propagate_at_launch"))
    if block.is_unknown("propagate_at_launch"):
        return Tags(open="whether a tag of the group reaches its instances is known only after apply")
    if not reaches:
        return NO_TAGS
    if block.is_unknown("key"):
        return Tags(open="the key of a tag of the group is known only after apply")
    sensitive = frozenset({str(key)}) if block.is_sensitive("value") else frozenset[str]()
    if block.is_unknown("value"):
        return Tags(unknown={str(key): ""}, sensitive=sensitive)
    return Tags({str(key): str(value)}, sensitive=sensitive)


def instance_tags(view: View, address: str) -> Tags:
    """Return the tags that a launch template gives to instances."""
    if view.is_unknown("tag_specifications"):
        return Tags(open=f"the tag_specifications of {address} are known only after apply")
    tags = NO_TAGS
    for block in view.blocks("tag_specifications"):
        if block.is_unknown("resource_type"):
            tags = tags._replace(open=f"a resource_type in {address} is known only after apply")
        elif block.values.get("resource_type") == "instance":
            each = single_map(block, "tags")
            tags = each._replace(open=each.open and f"the instance tags of {address} are known only after apply").over(
                tags
            )
    return tags


def all_tags(resource: Resource, configuration: Configuration) -> Tags:
    """Return ``tags_all``. A plan shows it as unknown for a resource without tags. It lacks unknown default tags."""
    after = resource.after
    tags = single_map(after, "tags")
    provider = configuration.provider(resource)
    expression = _default_tags(provider)
    within = module_path(provider.get("module_address") or "")
    if not after.is_unknown("tags_all"):
        merged = single_map(after, "tags_all")
        if expression and configuration.may_be_sensitive(expression, within):
            # Terraform does not mark the values of default tags as sensitive.
            merged = merged._replace(sensitive=merged.sensitive | (merged.known.keys() - tags.known.keys()))
        tags = tags.over(merged)
    if expression is None or (not resource.is_new and not after.is_unknown("tags_all")):
        return tags
    constant = expression.get("constant_value")
    if isinstance(constant, Mapping):
        return tags.over(Tags({key: value for key, value in constant.items() if isinstance(value, str)}))
    own, everything = after.values.get("tags") or {}, after.values.get("tags_all") or {}
    if len(everything) > len(own):
        return tags
    unknown = configuration.unknown(expression, configuration.scope(resource)._replace(module=within))
    # The provider also hides the default tags if any tag has an empty value.
    is_hidden = after.is_unknown("tags_all") and bool(own or configuration.has_empty_text(expression))
    if unknown is None and not after.is_unknown("tags") and not is_hidden:
        return tags
    why = "tags_all is known only after apply"
    if unknown is not None:
        why = f"the provider's default_tags are known only after apply ({unknown})"
    return tags._replace(open=tags.open or why)


def _default_tags(provider: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the expression of a provider's default tags, or None if it has none."""
    written = provider.get("expressions", {}).get("default_tags", [])
    block = written[0] if isinstance(written, list) and written else written
    expression = block.get("tags") if isinstance(block, Mapping) else None
    return expression if isinstance(expression, Mapping) else None


def group_tags(after: View) -> Tags:
    """Return the tags that instances of an Auto Scaling group get, with the one that AWS adds."""
    tags = NO_TAGS
    if after.is_unknown("tag"):
        tags = Tags(open="the group's tags are known only after apply")
    for block in after.blocks("tag"):
        tags = _block_tags(block).over(tags)
    return implied(after, "aws:autoscaling:groupName", "name", "name_prefix").over(tags)


def implied(view: View, tag: str, name: str, prefix: str | None = None) -> Tags:
    """Return the tag that AWS adds, with the resource's name as its value."""
    sensitive = frozenset({tag}) if view.is_sensitive(name) else frozenset[str]()
    value = view.values.get(name)
    if isinstance(value, str) and value:
        return Tags({tag: value}, sensitive=sensitive)
    start = view.values.get(prefix) if prefix else None
    return Tags(unknown={tag: start if isinstance(start, str) else ""}, sensitive=sensitive)
