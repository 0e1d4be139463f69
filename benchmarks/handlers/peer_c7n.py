"""Cloud Custodian, as it runs in Lambda: its handler, and its policy in config.json in the working folder."""

import json
import os
from pathlib import Path

MODE = os.environ.get("C7N_MODE", "config-rule")

POLICY = {
    "name": "ec2-key-pair",
    "resource": "aws.ec2",
    "filters": [{"KeyName": "absent"}],
    "mode": {"type": MODE, "role": "arn:aws:iam::123456789012:role/custodian"}
    | ({"schedule": "TwentyFour_Hours", "ignore-support-check": True} if MODE == "config-poll-rule" else {}),
}
Path("config.json").write_text(
    json.dumps(
        {
            "execution-options": {"region": "eu-central-1", "account_id": "123456789012", "output_dir": "out"},
            "policies": [POLICY],
        }
    )
)

from c7n import handler


def lambda_handler(event, context):
    return handler.dispatch_event(event, context)
