"""The promises of the documentation about the HCL, the examples and the package."""

import ast
import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import hcl2
import pytest

from tests.support import CHECKOUT
from tests.support.make_docs import (
    EMAILS,
    READMES,
    TERMINALS,
    blocks,
    commands,
    pages,
    unquoted,
    with_tables,
)
from tests.support.picture import picture, terminal

README = (CHECKOUT / "README.md").read_text()
# The first release, whose tag the quick start names.
VERSION = "0.1.0"


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_tables_are_true(readme: Path) -> None:
    """The inputs and outputs in a README are those of its module; `make docs` writes them."""
    assert with_tables(readme) == readme.read_text()
    # The reader of HCL misses nothing.
    variables = readme.with_name("variables.tf")
    assert list(blocks(variables, "variable")) == re.findall(r'^variable "(\w+)"', variables.read_text(), re.MULTILINE)


def test_usage_is_the_minimal_example() -> None:
    """The block that a reader copies is the one that the tests apply, except for its source."""
    minimal = (CHECKOUT / "examples/minimal/main.tf").read_text()
    usage = re.sub(r'"git::https://[^"]*"', '"../../"', README)

    assert f"```hcl\n{minimal}```" in usage
    assert f"terraform-aws-ec2-key-pair-monitor.git?ref=v{VERSION}" in README


def test_examples_set_every_input() -> None:
    """examples/complete shows every input. One that excludes others is null there, and set in the named example."""
    complete = (CHECKOUT / "examples/complete/main.tf").read_text()

    for name in blocks(CHECKOUT / "variables.tf", "variable"):
        assert f"\n  {name} " in complete, name
        for example in re.findall(rf"\n  {name} += null # (examples/\S+)", complete):
            assert f"\n  {name} " in (CHECKOUT / example / "main.tf").read_text(), name


def test_no_example_defers_the_module() -> None:
    """No example has depends_on in its call of the module, which would defer every data source in it."""
    for path in (CHECKOUT / "examples").glob("*/main.tf"):
        calls = [body for call in hcl2.loads(path.read_text())["module"] for body in call.values()]
        assert calls
        assert not [call for call in calls if "depends_on" in call], path


def test_both_provider_majors_are_supported() -> None:
    """The module and each root take the AWS provider 5.100 up to below 7, and read no region that 6 deprecates.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/region
    """
    files = {path: path.read_text() for path in CHECKOUT.rglob("*.tf") if ".terraform" not in path.parts}
    constraints = {
        path: re.findall(r'hashicorp/aws"\s+version = "(.*)"', text)
        for path, text in files.items()
        if "required_providers" in text
    }

    assert len(constraints) > 5
    assert {version for versions in constraints.values() for version in versions} == {">= 5.100, < 7"}
    assert [path for path, text in files.items() if re.search(r"aws_region\.\w+\.(id|name)\b", text)] == []


@pytest.mark.parametrize("module", [readme.parent for readme in READMES], ids=lambda path: path.name)
@pytest.mark.parametrize(("file", "kind"), [("variables.tf", "variable"), ("outputs.tf", "output")])
def test_variables_and_outputs_are_in_order(module: Path, file: str, kind: str) -> None:
    """Variables and outputs are in alphabetical order, each described in a sentence."""
    found = blocks(module / file, kind)

    assert list(found) == sorted(found)
    assert all(unquoted(each["description"]).endswith((".", "`.")) for each in found.values())


def test_no_input_is_required() -> None:
    """The module works with its defaults."""
    assert [name for name, each in blocks(CHECKOUT / "variables.tf", "variable").items() if "default" not in each] == []


# The most locals that the files of a module share. More would show that the files are split in the wrong places.
@pytest.mark.parametrize(
    ("module", "most"), [(".", 8), ("modules/failures", 5), ("modules/hub", 5), ("modules/notifications", 5)]
)
def test_files_of_a_module_share_few_locals(module: str, most: int) -> None:
    """Few locals are used outside the file that defines them, so that each file can be read alone."""
    texts = {path: path.read_text() for path in (CHECKOUT / module).glob("*.tf")}
    owners = {
        name: path for path, text in texts.items() for block in hcl2.loads(text).get("locals", []) for name in block
    }
    shared = {
        name for path, text in texts.items() for name in re.findall(r"\blocal\.(\w+)", text) if owners[name] != path
    }

    assert len(shared) <= most, shared


def test_lines_are_at_most_120_columns() -> None:
    """A line of HCL fits beside another file; a message in an error or a template may not be broken."""
    long = [
        f"{path.relative_to(CHECKOUT)}:{number}"
        for path in [*CHECKOUT.glob("*.tf"), *CHECKOUT.glob("modules/*/*.tf"), *CHECKOUT.glob("examples/*/*.tf")]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > 120
    ]

    assert long == []


