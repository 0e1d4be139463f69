"""Runs ``make docs``: writes the tables of inputs and outputs in the READMEs, and the pictures.

The tables follow the templates of terraform-docs. They were not compared with its output.
"""

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import hcl2

from tests.support import CHECKOUT
from tests.support.picture import picture, terminal

# The pictures of e-mails: each golden file with an e-mail, and how many lines of its text are drawn, if not all.
EMAILS: dict[Path, tuple[Path, int | None]] = {
    CHECKOUT / "docs/email.svg": (CHECKOUT / "tests/unit/golden/one.txt", None),
    CHECKOUT / "docs/hub.svg": (CHECKOUT / "tests/unit/golden/accounts.txt", 33),
}
# The pictures of the command: each command line, and the golden file with what it writes.
TERMINALS = {
    CHECKOUT / "docs/command.svg": ("ec2-key-pair-monitor plan plan.json", CHECKOUT / "tests/cli/golden/table.txt"),
    CHECKOUT / "docs/preview.svg": (
        "ec2-key-pair-monitor preview --rule monitor",
        CHECKOUT / "tests/cli/golden/preview/table.txt",
    ),
}
MARKERS = re.compile(r"(<!-- BEGIN_TF_DOCS -->\n).*?(<!-- END_TF_DOCS -->)", re.DOTALL)


# Each module with the README that describes it.
READMES = [CHECKOUT / "README.md", *sorted(CHECKOUT.glob("modules/*/README.md"))]


def blocks(file: Path, kind: str) -> dict[str, dict[str, Any]]:
    """The blocks of one kind in a file of a module, by name."""
    document = hcl2.loads(file.read_text())
    return {unquoted(name): body for block in document[kind] for name, body in block.items()}


def unquoted(text: Any) -> str:
    """A string without the quotes that the parser keeps, or an expression without its frame."""
    plain = str(text)
    plain = plain[2:-1] if plain.startswith("${") else plain
    plain = plain[1:-1].replace('\\"', '"') if plain.startswith('"') else plain
    # A heredoc is one paragraph.
    return (
        " ".join(plain.removeprefix("<<-TEXT").removesuffix("TEXT").split()) if plain.startswith("<<-TEXT") else plain
    )


def code(text: str) -> str:
    """An expression as terraform-docs shows it in a cell: on one line, in three backticks if it had several."""
    if "\n" not in text:
        return f"`{text}`"
    lines = [re.sub(r"\s*=\s*", " = ", line).strip() for line in text.splitlines()]
    return f"```{' '.join(lines)}```"


def types(file: Path) -> dict[str, str]:
    """The type of each variable, as it is written."""
    pattern = r'^variable "(\w+)" \{\n(?:.*\n)*?  type +=\s*((?:.*\n)(?:    .*\n|  [)}\]].*\n)*)'
    return {name: textwrap.dedent(kind).strip() for name, kind in re.findall(pattern, file.read_text(), re.MULTILINE)}


def default_of(variable: dict[str, Any]) -> str:
    """A default as terraform-docs shows it."""
    if "default" not in variable:
        return "n/a"
    value = variable["default"]
    if isinstance(value, list):
        value = [unquoted(each) for each in value]
    elif isinstance(value, str):
        value = unquoted(value)
    return code(json.dumps(value, indent=2))


def tables(module: Path) -> str:
    """Both tables of a module, in the form that terraform-docs gives them with .terraform-docs.yml.

    https://github.com/terraform-docs/terraform-docs/tree/master/format/templates
    """
    kinds = types(module / "variables.tf")
    inputs = [
        f"| {name} | {unquoted(each['description'])} | {code(kinds[name])} | {default_of(each)} |"
        for name, each in blocks(module / "variables.tf", "variable").items()
    ]
    outputs = [
        f"| {name} | {unquoted(each['description'])} |"
        for name, each in blocks(module / "outputs.tf", "output").items()
    ]
    return "\n".join(
        [
            "### Inputs",
            "",
            "| Name | Description | Type | Default |",
            "| ---- | ----------- | ---- | ------- |",
            *inputs,
            "",
            "### Outputs",
            "",
            "| Name | Description |",
            "| ---- | ----------- |",
            *outputs,
            "",
        ]
    )


def with_tables(readme: Path) -> str:
    """A README's text with the tables as they should be."""
    return MARKERS.sub(lambda match: f"{match[1]}{tables(readme.parent)}{match[2]}", readme.read_text())


def pages() -> list[Path]:
    """Every page of documentation in the repository."""
    folders = {"examples", "docs", "modules", "benchmarks", "tests", "demo", "cli", "lambda", ".github"}
    nested = [
        path
        for folder in folders
        for path in (CHECKOUT / folder).rglob("*.md")
        if not {".terraform", ".venv", "build", "results"} & set(path.relative_to(CHECKOUT).parts)
    ]
    return sorted([*CHECKOUT.glob("*.md"), *nested])


def commands(text: str) -> list[tuple[str, bool]]:
    """The blocks of shell commands on a page, each with whether a comment above it says why no test runs it."""
    found = re.findall(r"(<!-- not run: [^>]+ -->\n *)?^ *```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [(textwrap.dedent(block), bool(mark)) for mark, block in found]


if __name__ == "__main__":
    for path in READMES:
        path.write_text(with_tables(path))
    for drawing, (email, most) in EMAILS.items():
        drawing.write_text(picture(email.read_text(), most))
    for drawing, (command, output) in TERMINALS.items():
        drawing.write_text(terminal(command, output.read_text()))
