"""Finds deleted key pairs, and the instances and definitions that name them. Information, not a verdict."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ec2_key_pair_monitor.preview.instances import Found
from ec2_key_pair_monitor.report import Finding

_MOST_NAMES = 5

# A launch template's ID and one of its versions: a number, $Latest or $Default.
Version = tuple[str, str]


class Template(NamedTuple):
    """A version of a launch template, and the key pair that it names."""

    name: str
    key: str | None
    is_default: bool


def key_pairs(ec2: Any) -> dict[str, datetime | None]:
    """Return the key pairs of the region, with the time of their creation or import."""
    return {each["KeyName"]: each.get("CreateTime") for each in ec2.describe_key_pairs()["KeyPairs"]}


class KeyPairs:
    """Counts the instances whose key pair was deleted or replaced after their launch."""

    def __init__(self, created: Mapping[str, datetime | None] | None) -> None:
        """Take the existing key pairs; None if they cannot be read."""
        self._created = created
        self._instances: Counter[str] = Counter()
        self._names: dict[str, set[str]] = {"deleted": set(), "replaced": set()}

    def add(self, found: Found) -> str | None:
        """Count an instance. Returns whether its key pair was deleted or replaced."""
        name = found.instance.key_name if found.instance else None
        if self._created is None or not name or name.isspace():
            return None
        fate = "deleted"
        if name in self._created:
            created = self._created[name]
            # EC2 cuts the time of a launch to seconds.
            if not created or not found.launched_at or created.replace(microsecond=0) <= found.launched_at:
                return None
            fate = "replaced"
        self._instances[fate] += 1
        # Image builders create a key pair for each instance, so there can be as many names as instances.
        if len(self._names[fate]) < _MOST_NAMES:
            self._names[fate].add(name)
        return fate

    def findings(self, region: str) -> Iterator[Finding]:
        """Return the findings."""
        for fate, explanation in (
            ("deleted", "it does not exist any more"),
            ("replaced", "another key pair of the same name was created after their launch"),
        ):
            if number := self._instances[fate]:
                names = ", ".join(sorted(self._names[fate]))
                instances = "1 instance" if number == 1 else f"{number:,} instances"
                yield Finding(f"key-{fate}", region, f"{instances} with a key pair such as {names}: {explanation}.")


class Definitions:
    """Launch templates and launch configurations, and the key pair that each names."""

    def __init__(self) -> None:
        self.templates: dict[Version, Template] = {}
        self.configurations: dict[str, str] = {}
        self._ids: dict[str, str] = {}  # of the templates, by name
        self._groups: dict[Version | str, list[str]] = {}

    def read_templates(self, ec2: Any) -> None:
        """Read the default and the latest version of each launch template."""
        pages = ec2.get_paginator("describe_launch_template_versions").paginate(
            Versions=["$Latest", "$Default"], PaginationConfig={"PageSize": 200}
        )
        for page in pages:
            for version in page["LaunchTemplateVersions"]:
                self._add(version)

    def read_groups(self, autoscaling: Any) -> None:
        """Read which definitions the Auto Scaling groups use, after the templates."""
        for page in autoscaling.get_paginator("describe_auto_scaling_groups").paginate():
            for group in page["AutoScalingGroups"]:
                for used in self._used(group):
                    self._groups.setdefault(used, []).append(group["AutoScalingGroupName"])

    def pinned(self) -> list[Version]:
        """Return the versions that groups name by number and that were not read yet."""
        return [
            used
            for used in self._groups
            if isinstance(used, tuple) and not used[1].startswith("$") and used not in self.templates
        ]

    def read_version(self, ec2: Any, version: Version) -> None:
        """Read a version of a template. Each needs its own call: one that does not exist fails the whole call."""
        template, number = version
        answer = ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=[number])
        for each in answer["LaunchTemplateVersions"]:
            self._add(each)

    def read_configurations(self, autoscaling: Any) -> None:
        """Read the launch configurations."""
        for page in autoscaling.get_paginator("describe_launch_configurations").paginate():
            for each in page["LaunchConfigurations"]:
                self.configurations[each["LaunchConfigurationName"]] = each.get("KeyName", "")

    def ghosts(self, region: str, existing: Iterable[str]) -> Iterator[Finding]:
        """Find definitions that name a key pair that does not exist."""
        names = set(existing)
        latest: dict[str, int] = {}
        for template, number in self.templates:
            latest[template] = max(latest.get(template, 0), int(number))
        for (template, number), version in self.templates.items():
            if version.key and version.key not in names:
                users = {*self._groups.get((template, number), ())}
                if version.is_default:
                    users |= {*self._groups.get((template, "$Default"), ())}
                if int(number) == latest[template]:
                    users |= {*self._groups.get((template, "$Latest"), ())}
                name = f"Launch template {version.name} ({template}), version {number},"
                yield Finding("ghost-key", region, _ghost(name, version.key, users))
        for configuration, key in self.configurations.items():
            if key and key not in names:
                users = {*self._groups.get(configuration, ())}
                yield Finding("ghost-key", region, _ghost(f"Launch configuration {configuration}", key, users))

    def _used(self, group: Mapping[str, Any]) -> Iterator[Version | str]:
        """Return the definitions that a group launches from."""
        if group.get("LaunchConfigurationName"):
            yield group["LaunchConfigurationName"]
        mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
        specifications = [group.get("LaunchTemplate"), mixed.get("LaunchTemplateSpecification")]
        specifications += [each.get("LaunchTemplateSpecification") for each in mixed.get("Overrides", [])]
        for each in filter(None, specifications):
            # A specification can have the template's name instead of its ID.
            template_id = each.get("LaunchTemplateId") or self._ids.get(each.get("LaunchTemplateName"))
            if template_id:
                yield template_id, each.get("Version") or "$Default"

    def _add(self, version: Mapping[str, Any]) -> None:
        self._ids[version["LaunchTemplateName"]] = version["LaunchTemplateId"]
        self.templates[version["LaunchTemplateId"], str(version["VersionNumber"])] = Template(
            version["LaunchTemplateName"],
            version["LaunchTemplateData"].get("KeyName"),
            bool(version.get("DefaultVersion")),
        )


def _ghost(name: str, key: str, groups: set[str]) -> str:
    groups_text = ", ".join(sorted(groups))
    used = f" Auto Scaling group{'s' if len(groups) > 1 else ''} {groups_text} will fail to launch." if groups else ""
    return f"{name} names key pair {key}, which does not exist: its next launch fails.{used}"
