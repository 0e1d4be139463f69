"""What the oracle says of arguments, blocks and attributes; a few lines stand for the package that it reads."""

from pathlib import Path

import pytest

from tests.oracles.versions.arguments import Judge, Provider

PACKAGE = {
    "sqs/queue.py": """
class QueueArgs:
    def __init__(__self__, *, name: Input[Optional[str]] = None, fifo: Input[bool] = None, policy: Input[str] = None):
        pass

    @property
    @deprecated('''Use something else.''')
    def fifo(self): ...

class Queue(pulumi.CustomResource):
    @property
    def url(self): ...
""",
    "cloudwatch/event_target.py": """
class EventTargetArgs:
    def __init__(__self__, *, arn: Input[str], run_command_targets: Input[Sequence[Input['RunArgs']]] = None):
        pass

class EventTarget(pulumi.CustomResource): ...
""",
    "cloudwatch/_inputs.py": """
class RunArgs:
    def __init__(__self__, *, key: Input[str], values: Input[Sequence[str]]):
        pass
""",
    "get_region.py": """
class GetRegionResult:
    @property
    @deprecated('''Use region instead.''')
    def id(self): ...

    @property
    def region(self): ...

def get_region(region: Optional[str] = None, opts: Optional[InvokeOptions] = None): ...
""",
}


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """A judge that knows two resources and a data source."""
    for name, text in PACKAGE.items():
        path = tmp_path / "pulumi_aws" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Judge(Provider(tmp_path / "pulumi_aws"))


def test_right_arguments(judge: Judge) -> None:
    """Arguments, blocks, dynamic blocks and attributes that exist are no fault, and Terraform's own are left alone."""
    judge.text(
        "main.tf",
        """
        data "aws_region" "it" { region = "eu-central-1" }
        resource "aws_sqs_queue" "it" {
          count  = 1
          name   = "it-${data.aws_region.it.region}"
          policy = aws_sqs_queue.other["a"].url
          lifecycle { ignore_changes = [name] }
        }
        resource "aws_cloudwatch_event_target" "it" {
          arn = aws_sqs_queue.it[0].id
          run_command_targets {
            key    = "a"
            values = ["b"]
          }
          dynamic "run_command_targets" {
            for_each = var.it
            content {
              key    = "a"
              values = ["b"]
            }
          }
        }
        resource "archive_file" "it" { type = "zip" }
        """,
    )

    assert judge.faults == []
    assert judge.judged == 13


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('resource "aws_sqs_queue" "it" { nam = "a" }', "aws_sqs_queue.it.nam is not in version 6"),
        ('resource "aws_sqs_queue" "it" { fifo = true }', "aws_sqs_queue.it.fifo is deprecated in version 6: Use some"),
        ('resource "aws_sqs" "it" {}', "aws_sqs.it is not in version 6"),
        ('data "aws_sqs_queue" "it" {}', "data.aws_sqs_queue.it is not in version 6"),
        ('output "it" { value = one(aws_sqs_queue.it[*].arm) }', "aws_sqs_queue.arm is not in version 6"),
        ('output "it" { value = data.aws_region.it.id }', "data.aws_region.id is deprecated in version 6: Use region"),
        (
            'resource "aws_cloudwatch_event_target" "it" {\n run_command_targets {\n kye = "a"\n }\n }',
            "aws_cloudwatch_event_target.it.run_command_targets.kye is not in version 6",
        ),
        (
            'resource "aws_cloudwatch_event_target" "it" {\n dynamic "run_command_targets" {\n for_each = []\n'
            'content {\n kye = "a"\n }\n }\n }',
            "aws_cloudwatch_event_target.it.run_command_targets.kye is not in version 6",
        ),
    ],
)
def test_planted_fault_is_found(judge: Judge, text: str, fault: str) -> None:
    """What version 6 does not have, or has deprecated, is a fault that says where it is written."""
    judge.text("main.tf", text)

    [found] = judge.faults
    assert found.startswith(f"main.tf: {fault}")


def test_every_file_is_judged(judge: Judge, tmp_path: Path) -> None:
    """Each file below a folder is judged, but for what was built or downloaded."""
    for folder in ("examples/it", "build", ".terraform/modules", "modules/it/.terraform"):
        path = tmp_path / "root" / folder / "main.tf"
        path.parent.mkdir(parents=True)
        path.write_text('resource "aws_sqs_queue" "it" { nam = "a" }')
    judge.folder(tmp_path / "root")

    assert judge.faults == ["examples/it/main.tf: aws_sqs_queue.it.nam is not in version 6"]
