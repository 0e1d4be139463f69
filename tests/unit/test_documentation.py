"""What the README promises about the HCL, the examples and the package."""

import ast
import re
import sys
from pathlib import Path

import hcl2
import pytest

from tests.support.docs import CHECKOUT, READMES, blocks, unquoted, with_tables

README = (CHECKOUT / "README.md").read_text()


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_tables_are_true(readme: Path) -> None:
    """The inputs and outputs in a README are those of its module; `make docs` writes them."""
    assert with_tables(readme) == readme.read_text()
    # The reader of HCL misses nothing.
    variables = readme.with_name("variables.tf")
    assert list(blocks(variables, "variable")) == re.findall(r'^variable "(\w+)"', variables.read_text(), re.MULTILINE)


def test_usage_is_the_minimal_example() -> None:
    """The block that a reader copies is the one that the tests apply."""
    assert f"```hcl\n{(CHECKOUT / 'examples/minimal/main.tf').read_text()}```" in README


def test_examples_set_every_input() -> None:
    """examples/complete shows every input; what excludes others is null there, and set in the example that it names."""
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


# The locals that files of one module share: more of them would show a boundary in the wrong place.
@pytest.mark.parametrize(("module", "most"), [(".", 8), ("modules/failures", 5), ("modules/notifications", 5)])
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
    """A zip needs nothing but Python and the boto3 of Lambda's runtime, and only the edge knows boto3."""
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
        assert others <= ({"boto3", "botocore"} if path.name == "handler.py" else set())


@pytest.mark.parametrize(
    "page", ["CONTRIBUTING.md", "README.md", "SECURITY.md", "docs/costs.md", "docs/scale.md", "tests/README.md"]
)
def test_links_lead_somewhere(page: str) -> None:
    """Each relative link leads to a file or folder, and each link within the page to one of its headings."""
    text = (CHECKOUT / page).read_text()
    headings = {
        re.sub(r"[^\w -]", "", each).strip().lower().replace(" ", "-") for each in re.findall("^#+(.*)", text, re.M)
    }

    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        assert (CHECKOUT / page).parent.joinpath(path).exists() if path else anchor in headings, target


def test_map_is_true() -> None:
    """Each file that CONTRIBUTING.md names by its path is there."""
    named = re.findall(r"`([\w./*-]+/[\w.*-]+\.\w+)`", (CHECKOUT / "CONTRIBUTING.md").read_text())
    missing = [path for path in named if not re.search("[A-Z]{4}", path) and not list(CHECKOUT.glob(path))]

    assert len(named) > 20
    assert missing == []
