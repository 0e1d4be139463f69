"""Each format against a golden file, and SARIF against its schema.

``python -m tests.cli.test_formats FOLDER`` writes the files anew, by the command in that folder.
"""

import os
import pty
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.cli.conftest import Command
from tests.cli.plans import change, plan, write
from tests.cli.sarif_schema import SCHEMA

GOLDEN = Path(__file__).parent / "golden"
FORMATS = {
    "table": "table.txt",
    "json": "json.json",
    "sarif": "sarif.json",
    "junit": "junit.xml",
    "github": "github.txt",
}

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


def _outputs(command: Command, folder: Path) -> dict[str, str]:
    path = write(folder, PLAN)
    return {form: command("plan", path, "--format", form, "--root", "root", cwd=GOLDEN).output for form in FORMATS}


@pytest.mark.parametrize("form", FORMATS)
def test_golden(command: Command, tmp_path: Path, form: str) -> None:
    """Each format is what its golden file has."""
    assert _outputs(command, tmp_path)[form] == (GOLDEN / FORMATS[form]).read_text(encoding="utf-8")


def test_sarif_fits_the_schema(command: Command, tmp_path: Path) -> None:
    """SARIF is valid, with and without lines, and each result refers to its rule."""
    path = write(tmp_path, PLAN)
    for options in (["--root", "root"], []):
        log = command("plan", path, "--format", "sarif", *options, cwd=GOLDEN).json
        jsonschema.validate(log, SCHEMA, format_checker=jsonschema.FormatChecker())
        (run,) = log["runs"]
        rules = run["tool"]["driver"]["rules"]
        assert [rules[each["ruleIndex"]]["id"] for each in run["results"]] == [
            each["ruleId"] for each in run["results"]
        ]
        lines = ["physicalLocation" in each["locations"][0] for each in run["results"]]
        assert lines == [bool(options)] * 3


def test_junit_counts(command: Command, tmp_path: Path) -> None:
    """JUnit's counts are those of its cases."""
    suite = ET.fromstring(command("plan", write(tmp_path, PLAN), "--format", "junit").output)[0]  # noqa: S314  (ours)
    cases = suite.findall("testcase")
    assert int(suite.attrib["tests"]) == len(cases) == 4
    assert int(suite.attrib["failures"]) == len([case for case in cases if case.find("failure") is not None]) == 2
    assert int(suite.attrib["skipped"]) == len([case for case in cases if case.find("skipped") is not None]) == 1


def test_terminal(command: Command, tmp_path: Path) -> None:
    """On a terminal the table is coloured, fits its width, and takes no brackets of an address for markup."""
    path = write(tmp_path, PLAN)
    reader, writer = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "100", "TERM": "xterm-256color"}
    words = [str(command.folder / "ec2-key-pair-monitor"), "plan", str(path)]
    with subprocess.Popen(words, stdout=writer, stdin=subprocess.DEVNULL, env=environment) as process:  # noqa: S603
        os.close(writer)
        output = b""
        try:
            while chunk := os.read(reader, 65536):
                output += chunk
        except OSError:  # Linux's way to say that the other side has closed
            pass
    os.close(reader)
    assert process.returncode == 1
    text = output.decode()
    assert "\x1b[" in text
    assert "aws_instance.web[1]" in text
    assert "4 judged: 2 NON_COMPLIANT, 1 UNKNOWN, 1 COMPLIANT." in text


def test_many_rows(command: Command, tmp_path: Path) -> None:
    """A table says how many rows it leaves out."""
    path = write(tmp_path, plan(*(change(f"aws_instance.a[{n}]", {}, index=n) for n in range(1201))))
    output = command("plan", path).output
    assert "… and 1,001 more; --format json has all." in output
    assert "1,201 judged: 1,201 NON_COMPLIANT" in output


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as temporary:
        for name, text in _outputs(Command(Path(sys.argv[1])), Path(temporary)).items():
            (GOLDEN / FORMATS[name]).write_text(text, encoding="utf-8")
