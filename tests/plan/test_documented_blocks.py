"""What a reader copies from the documentation."""

import re
import textwrap
from pathlib import Path

from tests.support.make_docs import pages
from tests.support.terraform import Root

BLOCK = re.compile(r"^```hcl\n(.*?)^```", re.DOTALL | re.MULTILINE)
WHOLE = re.compile(r"^(module|provider|resource) ", re.MULTILINE)
SOURCE = re.compile(
    r'"git::https://github\.com/OWNER/terraform-aws-ec2-key-pair-monitor\.git(?://([^?]*))?\?ref=v[\d.]+"'
)
CALL = 'module "arguments_{number}" {{\n  source = "../../"\n  name   = "readme-{number}"\n{arguments}}}\n'


def test_every_block_is_planned(module_copy: Path, terraform_environment: dict[str, str]) -> None:
    """Each block of HCL in the documentation can be planned. Arguments alone are put into a call of the module."""
    found = [block for page in pages() for block in BLOCK.findall(page.read_text())]
    texts = [
        SOURCE.sub(lambda source: f'"../../{source[1] or ""}"', block)
        if WHOLE.search(block)
        else CALL.format(number=number, arguments=textwrap.indent(block, "  "))
        for number, block in enumerate(found)
    ]
    directory = module_copy / "examples" / "readme"
    directory.mkdir()
    (directory / "main.tf").write_text("\n".join(texts))
    root = Root(directory, terraform_environment)
    root.init()

    plan = root.plan()

    rules = [address for address in plan.resources if address.endswith("aws_config_config_rule.this")]
    assert len(rules) == "".join(texts).count('"../../"') >= 4
