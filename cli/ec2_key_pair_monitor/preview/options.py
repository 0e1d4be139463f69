"""The options that only ``preview`` has. Imported at every start, so it imports nothing slow."""

import argparse

from ec2_key_pair_monitor.preview.first_day import (
    CHANGES,
    EMAIL_PRICE,
    EVALUATION_PRICES,
    ITEM_PRICE,
    PRICES_READ,
    SWEEPS,
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    account = parser.add_argument_group("account")
    account.add_argument(
        "--region",
        metavar="REGION",
        action="append",
        default=[],
        help="a region to look at, by default that of the environment or the profile; can be repeated",
    )
    account.add_argument("--profile", metavar="NAME", help="a profile of the AWS configuration")
    account.add_argument("--role-arn", metavar="ARN", help="a role to assume, in this or another account")
    account.add_argument("--rule", metavar="NAME", help="take the policy from this AWS Config rule of each region")
    account.add_argument(
        "--source",
        choices=("ec2", "config"),
        default="ec2",
        help="where instances are listed: by EC2, or by what AWS Config has recorded; default: ec2",
    )
    account.add_argument(
        "--fleet-tag",
        metavar="KEY",
        action="append",
        default=[],
        help="a tag by which instances are grouped, before Auto Scaling groups and the like; can be repeated",
    )
    costs = parser.add_argument_group("costs", f"List prices of us-east-1 in USD, read in {PRICES_READ}.")
    costs.add_argument(
        "--evaluation-frequency", choices=SWEEPS, help="the module's input: how often everything is evaluated again"
    )
    costs.add_argument(
        "--changes-a-month",
        metavar="N",
        type=_number,
        default=CHANGES,
        help="recorded changes of an instance; default: %(default)s",
    )
    costs.add_argument(
        "--evaluation-prices",
        metavar="A,B,C",
        type=_three_numbers,
        default=EVALUATION_PRICES,
        help="price of an evaluation: the first 100,000 of a month, the next 400,000, all others; default: "
        + ",".join(map(str, EVALUATION_PRICES)),
    )
    costs.add_argument(
        "--item-price",
        metavar="PRICE",
        type=_number,
        default=ITEM_PRICE,
        help="price of a configuration item; default: %(default)s",
    )
    costs.add_argument(
        "--email-price",
        metavar="PRICE",
        type=_number,
        default=EMAIL_PRICE,
        help=f"price of an e-mail; default: {EMAIL_PRICE:f}".rstrip("0"),
    )


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of at least 0")
    return number


def _three_numbers(text: str) -> tuple[float, ...]:
    numbers = tuple(map(_number, text.split(",")))
    if len(numbers) != len(EVALUATION_PRICES):
        raise argparse.ArgumentTypeError(f"{text} is not three numbers, such as 0.001,0.0008,0.0005")
    return numbers
