"""A stand-in for the provider ``hashicorp/archive``, for machines without access to a Terraform registry.

It knows the data source ``archive_file`` for ``type = "zip"`` of a folder, a file, a text or ``source`` blocks, with
``excludes`` and ``output_file_mode``, as
https://registry.terraform.io/providers/hashicorp/archive/latest/docs/data-sources/file says. It does not know classes
and alternatives in ``excludes``. The zip is not the real provider's byte for byte, but as deterministic: entries are
sorted, times fixed, and no folder has an entry.

Terraform starts it through a launcher that ``providers.py`` writes.
"""

import base64
import hashlib
import io
import os
import re
import signal
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tf import types
from tf.blocks import SetNestedBlock
from tf.iface import Config, DataSource, Provider, ReadDataContext, State
from tf.runner import run_provider
from tf.schema import Attribute, Block, Schema
from tf.utils import Diagnostics

FIXED_TIME = (2049, 1, 1, 0, 0, 0)
SOURCES = ("source_dir", "source_file", "source_content_filename")
DIGESTS = {"md5": "output_md5", "sha1": "output_sha", "sha256": "output_sha256", "sha512": "output_sha512"}
TEXT_ATTRIBUTES = ("id", *DIGESTS.values(), "output_base64sha256", "output_base64sha512")


class ArchiveError(ValueError):
    """The archive cannot be created. The message is the real provider's."""


def archive(config: Config) -> bytes:
    """Return the zip that the arguments of an ``archive_file`` describe.

    Raises:
        ArchiveError: the source is missing, or an argument is not one that the stand-in knows.
    """
    if config["type"] != "zip":
        raise ArchiveError(f"archive type not supported: {config['type']}")
    mode = _mode(config.get("output_file_mode"))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        for name, own_mode, data in _entries(config):
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.create_system = 3  # Unix, where the permissions count
            entry.external_attr = (own_mode if mode is None else mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, data)
    return content.getvalue()


def _mode(text: str | None) -> int | None:
    """The permissions that ``output_file_mode`` means: octal after a zero, as Go reads numbers."""
    if not text:
        return None
    try:
        return int(text, 8 if text.startswith("0") else 10)
    except ValueError:
        raise ArchiveError(f"error parsing output_file_mode value: {text}") from None


def _entries(config: Config) -> Iterator[tuple[str, int, bytes]]:
    """Name, permissions and content of each entry."""
    given = [name for name in (*SOURCES, "source") if config.get(name)]
    if len(given) != 1:
        raise ArchiveError(f"exactly one of {', '.join(SOURCES)} and source must be given")
    source = config[given[0]]
    if given == ["source"]:
        # The real provider sorts them, and gives them no permissions.
        yield from sorted((each["filename"], 0o644, (each["content"] or "").encode()) for each in source)
        return
    if given == ["source_content_filename"]:
        yield source, 0o644, (config.get("source_content") or "").encode()
    elif given == ["source_file"]:
        if not Path(source).is_file():
            raise ArchiveError(f"error archiving file: could not archive missing file: {source}")
        yield _entry(Path(source), Path(source).name)
    else:
        if not Path(source).is_dir():
            raise ArchiveError(f"error archiving directory: could not archive missing directory: {source}")
        yield from _folder(Path(source), config.get("excludes") or [])


def _folder(source: Path, excludes: list[str]) -> Iterator[tuple[str, int, bytes]]:
    patterns = [pattern_of(exclude) for exclude in excludes]
    names = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    kept = [name for name in names if not _excluded(name, patterns)]
    if not kept:
        raise ArchiveError("error archiving directory: archive has not been created as it would be empty")
    for name in kept:
        yield _entry(source / name, name.as_posix())


def _excluded(name: Path, patterns: list[re.Pattern[str]]) -> bool:
    """Whether a file or a folder that contains it is excluded."""
    paths = (name, *name.parents[:-1])  # the last parent is the source itself
    return any(pattern.fullmatch(path.as_posix()) for path in paths for pattern in patterns)


def _entry(path: Path, name: str) -> tuple[str, int, bytes]:
    return name, path.stat().st_mode & 0o777, path.read_bytes()


