"""A stand-in for the AWS CLI, so that it need not be installed: ``aws SERVICE OPERATION --parameter value …``.

It knows the calls of boto3 with strings and lists of strings as parameters. Exit statuses and messages follow
https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html

It repeats failed calls as version 2 does: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-retries.html
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.support import CHECKOUT

SERVICES = {"configservice": "config"}  # which the CLI names otherwise than boto3
SERVICE_ERROR, USAGE_ERROR = 254, 252
ATTEMPTS = 3


def run(commands: str, environment: Mapping[str, str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a page's shell commands, with this as ``aws`` and without long waits; ``folder`` must be empty.

    The file ``slept`` in the folder then has the seconds of each ``sleep``, a line each.
    """
    aws = f"PYTHONPATH={shlex.quote(str(CHECKOUT))} exec {shlex.quote(sys.executable)} -m tests.support.aws_cli"
    sleep = f'echo "$1" >> {shlex.quote(str(folder / "slept"))}; exec {shutil.which("sleep")} 0.2'
    for name, line in (("aws", f'{aws} "$@"'), ("sleep", sleep)):
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    return subprocess.run(  # noqa: S603  (what the documentation tells its readers to run)
        ["/bin/sh", "-c", commands],
        check=False,
        env={**environment, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )


def main(arguments: Sequence[str]) -> int:
    """Make a call and print its response. Returns the exit status."""
    service, operation, *options = arguments
    retries = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
    client = boto3.client(SERVICES.get(service, service), config=retries)
    method = operation.replace("-", "_")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    members = {f"--{xform_name(name, '-')}": name for name in model.input_shape.members}
    parameters: dict[str, list[str]] = {}
    for option in options:
        if option.startswith("--"):
            if option not in members:
                print(f"\nUnknown options: {option}", file=sys.stderr)
                return USAGE_ERROR
            values = parameters[members[option]] = []
        else:
            values.append(option)
    lists = {name for name in parameters if model.input_shape.members[name].type_name == "list"}
    try:
        answer = getattr(client, method)(**{k: v if k in lists else v[0] for k, v in parameters.items()})
    except ClientError as error:
        print(f"\n{error}", file=sys.stderr)
        return SERVICE_ERROR
    answer.pop("ResponseMetadata", None)
    if answer:
        print(json.dumps(answer, indent=4, default=str))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
