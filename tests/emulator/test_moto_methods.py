"""What neither moto nor the embedded AWS has."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import EmbeddedAws
from tests.emulator.conftest import REGION, refused


@pytest.mark.parametrize(
    ("service", "action", "arguments"),
    [
        ("config", "get_stored_query", {"QueryName": "x"}),
        ("sns", "verify_sms_sandbox_phone_number", {"PhoneNumber": "+1", "OneTimePassword": "12345"}),
    ],
)
def test_missing_api_is_named_at_once(aws: EmbeddedAws, service: str, action: str, arguments: dict[str, Any]) -> None:
    """An API that the embedded AWS lacks answers with its name, and no server error that would be tried again."""
    with pytest.raises(ClientError, match="The embedded AWS does not have") as error:
        getattr(aws.client(service, REGION), action)(**arguments)

    assert refused(error) == "NotImplementedException"
