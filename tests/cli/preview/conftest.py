"""The account that the previews of a file look at."""

from collections.abc import Iterator

import pytest

from tests.cli.conftest import Interpreter
from tests.cli.preview.account import Account
from tests.conftest import REGION
from tests.emulator import EmbeddedAws


@pytest.fixture(scope="module")
def account(embedded_aws: EmbeddedAws, interpreter: Interpreter) -> Iterator[Account]:
    """An account with everything to find, and AWS Config switched on in its region."""
    embedded_aws.reset()
    account = Account(embedded_aws, interpreter)
    account.switch_on_config(REGION)
    account.fill()
    yield account
    embedded_aws.settle()
    embedded_aws.reset()
