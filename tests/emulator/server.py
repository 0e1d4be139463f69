"""The embedded AWS as a whole: moto's server in this process, extended by the other modules of this package."""

import logging
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer

from tests.emulator.accounts import ACCOUNT_ID, administrator
from tests.emulator.jobs import jobs
from tests.oracles import wire

# A line for each request would hide the output of a test or the demo.
logging.getLogger("werkzeug").setLevel(logging.ERROR)

_running: list[str] = []


def endpoint_url() -> str:
    """The URL of the embedded AWS in this process."""
    return _running[-1]


class EmbeddedAws:
    """An AWS on a local port, empty when entered and stopped when left."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.endpoint_url = ""
        self._clients: dict[tuple[str, str, str], Any] = {}

    def __enter__(self) -> Self:
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.endpoint_url = f"http://{host}:{port}"
        _running.append(self.endpoint_url)
        self.reset()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reset()
        self._server.stop()
        _running.remove(self.endpoint_url)
        wire.raise_errors()

    def environment(self, region: str, account: str = ACCOUNT_ID) -> dict[str, str]:
        """The variables with which Terraform and SDKs call the embedded AWS as an account's administrator."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": administrator(account),
            "AWS_SECRET_ACCESS_KEY": administrator(account),
        }

    def client(self, service: str, region: str, account: str = ACCOUNT_ID) -> Any:
        """A boto3 client of an account's administrator; it is kept, because making one takes a tenth of a second."""
        wanted = (service, region, account)
        if wanted not in self._clients:
            self._clients[wanted] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.endpoint_url,
                aws_access_key_id=administrator(account),
                aws_secret_access_key=administrator(account),
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[wanted]

    def settle(self, timeout: float = 300.0) -> None:
        """Wait until every delivery and invocation under way has ended; see :meth:`Jobs.settle`.

        Raises:
            WireError: a request or a response did not fit AWS's models.
        """
        jobs.settle(timeout)
        wire.raise_errors()

    def at_once(self) -> AbstractContextManager[None]:
        """Let calls happen within one batching window, however slow this machine is; settle only afterwards."""
        return jobs.at_once()

    def switch_on_config(
        self,
        region: str,
        resource_types: tuple[str, ...] = ("AWS::EC2::Instance",),
        account: str = ACCOUNT_ID,
    ) -> None:
        """Create and start a recorder, which an account has before the module is applied."""
        config, bucket = self.client("config", region, account), f"config-{account}-{region}"
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self.client("s3", region, account).create_bucket(Bucket=bucket, **place)
        recorder = {
            "name": "default",
            "roleARN": f"arn:aws:iam::{account}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
            "recordingGroup": {"allSupported": False, "resourceTypes": list(resource_types)},
        }
        config.put_configuration_recorder(ConfigurationRecorder=recorder)
        config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": bucket})
        config.start_configuration_recorder(ConfigurationRecorderName="default")

    def reset(self) -> None:
        """Delete everything."""
        jobs.settle()
        moto_api_backend.reset()
