"""Reads the policy from options or from a file, with the names and limits of the module's inputs."""

import argparse
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ec2_key_pair_monitor.compliance import Policy
from ec2_key_pair_monitor.errors import CommandError

# The rule's own parameters, as AWS Config shows them, and the module's inputs.
PARAMETERS = {
    "allowedKeyNames": "allowed_key_names",
    "exemptTags": "exempt_tags",
    "exemptUntilTagKey": "exempt_until_tag_key",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the policy."""
    group = parser.add_argument_group("policy", "The module's inputs of the same names.")
    group.add_argument(
        "--allowed-key-name",
        metavar="PATTERN",
        action="append",
        default=[],
        help="a key pair that is allowed; * stands for any characters, ? for one; can be repeated",
    )
    group.add_argument(
        "--exempt-tag",
        metavar="KEY=PATTERN",
        action="append",
        default=[],
        help="a tag that exempts an instance; can be repeated",
    )
    group.add_argument("--exempt-until-tag-key", metavar="KEY", help="the tag that holds the last day of an exemption")
    group.add_argument(
        "--policy",
        metavar="FILE",
        help="all of these as JSON: the module's inputs, or the AWS Config rule's parameters",
    )


def from_options(options: argparse.Namespace) -> Policy:
    """Return the policy from the options.

    Raises:
        CommandError: an option or the file is malformed; the message names it.
    """
    if options.policy is not None:
        if is_given(options):
            raise CommandError("--policy holds the whole policy and cannot be combined with other policy options.")
        return _from_file(options.policy)
    tags = []
    for text in options.exempt_tag:
        key, separator, pattern = text.partition("=")
        if not separator:
            raise CommandError(f"--exempt-tag must be KEY=PATTERN, such as team=*, not {text!r}.")
        tags.append((key, pattern))
    until_key = options.exempt_until_tag_key
    return _policy(options.allowed_key_name, _unique(tags, "--exempt-tag"), until_key)


def is_given(options: argparse.Namespace) -> bool:
    """Return whether an option other than ``--policy`` sets a part of the policy."""
    return bool(options.allowed_key_name or options.exempt_tag or options.exempt_until_tag_key is not None)


def _from_file(path: str) -> Policy:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  (pathlib would slow the start down)
            values = json.loads(file.read(), object_pairs_hook=lambda pairs: _unique(pairs, path))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path} is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise CommandError(f'{path} must hold a JSON object, such as {{"allowed_key_names": ["ops-*"]}}.')
    return from_values(values, path)


def from_values(values: Mapping[str, Any], where: str) -> Policy:
    """Return the policy from a policy file, or from the parameters of an AWS Config rule.

    Raises:
        CommandError: something is malformed or unknown; the message names ``where``.
    """
    named: dict[str, Any] = {}
    for name, value in values.items():
        if name not in PARAMETERS and name not in PARAMETERS.values():
            raise CommandError(
                f"{where} has {name!r}, which is no part of the policy. It may have {', '.join(PARAMETERS.values())}, "
                f"or {', '.join(PARAMETERS)}."
            )
        # AWS Config stores JSON in strings.
        if name in ("allowedKeyNames", "exemptTags") and isinstance(value, str):
            try:
                decoded = json.loads(value or "null", object_pairs_hook=lambda pairs: _unique(pairs, where))
            except (ValueError, RecursionError) as error:
                raise CommandError(f"{where}: {name} does not hold JSON: {error}.") from error
        else:
            decoded = value
        input_name: str = PARAMETERS.get(name) or name
        if input_name in named:
            raise CommandError(f"{where} has {input_name} and the parameter of the same meaning: remove one.")
        named[input_name] = decoded
    names = named.get("allowed_key_names")
    tags = named.get("exempt_tags")
    return _policy([] if names is None else names, {} if tags is None else tags, named.get("exempt_until_tag_key"))


def _policy(names: object, tags: object, until_key: object) -> Policy:
    """Check the same as the module's validations."""
    if not isinstance(names, list) or not all(_is_text(name, 255) for name in names):
        raise CommandError("allowed_key_names must hold names of 1 to 255 characters that are not all blanks.")
    if not isinstance(tags, dict) or not all(map(is_key, tags)):
        raise CommandError(
            "exempt_tags must map tag keys of 1 to 128 characters, not all blanks and without * and ?, to patterns."
        )
    if not all(map(is_pattern, tags.values())):
        raise CommandError("exempt_tags must have patterns of at most 256 characters that are not all blanks.")
    if until_key is not None and (not is_key(until_key) or str(until_key).lower().startswith("aws:")):
        raise CommandError(
            "exempt_until_tag_key must be a tag key of 1 to 128 characters that is not all blanks, holds no * or ? "
            "and does not start with aws:."
        )
    return Policy(tuple(names), tags, until_key if isinstance(until_key, str) else None)


def is_key(value: object) -> bool:
    """Whether a value can be a key of ``exempt_tags``."""
    return _is_text(value, 128) and not any(each in str(value) for each in "*?")


def is_pattern(value: object) -> bool:
    """Whether a value can be a pattern in ``exempt_tags``."""
    return value == "" or _is_text(value, 256)


def _is_text(value: object, longest: int) -> bool:
    # Blanks are RE2's \s, as in Terraform's validations. https://github.com/google/re2/wiki/Syntax
    return isinstance(value, str) and len(value) <= longest and "\n" not in value and bool(value.strip(" \t\f\r"))


def _unique(pairs: Iterable[tuple[str, Any]], where: str) -> Mapping[str, Any]:
    """Return a map of pairs. A repeated key is an error, because it is not clear which value counts."""
    mapping: dict[str, Any] = {}
    for key, value in pairs:
        if key in mapping:
            raise CommandError(f"{where} has {key!r} twice.")
        mapping[key] = value
    return mapping
