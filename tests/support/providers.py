"""Finds Terraform's providers: in the user's configuration, the registry, or a mirror on this machine.

The layout of a filesystem mirror is at
https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror says, here unpacked:
``registry.terraform.io/hashicorp/aws/VERSION/OS_ARCH/terraform-provider-aws_…``.
"""

import importlib.util
import json
import math
import os
import platform
import re
import shlex
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

REGISTRY_URL = "https://registry.terraform.io/.well-known/terraform.json"
NAMESPACE = "registry.terraform.io/hashicorp"
MIRROR_VARIABLE = "TF_PLUGIN_MIRROR_DIR"

# The versions that the demo and the tests were tried with, and the variables with which CI sets others.
TRIED = {"aws": "5.100.0", "archive": "2.7.1"}
VERSION_VARIABLES = {"aws": "TF_TEST_AWS_PROVIDER_VERSION", "archive": "TF_TEST_ARCHIVE_PROVIDER_VERSION"}
# The same as in versions.tf: from the lowest version up to the next major version.
LOWEST = {"aws": (5, 100), "archive": (2, 7)}
BELOW = {"aws": (7,), "archive": (math.inf,)}

# Beside Terraform's own folders, those in which container images and packages keep mirrors.
SEARCHED = ("/opt/*", "/srv/*", "/usr/lib/*", "/usr/local/lib/*", "/usr/local/share/*", "/var/lib/*")


class ProviderNotFoundError(RuntimeError):
    """Neither the registry nor a mirror has the AWS provider."""


@dataclass(frozen=True, slots=True)
class _Mirrored:
    """A provider in a filesystem mirror."""

    mirror: Path
    version: str


def provider_environment(
    directory: Path, environment: Mapping[str, str], *, registry_url: str = REGISTRY_URL
) -> dict[str, str]:
    """Find the providers.

    Args:
        directory: a folder for new files. It must exist as long as Terraform is used.
        environment: the caller's environment variables.
        registry_url: the URL that shows whether the registry responds.

    Returns:
        The variables for ``Root``: where Terraform finds its providers, and which versions to pin instead of those that
        were tried. Empty if the registry responds and the caller has set nothing.

    Raises:
        ProviderNotFoundError: there is no AWS provider. The message says what to do.
    """
    home = Path(environment.get("HOME") or "~").expanduser()
    own = ("TF_PLUGIN_CACHE_DIR", *VERSION_VARIABLES.values())
    found = {name: environment[name] for name in own if environment.get(name)}
    named = environment.get("TF_CLI_CONFIG_FILE")
    if named and Path(named).exists():
        return {**found, "TF_CLI_CONFIG_FILE": str(Path(named).absolute())}
    if "provider_installation" in _text(home / ".terraformrc"):
        return {**found, "TF_CLI_CONFIG_FILE": str(home / ".terraformrc")}
    if _answers(registry_url):
        # Terraform only warns if a named configuration is missing.
        return {**found, "TF_CLI_CONFIG_FILE": os.devnull} if named else found
    return _from_mirrors(directory, environment, list(_mirrors(environment, home)))


def pinned_versions(environment: Mapping[str, str]) -> dict[str, str]:
    """The version of each provider to pin: the one asked for, else the one that was tried."""
    return {name: environment.get(variable) or TRIED[name] for name, variable in VERSION_VARIABLES.items()}