def test_package_imports_nothing_of_a_third_party() -> None:
    """A zip needs only Python and the boto3 of Lambda's runtime, which only a few files use."""
    users = {"handler.py", "reporter.py", "account.py", "organization.py", "table.py"}
    for path in Path(CHECKOUT / "lambda").rglob("*.py"):
        imported = {
            name.partition(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            for name in (
                [each.name for each in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        others = imported - set(sys.stdlib_module_names) - {path.parent.name}
        assert others <= ({"boto3", "botocore"} if path.name in users else set())


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)", text, re.MULTILINE)
    }


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link leads to a file or folder of the repository, and each anchor to a heading of that page."""
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert linked.is_relative_to(CHECKOUT), target
        if anchor:
            assert anchor in anchors(linked / "README.md" if linked.is_dir() else linked), target


def test_apply_policy_fits_into_a_managed_policy() -> None:
    """The policy has at most 6,144 characters; white space does not count.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    policy = (CHECKOUT / "docs/apply-policy.json").read_text()

    assert len("".join(policy.split())) <= 6144


def test_json_notification_is_documented() -> None:
    """The notification that docs/notifications.md shows has the fields of the template, in its order."""
    shown, *_ = re.findall(r"```json\n(.*?)```", (CHECKOUT / "docs/notifications.md").read_text(), re.DOTALL)
    template = (CHECKOUT / "events.tf").read_text().partition("<<-JSON")[2].partition("JSON")[0]

    assert list(json.loads(shown)) == re.findall(r'^ +"(\w+)":', template, re.MULTILINE)


def test_readme_is_short() -> None:
    """The README has at most 220 lines, tables included."""
    assert len(README.splitlines()) <= 220


def test_first_screen_answers() -> None:
    """The README says what is unproven, shows an e-mail and starts before its table of contents."""
    first_screen = README.partition("## Contents")[0]

    assert "never run on the real AWS" in first_screen
    assert "docs/email.svg" in first_screen
    assert "docs/hub.svg" in README
    assert "## Quick start" in first_screen


def test_every_page_is_listed() -> None:
    """The README links every page under docs, and every example."""
    linked = set(re.findall(r"\]\(([^)#\s]+)", README))

    assert {str(page.relative_to(CHECKOUT)) for page in CHECKOUT.glob("docs/*.md")} <= linked
    assert {f"examples/{path.parent.name}/README.md" for path in CHECKOUT.glob("examples/*/main.tf")} <= linked


@pytest.mark.parametrize("drawing", EMAILS, ids=lambda path: path.stem)
def test_picture_is_an_e_mail(drawing: Path) -> None:
    """Each picture shows the notifier's e-mail, or its beginning, with shortened links. `make docs` draws it."""
    email, most = EMAILS[drawing]
    drawn = drawing.read_text()
    texts = [each.text for each in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    lines = [line.strip() for line in email.read_text().partition("\n\n")[2].splitlines()[:most] if line]

    assert drawn == picture(email.read_text(), most)
    assert [line for line in lines if len(line) < 79 and line not in texts] == []


@pytest.mark.parametrize("drawing", TERMINALS, ids=lambda path: path.stem)
def test_pictures_are_the_command(drawing: Path) -> None:
    """Each picture shows what the command writes to a golden file; `make docs` draws it."""
    command, output = TERMINALS[drawing]
    assert drawing.read_text() == terminal(command, output.read_text())


# Which test runs a block of commands. A comment above each other block says why it is not run.
RUN_BY = {
    ("docs/operations.md", "rule=ec2-key-pair-monitor"): "tests/e2e/test_minimal.py",
}


def test_every_block_of_commands_is_run_or_marked() -> None:
    """Each block of commands is run by a test that reads it from its page, or a comment says why it is not run."""
    found = {
        (str(page.relative_to(CHECKOUT)), block.splitlines()[0])
        for page in pages()
        for block, is_marked in commands(page.read_text())
        if not is_marked
    }

    assert found == RUN_BY.keys()
    for (page, _), test in RUN_BY.items():
        assert f'"{page}"' in (CHECKOUT / test).read_text()


def test_map_is_true() -> None:
    """Each file that CONTRIBUTING.md names by its path is there."""
    named = re.findall(r"`([\w./*-]+/[\w.*-]+\.\w+)`", (CHECKOUT / "CONTRIBUTING.md").read_text())
    missing = [path for path in named if not re.search("[A-Z]{4}", path) and not list(CHECKOUT.glob(path))]

    assert len(named) > 20
    assert missing == []
