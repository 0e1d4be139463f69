"""The accounts of the embedded AWS, and their administrators.

An account exists as soon as somebody uses it. The credentials that sign a call decide the account: an account's
administrator key, or the credentials of a role. ``sts:AssumeRole`` gives credentials of another account.
"""

import re

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import BaseResponse

from tests.emulator.moto_methods import extends

ACCOUNT_ID = DEFAULT_ACCOUNT_ID

# The administrator's access key and secret, which tests, Terraform and the walkthrough use. In another account, the
# account's number is appended.
ADMINISTRATOR = "embedded"


def administrator(account: str = ACCOUNT_ID) -> str:
    """The access key of an account's administrator, and its secret."""
    return ADMINISTRATOR if account == ACCOUNT_ID else f"{ADMINISTRATOR}{account}"


def signer(authorization: str) -> re.Match[str] | None:
    """Match the administrator who signed a call. Group 1 is the account's number, or None for the first account."""
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
