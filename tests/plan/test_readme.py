"""What a reader copies from the README."""

import re
import textwrap
from pathlib import Path

from tests.support.docs import CHECKOUT
from tests.support.terraform import Root

BLOCK = re.compile(r"^```hcl\n(.*?)^```", re.DOTALL | re.MULTILINE)
WHOLE = re.compile(r"^(module|provider|resource) ", re.MULTILINE)
CALL = 'module "arguments_{number}" {{\n  source = "../../"\n  name   = "readme-{number}"\n{arguments}}}\n'


def test_every_block_is_planned(module_copy: Path, terraform_environment: dict[str, str]) -> None:
    """Each block of HCL in the README plans as it stands, one of mere arguments in a call of the module."""
    blocks = BLOCK.findall((CHECKOUT / "README.md").read_text())
    texts = [
        block if WHOLE.search(block) else CALL.format(number=number, arguments=textwrap.indent(block, "  "))
        for number, block in enumerate(blocks)
    ]
    directory = module_copy / "examples" / "readme"
    directory.mkdir()
    (directory / "main.tf").write_text("\n".join(texts))
    root = Root(directory, terraform_environment)
    root.init()

    plan = root.plan()

    rules = [address for address in plan.resources if address.endswith("aws_config_config_rule.this")]
    assert len(rules) == "".join(texts).count("../../") >= 3
