"""Functions on the embedded AWS, their role, and their dead-letter queue."""

import io
import json
import zipfile
from typing import Any

from tests.emulator import ACCOUNT_ID, EmbeddedAws

REGION = "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/role"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:function"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:queue"
CONFIG = "config.amazonaws.com"
COUNTER = """
import itertools, os
count = itertools.count(1)
def handler(event, context):
    return {"count": next(count), "pid": os.getpid(), "arn": context.invoked_function_arn, "event": event}
"""
FAILING = """
def handler(event, context):
    raise ValueError("broken")
"""


def zipped(code: str) -> bytes:
    """Return a package with one module."""
    with io.BytesIO() as target:
        with zipfile.ZipFile(target, "w") as package:
            package.writestr("module.py", code)
        return target.getvalue()


def document(*statements: dict[str, Any]) -> str:
    """Return a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str | list[str] = "*") -> dict[str, Any]:
    """Return a statement that allows actions."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def make_role(aws: EmbeddedAws, *actions: str, service: str = "lambda.amazonaws.com") -> None:
    """Create a role that a service may assume, with some actions allowed on all resources."""
    iam = aws.client("iam", REGION)
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=document(trust))
    if actions:
        iam.put_role_policy(RoleName="role", PolicyName="policy", PolicyDocument=document(allow(*actions)))


def make_function(aws: EmbeddedAws, code: str, **options: Any) -> Any:
    """Create a function from one module. Returns the Lambda client."""
    client = aws.client("lambda", REGION)
    given = {"Runtime": "python3.13", "Handler": "module.handler", "Timeout": 10, "Role": ROLE, **options}
    client.create_function(FunctionName="function", Code={"ZipFile": zipped(code)}, **given)
    return client


def invoke(client: Any, event: Any = None) -> tuple[Any, str | None]:
    """Invoke a function. Returns its document and its function error."""
    answer = client.invoke(FunctionName="function", Payload=json.dumps(event))
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def permit(client: Any, **condition: str) -> None:
    """Let AWS Config invoke the function."""
    client.add_permission(
        FunctionName="function", StatementId="config", Action="lambda:InvokeFunction", Principal=CONFIG, **condition
    )