def pattern_of(glob: str) -> re.Pattern[str]:
    """A glob as the real provider's library (doublestar) reads it: ``*`` stays within a folder, ``**`` does not.

    Raises:
        ArchiveError: it has a class, an alternative or an escape, which would match something else here.
    """
    if re.search(r"[\[\]{}\\]", glob):
        raise ArchiveError(f"the stand-in for hashicorp/archive does not know the pattern {glob}")
    special = {"**/": "(?:.*/)?", "/**": "(?:/.*)?", "?": "[^/]"}
    # Stars that are not the whole name of a folder stay within one, however many.
    parts = re.split(r"((?:^|(?<=/))\*\*/|/\*\*$|\*+|\?)", "**/*" if glob == "**" else glob)
    stars = re.compile(r"\*+")
    return re.compile(
        "".join(special.get(part, "[^/]*" if stars.fullmatch(part) else re.escape(part)) for part in parts)
    )


class ArchiveFile(DataSource):  # type: ignore[misc]
    """``data "archive_file"``."""

    def __init__(self, provider: Provider) -> None:
        """Take the provider, which has no settings."""

    @classmethod
    def get_name(cls) -> str:
        """The data source's type, without the provider's prefix."""
        return "file"

    @classmethod
    def get_schema(cls) -> Schema:
        """The arguments that the stand-in knows, and every attribute that the real one gives."""
        text = types.String()
        return Schema(
            attributes=[
                Attribute("type", text, required=True),
                Attribute("output_path", text, required=True),
                *(Attribute(name, text, optional=True) for name in (*SOURCES, "source_content", "output_file_mode")),
                Attribute("excludes", types.Set(text), optional=True),
                Attribute("output_size", types.Number(), computed=True),
                *(Attribute(name, text, computed=True) for name in TEXT_ATTRIBUTES),
            ],
            block_types=[
                SetNestedBlock(
                    "source",
                    Block(attributes=[Attribute(name, text, required=True) for name in ("content", "filename")]),
                )
            ],
        )

    def read(self, ctx: ReadDataContext, config: Config) -> State | None:
        """Write the zip and describe it."""
        try:
            content = archive(config)
            output = Path(config["output_path"])
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_bytes(content)
        except (ArchiveError, OSError) as error:
            ctx.diagnostics.add_error("Archive creation error", f"error creating archive: {error}")
            return None
        return {**config, "output_size": len(content), **digests(content)}


def digests(content: bytes) -> dict[str, str]:
    """The digests under the names of the real provider."""
    made = {name: hashlib.new(name, content, usedforsecurity=False) for name in DIGESTS}
    return {
        "id": made["sha1"].hexdigest(),
        **{attribute: made[name].hexdigest() for name, attribute in DIGESTS.items()},
        **{f"output_base64{name}": base64.b64encode(made[name].digest()).decode() for name in ("sha256", "sha512")},
    }


class ArchiveProvider(Provider):  # type: ignore[misc]
    """The provider around the one data source."""

    def full_name(self) -> str:
        """The address under which Terraform asks for it."""
        return "registry.terraform.io/hashicorp/archive"

    def get_model_prefix(self) -> str:
        """The prefix of its types."""
        return "archive_"

    def get_provider_schema(self, _diags: Diagnostics) -> Schema:
        """No settings."""
        return Schema(attributes=[])

    def validate_config(self, diags: Diagnostics, config: Config) -> None:
        """Nothing to validate."""

    def configure_provider(self, diags: Diagnostics, config: Config) -> None:
        """Nothing to configure."""

    def get_data_sources(self) -> list[type[DataSource]]:
        """The one data source."""
        return [ArchiveFile]

    def get_resources(self) -> list[Any]:
        """No resources."""
        return []


def main() -> None:
    """Serve Terraform.

    The plugin library keeps a certificate in the home directory for a week, and writes it without a lock. So each
    process has its own home directory. Then several can start at the same time, even if the real one is read-only.

    Ctrl-C reaches every process of the terminal, but Terraform decides when its providers end, as with real ones.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        run_provider(ArchiveProvider())


if __name__ == "__main__":
    main()
