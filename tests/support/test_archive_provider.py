"""The stand-in for hashicorp/archive: what the zip contains, and that only the content of files changes it."""

import base64
import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tf.iface import ReadDataContext
from tf.utils import Diagnostics

from tests.support.archive_provider import ArchiveError, ArchiveFile, ArchiveProvider, archive, digests, pattern_of


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A package as it looks once its tests have run."""
    folder = tmp_path / "source"
    for name in ("evaluator/handler.py", "evaluator/__pycache__/handler.pyc", "evaluator/data/a.json", "README.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def zipped(content: bytes) -> zipfile.ZipFile:
    """The zip to look into."""
    return zipfile.ZipFile(io.BytesIO(content))


def arguments(**given: Any) -> dict[str, Any]:
    """Arguments of an ``archive_file`` of type zip."""
    return {"type": "zip"} | given


@pytest.mark.parametrize(
    ("excludes", "kept"),
    [
        ([], ["README.md", "evaluator/__pycache__/handler.pyc", "evaluator/data/a.json", "evaluator/handler.py"]),
        (["**/__pycache__/**", "*.md"], ["evaluator/data/a.json", "evaluator/handler.py"]),
        (["evaluator/__pycache__", "evaluator/data"], ["README.md", "evaluator/handler.py"]),
        (["evaluator"], ["README.md"]),
        (["**/*.py*"], ["README.md", "evaluator/data/a.json"]),
    ],
)
def test_excludes_leave_out_files_and_whole_folders(source: Path, excludes: list[str], kept: list[str]) -> None:
    """And what is kept is sorted, without entries for folders."""
    assert zipped(archive(arguments(source_dir=str(source), excludes=excludes))).namelist() == kept


def test_source_blocks_are_files() -> None:
    """Texts under names of their own are sorted, as the real provider sorts them."""
    blocks = [{"filename": "b/b.json", "content": "{}"}, {"filename": "a.py", "content": "é"}]

    package = zipped(archive(arguments(source=blocks)))

    assert package.namelist() == ["a.py", "b/b.json"]
    assert package.read("a.py").decode() == "é"
    with pytest.raises(ArchiveError, match="exactly one of"):
        archive(arguments(source=blocks, source_dir="."))


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("*.py", "a.py", True),
        ("*.py", "b/a.py", False),
        ("**/*.py", "a.py", True),
        ("**/*.py", "b/c/a.py", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**", "a", True),
        ("a/**", "ab", False),
        ("**", "a/b", True),
        ("a**", "ab", True),
        ("a**", "a/b", False),
        ("a?.py", "ab.py", True),
        ("a.py", "axpy", False),
    ],
)
def test_patterns_are_read_as_doublestar_reads_them(glob: str, path: str, *, matches: bool) -> None:
    """One star stays within a folder, two as a folder's name do not."""
    assert bool(pattern_of(glob).fullmatch(path)) is matches


@pytest.mark.parametrize("glob", ["[ab].py", "{a,b}.py", "a\\*"])
def test_an_unknown_kind_of_pattern_is_refused(glob: str) -> None:
    """Rather than taken for something else."""
    with pytest.raises(ArchiveError, match="does not know the pattern"):
        pattern_of(glob)


def test_neither_times_nor_permissions_change_the_zip(source: Path) -> None:
    """A checkout at another time under another umask gives the same hash."""
    before = archive(arguments(source_dir=str(source), output_file_mode="0644"))
    for path in source.rglob("*.py"):
        path.chmod(0o700)
        os.utime(path, (0, 0))
    after = archive(arguments(source_dir=str(source), output_file_mode="0644"))
    assert before == after
    assert {entry.external_attr >> 16 for entry in zipped(after).infolist()} == {0o644}


def test_without_a_mode_the_files_own_counts(source: Path) -> None:
    """As in the real provider."""
    (source / "README.md").chmod(0o755)
    content = archive(arguments(source_dir=str(source)))
    assert zipped(content).getinfo("README.md").external_attr >> 16 == 0o755


def test_a_file_and_a_text_are_one_entry(source: Path) -> None:
    """A file under its own name, a text under the given one."""
    file = zipped(archive(arguments(source_file=str(source / "evaluator/handler.py"))))
    text = zipped(archive(arguments(source_content="hello", source_content_filename="a/hello.txt")))
    assert file.namelist() == ["handler.py"]
    assert {name: text.read(name) for name in text.namelist()} == {"a/hello.txt": b"hello"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source_dir": "missing"}, "could not archive missing directory: missing"),
        ({"source_file": "missing"}, "could not archive missing file: missing"),
        ({"source_dir": "lambda", "excludes": ["**"]}, "it would be empty"),
        ({"source_dir": "lambda", "output_file_mode": "rw"}, "error parsing output_file_mode value: rw"),
        ({"source_dir": "lambda", "source_file": "main.tf"}, "exactly one of"),
        ({"type": "tar.gz", "source_dir": "lambda"}, "archive type not supported: tar.gz"),
        ({}, "exactly one of source_dir, source_file, source_content_filename"),
    ],
)
def test_what_cannot_be_archived_is_an_error(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    """Terraform gets it as a diagnostic, and no zip is written."""
    context = ReadDataContext(Diagnostics(), "archive_file")
    output = tmp_path / "out.zip"
    assert ArchiveFile(ArchiveProvider()).read(context, arguments(output_path=str(output), **given)) is None
    assert message in str(context.diagnostics)
    assert not output.exists()


def test_the_attributes_describe_the_zip_that_was_written(source: Path, tmp_path: Path) -> None:
    """Its folder is made, its size and digests are the file's."""
    context = ReadDataContext(Diagnostics(), "archive_file")
    output = tmp_path / "build/out.zip"
    config = arguments(source_dir=str(source), output_path=str(output))
    state = ArchiveFile(ArchiveProvider()).read(context, config)
    content = output.read_bytes()
    assert state == {**config, "output_size": len(content), **digests(content)}
    assert state["output_base64sha256"] == base64.b64encode(hashlib.sha256(content).digest()).decode()
