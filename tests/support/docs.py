"""The tables of inputs and outputs in the READMEs of the module and its submodules; ``make docs`` writes them."""

import re
from pathlib import Path
from typing import Any

import hcl2

CHECKOUT = Path(__file__).parents[2]
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
    plain = plain[1:-1] if plain.startswith('"') else plain
    # A heredoc is one paragraph.
    return (
        " ".join(plain.removeprefix("<<-TEXT").removesuffix("TEXT").split()) if plain.startswith("<<-TEXT") else plain
    )


def default_of(variable: dict[str, Any]) -> str:
    """A default as one would write it in HCL."""
    if "default" not in variable:
        return "required"
    value = variable["default"]
    if isinstance(value, list):
        return "`[" + ", ".join(f'"{unquoted(each)}"' for each in value) + "]`"
    if isinstance(value, str):
        return f'`"{unquoted(value)}"`'
    return "`null`" if value is None else "`{}`" if value == {} else f"`{value}`"


def tables(module: Path) -> str:
    """Both tables of a module, in the order of its files."""
    inputs = [
        f"| `{name}` | {unquoted(each['description'])} | `{unquoted(each['type'])}` | {default_of(each)} |"
        for name, each in blocks(module / "variables.tf", "variable").items()
    ]
    outputs = [
        f"| `{name}` | {unquoted(each['description'])} |"
        for name, each in blocks(module / "outputs.tf", "output").items()
    ]
    return "\n".join(
        [
            "### Inputs",
            "",
            "| Name | Description | Type | Default |",
            "| --- | --- | --- | --- |",
            *inputs,
            "",
            "### Outputs",
            "",
            "| Name | Description |",
            "| --- | --- |",
            *outputs,
            "",
        ]
    )


def with_tables(readme: Path) -> str:
    """A README's text with the tables as they should be."""
    return MARKERS.sub(lambda match: f"{match[1]}{tables(readme.parent)}{match[2]}", readme.read_text())


if __name__ == "__main__":
    for path in READMES:
        path.write_text(with_tables(path))
