"""Chat: what an HTTPS endpoint gets, as Amazon Q Developer would, and that everybody else gets what they got before."""

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import trustme

from tests.conftest import REGION
from tests.e2e.conftest import ITSELF, Deploy, Deployment
from tests.e2e.test_report import pass_weeks
from tests.emulator import sns

# Once a week is enough, because the unit tests compare each message with the same schema.
pytestmark = pytest.mark.slow

UNIT = Path(__file__).parents[1] / "unit"
SCHEMA = json.loads((UNIT / "chat_schema.json").read_text())
NAME = "ec2-key-pair-monitor"
INPUTS: dict[str, Any] = {
    "chat": True,
    "digest_window_seconds": 5,
    "notification_emails": ["security@example.com"],
    "report_schedule": {"expression": "cron(0 8 ? * MON *)", "timezone": "Europe/Berlin"},
}


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A local HTTPS endpoint, and every document of SNS that was posted to it."""
    taken: list[dict[str, Any]] = []

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    authority = trustme.CA()
    bundle = tmp_path_factory.mktemp("chat") / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with ThreadingHTTPServer(("localhost", 0), Endpoint) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://localhost:{server.server_port}/", taken
        server.shutdown()


@pytest.fixture(scope="module")
def monitor(deploy: Deploy, posted: tuple[str, list[dict[str, Any]]]) -> Iterator[Deployment]:
    """The module with chat, and an HTTPS subscriber that the module did not make, as Amazon Q Developer's is."""
    with deploy(ITSELF, **INPUTS) as deployment:
        topic_arn = deployment.outputs["topic_arn"]
        deployment.client("sns").subscribe(TopicArn=topic_arn, Protocol="https", Endpoint=posted[0])
        sns.confirm_all(REGION)
        yield deployment


def test_every_kind_arrives_in_the_schema(monitor: Deployment, posted: tuple[str, list[dict[str, Any]]]) -> None:
    """A change, a call of the recorder, an alarm and a report arrive in the schema; the e-mail is the digest's text."""
    _, taken = posted
    instance = monitor.launch()
    monitor.client("config").stop_configuration_recorder(ConfigurationRecorderName="default")
    monitor.aws.settle()
    url = monitor.client("sqs").get_queue_url(QueueName=f"{NAME}-digest")["QueueUrl"]
    monitor.client("sqs").send_message(QueueUrl=url, MessageBody=(UNIT / "events/alarm.json").read_text())
    monitor.aws.settle()

    shown = [json.loads(document["Message"]) for document in taken]
    for each in shown:
        jsonschema.validate(each, SCHEMA)
    titles = [each["content"]["title"] for each in shown]
    assert titles == [mail.subject for mail in monitor.notifications() if mail.to == "security@example.com"]
    assert titles[0].startswith(f"EC2 instance {instance} is NON_COMPLIANT in {REGION}")
    assert titles[1].startswith("StopConfigurationRecorder was called on AWS Config")
    assert titles[2].startswith(f"Alarm {NAME}-evaluator-errors is in ALARM")
    assert monitor.notifications()[0].body.startswith(f"EC2 instance {instance} is NON_COMPLIANT: launched without")

    [report] = pass_weeks(monitor)
    shown = json.loads(taken[-1]["Message"])
    jsonschema.validate(shown, SCHEMA)
    assert shown["content"]["title"] == report.subject


def test_second_plan_is_empty(monitor: Deployment) -> None:
    """What was applied is what is planned."""
    plan = monitor.root.plan(**INPUTS)

    assert plan.is_empty, plan.changes
