"""Each format of ``plan`` against a golden file, and SARIF against its schema.

With ``GOLDEN=write``, the tests write the files.
"""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.formats import FORMATS, junit_counts, sarif_results
from tests.cli.plans import change, plan, write
from tests.conftest import assert_text
from tests.support.terminal import read_until_end

GOLDEN = Path(__file__).parent / "golden"
_COMPUTED = {"key_name": True, "tags_all": True}
_GROUP = {"name": "boxes", "launch_template": [{"id": "lt-1", "version": "$Latest"}]}
PLAN = plan(
    change("aws_db_instance.data", {}),
    change("aws_instance.old", None, actions=["delete"], before={"key_name": "ops"}),
    change("aws_instance.web[0]", {"key_name": "ops"}, index=0),
    change("aws_instance.web[1]", {}, index=1, after_unknown=_COMPUTED),
    change("module.boxes.aws_autoscaling_group.this", _GROUP, actions=["no-op"], before=_GROUP),
    change(
        "module.boxes.aws_launch_template.this",
        {"id": "lt-1", "name": "boxes", "key_name": None, "default_version": 1},
        actions=["update"],
        before={"id": "lt-1", "name": "boxes", "key_name": "ops", "latest_version": 1, "default_version": 1},
        after_unknown={"latest_version": True},
    ),
    change("module.remote.terraform_data.name", {}, after_unknown={"output": True}),
    change('module.remote.aws_instance.this["a,b: 100%"]', {}, index="a,b: 100%", after_unknown=_COMPUTED),
    configuration={
        "root_module": {
            "module_calls": {
                "remote": {
                    "module": {
                        "resources": [
                            {
                                "mode": "managed",
                                "type": "aws_instance",
                                "name": "this",
                                "expressions": {"key_name": {"references": ["terraform_data.name.output"]}},
                            }
                        ]
                    }
                }
            }
        }
    },
)


@pytest.mark.parametrize("form", FORMATS)
def test_golden(command: Command, tmp_path: Path, form: str) -> None:
    """Each format is what its golden file has."""
    outcome = command("plan", write(tmp_path, PLAN), "--format", form, "--root", "root", cwd=GOLDEN)
    assert_text(GOLDEN / FORMATS[form], outcome.output)


def test_sarif_fits_the_schema(command: Command, tmp_path: Path) -> None:
    """SARIF is valid, each result refers to its rule, and has the plan's first line if its own is not found."""
    path = write(tmp_path, PLAN)
    for options, plans in ((["--root", "root"], 0), (["--root", tmp_path], 3), ([], 3)):
        results = sarif_results(command("plan", path, "--format", "sarif", *options, cwd=GOLDEN).json)
        places = [each["locations"][0]["physicalLocation"] for each in results]
        uris = [each["artifactLocation"]["uri"] for each in places]
        assert len(uris) == 3
        assert uris.count(path.as_posix()) == plans
        assert all(each["region"]["startLine"] >= 1 for each in places)


def test_sarif_of_standard_input(command: Command, tmp_path: Path) -> None:
    """Results of a plan without a file name a file too, because code scanning refuses the whole SARIF otherwise."""
    given = write(tmp_path, PLAN).read_bytes()
    [place, *_] = sarif_results(command("plan", "-", "--format", "sarif", stdin=given).json)[0]["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "stdin"


def test_junit_counts(command: Command, tmp_path: Path) -> None:
    """JUnit's counts are those of its cases."""
    assert junit_counts(command("plan", write(tmp_path, PLAN), "--format", "junit").output) == (4, 2, 1)


def test_terminal(command: Command, tmp_path: Path) -> None:
    """On a terminal the table is coloured, fits its width, and takes no brackets of an address for markup."""
    path = write(tmp_path, PLAN)
    reader, writer = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "100", "TERM": "xterm-256color"}
    words = [str(command.folder / "ec2-key-pair-monitor"), "plan", str(path)]
    with subprocess.Popen(words, stdout=writer, stdin=subprocess.DEVNULL, env=environment) as process:  # noqa: S603
        os.close(writer)
        text = read_until_end(reader)
    os.close(reader)
    assert process.returncode == 1
    assert "\x1b[" in text
    assert "aws_instance.web[1]" in text
    assert "4 judged: 2 NON_COMPLIANT, 1 UNKNOWN, 1 COMPLIANT." in text


def test_many_rows(command: Command, tmp_path: Path) -> None:
    """A table says how many rows it leaves out."""
    path = write(tmp_path, plan(*(change(f"aws_instance.a[{n}]", {}, index=n) for n in range(1201))))
    output = command("plan", path).output
    assert "… and 1,001 more; --format json has all." in output
    assert "1,201 judged: 1,201 NON_COMPLIANT" in output


def test_lines_of_unusual_blocks(command: Command, tmp_path: Path) -> None:
    """Blocks are found without quotation marks around their labels, and not in comments."""
    (tmp_path / "main.tf").write_text(
        '/*\nresource "aws_instance" "a" {\n}\n*/\n'
        'locals {\n  every = "bucket/*"\n}\nresource aws_instance a {\n}\nmodule m {\n  source = "./*/../m"\n}\n',
        encoding="utf-8",
    )
    inner = {**change("aws_instance.b", {}), "address": "module.m.aws_instance.b", "module_address": "module.m"}
    path = write(tmp_path, plan(change("aws_instance.a", {}), inner))
    results = sarif_results(command("plan", path, "--format", "sarif", "--root", tmp_path).json)
    places = [each["locations"][0]["physicalLocation"] for each in results]
    assert [each["region"]["startLine"] for each in places] == [8, 10]
