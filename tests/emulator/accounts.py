"""The accounts of the embedded AWS, and who sets the stage in each.

An account is there as soon as somebody uses it. Who signs with an account's administrator key, or with the credentials
of one of its roles, calls in that account: ``sts:AssumeRole`` leads from one into another.
"""

import re

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import BaseResponse

from tests.emulator.moto_methods import extends

ACCOUNT_ID = DEFAULT_ACCOUNT_ID

# The access key, and its secret, of whoever sets the stage: tests, Terraform, the walkthrough. That of another account
# has its number behind it.
ADMINISTRATOR = "embedded"


def administrator(account: str = ACCOUNT_ID) -> str:
    """The access key of an account's administrator, and its secret."""
    return ADMINISTRATOR if account == ACCOUNT_ID else f"{ADMINISTRATOR}{account}"


def signer(authorization: str) -> re.Match[str] | None:
    """The administrator who has signed a call, with the number of an account other than the first."""
    return re.search(rf"Credential={ADMINISTRATOR}(\d{{12}})?/", authorization)


def is_administrator(authorization: str) -> bool:
    """Whether an account's administrator has signed a call."""
    return signer(authorization) is not None


@extends(BaseResponse)
def get_current_account(self: BaseResponse) -> str:
    """The account that a call is made in."""
    found = signer(self.headers.get("Authorization", ""))
    account: str = (found and found[1]) or get_current_account.replaced(self)
    return account
