"""The command line: subcommands, and what each exit status means.

rich, subprocess and the formats are imported where they are used, so that the command starts fast.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from importlib import import_module

from ec2_key_pair_monitor import policy
from ec2_key_pair_monitor.errors import CommandError
from ec2_key_pair_monitor.preview.options import add_options
from ec2_key_pair_monitor.report import Report, Result, Writable

PROGRAM = "ec2-key-pair-monitor"
FORMATS = ("table", "json", "sarif", "junit", "github")

NOTHING_FOUND, FOUND, FAILED, INTERRUPTED = 0, 1, 2, 130

STATUSES = """\
exit status:
  0  nothing is NON_COMPLIANT; with --strict, nothing is UNKNOWN either
  1  something is
  2  the command could not do its work
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal's encoding lacks must not end the run.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    options = _parser().parse_args(arguments)
    try:
        report: Writable = options.run(options)
        _write(report, options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        # Exit immediately: a normal exit would first clean up boto3 while threads still wait for AWS.
        os._exit(INTERRUPTED)
    except BrokenPipeError:
        # Nobody reads the rest. Without this, Python would report the error again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (CommandError, OSError) as error:
        print(f"{PROGRAM}: error: {_one_line(str(error))}", file=sys.stderr)
        return FAILED
    failing = {Result.NON_COMPLIANT, Result.UNKNOWN} if options.strict else {Result.NON_COMPLIANT}
    return FOUND if any(map(report.count, failing)) else NOTHING_FOUND


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Finds EC2 instances without a key pair: those of a Terraform plan, or of an account.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    subcommands = parser.add_subparsers(metavar="COMMAND", required=True)
    add_command = partial(
        subcommands.add_parser,
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    plan = add_command("plan", help="judge a Terraform plan", description="Judges what a Terraform plan would launch.")
    plan.add_argument(
        "plan",
        metavar="PLAN.json",
        help="the output of `terraform show -json`, or - for standard input, or a saved plan",
    )
    policy.add_options(plan)
    _add_shared_options(plan)
    plan.add_argument(
        "--root",
        metavar="DIR",
        help="the folder of the root module, for line numbers in sarif and github",
    )
    plan.set_defaults(run=_plan, table="table")
    preview = add_command(
        "preview",
        help="say what the monitor would find in an account",
        description="Says what the monitor would find in an account today. It only reads.",
    )
    policy.add_options(preview)
    add_options(preview)
    _add_shared_options(preview)
    preview.set_defaults(run=_preview, table="fleets")
    return parser


def _add_shared_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of every subcommand, except those of the policy."""
    parser.add_argument("--today", metavar="DATE", type=_date, help="the date to hold exemptions against, for tests")
    parser.add_argument("--format", choices=FORMATS, default="table", help="default: table")
    parser.add_argument("--strict", action="store_true", help="status 1 for UNKNOWN as well")


class _Version(argparse.Action):
    """Looks the version up only if it is asked for, because importlib.metadata is slow to import."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415

        print(f"{PROGRAM} {version(PROGRAM)}")
        parser.exit()


def _plan(options: argparse.Namespace) -> Report:
    from ec2_key_pair_monitor.plan.document import read_plan  # noqa: PLC0415
    from ec2_key_pair_monitor.plan.judge import judge_plan  # noqa: PLC0415

    rules = policy.from_options(options)
    if options.root is not None and not os.path.isdir(options.root):  # noqa: PTH112  (pathlib slows the start down)
        raise CommandError(f"--root {options.root} is not a folder.")
    document = read_plan(options.plan, options.root)
    try:
        report = judge_plan(document, rules, options.today or datetime.now(UTC).date())
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        # The parser expects the structure that Terraform and the provider write. Any other document is not a plan.
        text = f"{options.plan} is not a plan that Terraform wrote ({type(error).__name__})."
        raise CommandError(text) from error
    if options.format not in ("sarif", "github"):
        return report
    from ec2_key_pair_monitor.plan.sources import first_line, locate  # noqa: PLC0415

    addresses = [each.address for each in report.judged]
    # GitHub's code scanning refuses a whole SARIF file if one of its results has no file.
    places = dict.fromkeys(addresses, first_line(options.plan)) if options.format == "sarif" else {}
    return report._replace(locations=places | (locate(addresses, options.root) if options.root is not None else {}))


def _preview(options: argparse.Namespace) -> Writable:
    from ec2_key_pair_monitor.preview.command import preview  # noqa: PLC0415  (boto3 is slow to import)

    return preview(options)


def _write(report: Writable, options: argparse.Namespace) -> None:
    for note in report.notes:
        print(f"{PROGRAM}: {note}", file=sys.stderr)
    # Only the chosen format is imported.
    module = options.table if options.format == "table" else options.format
    import_module(f"ec2_key_pair_monitor.formats.{module}").write(report, sys.stdout)


def _date(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a date, such as 2026-12-31") from None


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