def _answers(url: str) -> bool:
    """Whether a registry answers, and not a proxy in its place."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  (a constant, or a test's)
            return "providers.v1" in json.load(answer)
    except (OSError, HTTPException, ValueError):
        return False


def _from_mirrors(directory: Path, environment: Mapping[str, str], mirrors: list[Path]) -> dict[str, str]:
    """Lead Terraform to mirrors, and to the stand-in where none has the archive provider."""
    aws = _find("aws", environment, mirrors)
    if aws is None:
        version = pinned_versions(environment)["aws"]
        raise ProviderNotFoundError(
            f"Terraform needs the provider hashicorp/aws {version}, the registry (registry.terraform.io) does not "
            f"answer, and no filesystem mirror on this machine has it for {_platform()}. Connect to the registry, or "
            f"unpack the provider to DIR/{NAMESPACE}/aws/{version}/{_platform()}/ and set {MIRROR_VARIABLE}=DIR."
        )
    archive = _find("archive", environment, mirrors)
    if archive is None:
        archive = _write_stand_in(directory, pinned_versions(environment)["archive"])
        print(
            "The Terraform registry does not answer: a stand-in takes the place of hashicorp/archive.", file=sys.stderr
        )
    config = directory / "terraform.tfrc"
    config.write_text(
        "provider_installation {\n" + _installation("aws", aws) + _installation("archive", archive) + "}\n",
        encoding="utf-8",
    )
    return {
        "TF_CLI_CONFIG_FILE": str(config),
        VERSION_VARIABLES["aws"]: aws.version,
        VERSION_VARIABLES["archive"]: archive.version,
    }


def _installation(provider: str, found: _Mirrored) -> str:
    path = json.dumps(str(found.mirror), ensure_ascii=False)
    return f'  filesystem_mirror {{\n    path    = {path}\n    include = ["hashicorp/{provider}"]\n  }}\n'


def _mirrors(environment: Mapping[str, str], home: Path) -> Iterator[Path]:
    """Folders that may hold a mirror: the one that is named, Terraform's implied ones, and where others are kept.

    https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    yield from (Path(environment[name]) for name in (MIRROR_VARIABLE, "TF_PLUGIN_CACHE_DIR") if environment.get(name))
    yield home / ".terraform.d/plugins"
    data_home = environment.get("XDG_DATA_HOME") or str(home / ".local/share")
    data_dirs = (environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    yield from (Path(folder) / "terraform/plugins" for folder in (data_home, *data_dirs))
    for pattern in SEARCHED:
        yield from sorted(Path("/").glob(pattern.lstrip("/")))


def _find(provider: str, environment: Mapping[str, str], mirrors: list[Path]) -> _Mirrored | None:
    """The first mirror with a fitting version: the pinned one, else the newest unless a version is asked for."""
    pinned = pinned_versions(environment)[provider]
    is_asked_for = bool(environment.get(VERSION_VARIABLES[provider]))
    for mirror in mirrors:
        versions = _versions(mirror, provider)
        fitting = [version for version in versions if LOWEST[provider] <= _numbers(version) < BELOW[provider]]
        if pinned in versions:
            return _Mirrored(mirror.absolute(), pinned)
        if fitting and not is_asked_for:
            return _Mirrored(mirror.absolute(), max(fitting, key=_numbers))
    return None


def _versions(mirror: Path, provider: str) -> set[str]:
    """The released versions of a provider that a mirror has for this platform."""
    pattern = f"{NAMESPACE}/{provider}/*/{_platform()}/terraform-provider-{provider}*"
    try:
        versions = {path.parents[1].name for path in mirror.glob(pattern)}
    except PermissionError:  # the system's folders are not all ours to read
        return set()
    return {version for version in versions if re.fullmatch(r"\d+\.\d+\.\d+", version)}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _platform() -> str:
    """The platform as Terraform names it."""
    machine = platform.machine().lower()
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"{platform.system().lower()}_{architecture}"


def _write_stand_in(directory: Path, version: str) -> _Mirrored:
    """Write a mirror whose archive provider is a launcher of the stand-in."""
    mirror = directory / "stand-in"
    launcher = mirror / NAMESPACE / "archive" / version / _platform() / f"terraform-provider-archive_v{version}"
    launcher.parent.mkdir(parents=True, exist_ok=True)
    script = Path(__file__).with_name("archive_provider.py")
    # -P: the folder of the script holds modules whose names others use too.
    words = ["env", f"PYTHONPATH={_packages()}", sys.executable, "-P", str(script)]
    launcher.write_text(f"#!/bin/sh\nexec {shlex.join(words)}\n", encoding="utf-8")
    launcher.chmod(0o755)
    return _Mirrored(mirror.absolute(), version)


def _packages() -> Path:
    """The folder that the plugin library is installed in, which need not be one that the interpreter looks into."""
    spec = importlib.util.find_spec("tf")
    if spec is None or spec.origin is None:
        raise ProviderNotFoundError("the stand-in for hashicorp/archive needs the package tf: pip install tf")
    return Path(spec.origin).parents[1]


def _text(path: Path) -> str:
    """A configuration without its comments, or nothing where there is none to read."""
    try:
        return re.sub(r"(#|//).*", "", path.read_text(encoding="utf-8"))
    except OSError:
        return ""
