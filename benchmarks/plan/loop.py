"""What anybody would write first, and the measure of the command's processor time: json.load and a loop."""

import json
import sys
from pathlib import Path

TYPES = {"aws_instance", "aws_launch_template", "aws_launch_configuration", "aws_spot_instance_request"}

with Path(sys.argv[1]).open(encoding="utf-8") as file:
    plan = json.load(file)
for change in plan.get("resource_changes", []):
    after = change["change"]["after"]
    if change["type"] in TYPES and after and not after.get("key_name"):
        print(change["address"])
