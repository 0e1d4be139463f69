"""Calls that come at the same time."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.sns.models import SNSBackend

from tests.emulator import EmbeddedAws
from tests.emulator.accounts import ADMINISTRATOR

REGION = "eu-west-1"


@pytest.mark.parametrize(("caller", "patience", "in_turn"), [("Terraform/1.9.8", 0.2, True), ("other", 60, False)])
def test_calls_of_terraform_are_answered_in_turn(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, caller: str, patience: float, *, in_turn: bool
) -> None:
    """One of Terraform's calls is answered at a time, and calls of others at the same time."""
    client = boto3.client(
        "sns",
        region_name=REGION,
        endpoint_url=aws.endpoint_url,
        aws_access_key_id=ADMINISTRATOR,
        aws_secret_access_key=ADMINISTRATOR,
        config=Config(user_agent_extra=caller),
    )
    together = Barrier(4)
    list_topics = SNSBackend.list_topics

    def meet(*arguments: Any, **options: Any) -> Any:
        with suppress(BrokenBarrierError):
            together.wait(patience)
        return list_topics(*arguments, **options)

    monkeypatch.setattr(SNSBackend, "list_topics", meet)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client.list_topics(), range(4)))

    assert together.broken is in_turn
