"""AWS Config, EC2 and STS as far as the benchmark calls them: over TLS, answering at once, counting calls by name.

It stores nothing. Every tenth instance has no key pair. ``POST /-/`` with a JSON object sets what it plays from then on
and returns what it counted before. ``python -m benchmarks.stub CERTIFICATE`` prints its port and serves until it is
killed.
"""

import asyncio
import functools
import json
import ssl
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

CONTROL = "/-/"  # not a path of AWS's
REGION = "eu-central-1"
ACCOUNT = "123456789012"
LONG_AGO = 1_700_000_000
CONFIG_PAGE = 100
EC2_PAGE = 1_000


@dataclass
class Stub:
    """What the endpoint answers with, and what it counted."""

    instances: int = 0  # in the region
    results: int = 0  # that the rule has already
    gone: int = 0  # of those, on instances that are recorded no longer
    latency: float = 0.0  # seconds that a call takes
    rate: float = 0.0  # calls of one name per second before AWS Config throttles; 0 never does
    calls: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def play(self, **changes: Any) -> dict[str, dict[str, int]]:
        """Take these fields, and the others as they are by default; return what was counted before."""
        counted = {"calls": dict(self.calls), "verdicts": dict(+self.verdicts)}
        vars(self).update(vars(Stub(**changes)))
        return counted

    def throttles(self, api: str) -> bool:
        """Whether a bucket of one second's calls, refilled at the rate, is empty."""
        if not self.rate:
            return False
        now = time.monotonic()
        tokens, at = self.buckets.get(api, (self.rate, now))
        tokens = min(self.rate, tokens + (now - at) * self.rate)
        self.buckets[api] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens < 1

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """The status and body of one call."""
        target = headers.get("x-amz-target")
        if target:
            return self.config(target.rpartition(".")[2], body)
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.calls[form["Action"]] += 1
        if form["Action"] == "DescribeInstances":
            return 200, described(self.instances, int(form.get("NextToken", 0)))
        return 200, CREDENTIALS

    def config(self, api: str, body: bytes) -> tuple[int, bytes]:
        """The status and body of one call of AWS Config."""
        self.calls[api] += 1
        if self.throttles(api):
            self.calls["ThrottlingException"] += 1
            return 400, b'{"__type":"ThrottlingException","message":"Rate exceeded"}'
        if api == "PutEvaluations":
            for verdict in ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"):
                self.verdicts[verdict] += body.count(b'"%s"' % verdict.encode())
            return 200, b'{"FailedEvaluations":[]}'
        request = json.loads(body)
        if api == "BatchGetResourceConfig":
            return 200, looked_up(request["resourceKeys"], self.instances)
        page = int(request.get("NextToken") or 0)
        if api == "SelectResourceConfig":
            return 200, selected(self.instances, page)
        if api == "GetComplianceDetailsByConfigRule":
            return 200, results(self.results, self.gone, page)
        assert api == "GetResourceConfigHistory", api
        return 200, HISTORY


def instance_id(number: int) -> str:
    """The id of an instance, as long as a real one."""
    return f"i-{number:017x}"


def page_of(total: int, page: int, size: int) -> tuple[range, str | None]:
    """The numbers on a page, and the token of the next."""
    end = min(total, (page + 1) * size)
    return range(page * size, end), str(page + 1) if end < total else None


@functools.cache
def selected(instances: int, page: int) -> bytes:
    """A page of the inventory, of the columns that the sweep asks for."""
    numbers, token = page_of(instances, page, CONFIG_PAGE)
    rows = [
        json.dumps(
            {
                "resourceId": instance_id(number),
                "configuration": {"state": {"name": "running"}} | ({"keyName": "ops"} if number % 10 else {}),
            }
        )
        for number in numbers
    ]
    return json.dumps({"Results": rows} | ({"NextToken": token} if token else {})).encode()


@functools.cache
def results(total: int, gone: int, page: int) -> bytes:
    """A page of the rule's results; the last ones are on instances that are gone."""
    numbers, token = page_of(total, page, CONFIG_PAGE)
    listed = [
        {
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": {
                    "ConfigRuleName": "ec2-key-pair-monitor",
                    "ResourceType": "AWS::EC2::Instance",
                    "ResourceId": instance_id(number if number < total - gone else number + 2**40),
                },
                "OrderingTimestamp": LONG_AGO,
            },
            "ComplianceType": "COMPLIANT" if number % 10 else "NON_COMPLIANT",
            "ResultRecordedTime": LONG_AGO,
            "ConfigRuleInvokedTime": LONG_AGO,
            "Annotation": "Launched with key pair ops.",
        }
        for number in numbers
    ]
    return json.dumps({"EvaluationResults": listed} | ({"NextToken": token} if token else {})).encode()


def looked_up(keys: list[dict[str, str]], instances: int) -> bytes:
    """The items of those among the keys that are in the region."""
    items = [
        {
            **key,
            "configurationItemStatus": "OK",
            "configurationItemCaptureTime": LONG_AGO,
            "configuration": json.dumps({"state": {"name": "running"}}),
        }
        for key in keys
        if int(key["resourceId"].removeprefix("i-"), 16) < instances
    ]
    return json.dumps({"baseConfigurationItems": items, "unprocessedResourceKeys": []}).encode()


def described(instances: int, page: int) -> bytes:
    """A page of DescribeInstances, each instance in a reservation of its own."""
    numbers, token = page_of(instances, page, EC2_PAGE)
    reservations = b"".join(
        RESERVATION % {b"id": instance_id(number).encode(), b"key": b"<keyName>ops</keyName>" if number % 10 else b""}
        for number in numbers
    )
    following = f"<nextToken>{token}</nextToken>" if token else ""
    return b"%s<reservationSet>%s</reservationSet>%s</DescribeInstancesResponse>" % (
        b'<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>',
        reservations,
        following.encode(),
    )


def _xml(name: str, value: Any) -> str:
    """A value as EC2 writes it: lists as items, fields as elements."""
    if isinstance(value, dict):
        inner = "".join(_xml(key, each) for key, each in value.items())
    elif isinstance(value, list):
        inner = "".join(_xml("item", each) for each in value)
    else:
        inner = str(value)
    return f"<{name}>{inner}</{name}>"


TIME = "2026-01-31T12:00:00.000Z"
GROUPS = [{"groupId": f"sg-{n:017x}", "groupName": f"service-{n}"} for n in range(3)]
# The fields that a running instance in a VPC has, with three groups, three volumes and eight tags.
RESERVATION_TEXT = _xml(
    "item",
    {
        "reservationId": "r-0123456789abcdef0",
        "ownerId": ACCOUNT,
        "groupSet": [],
        "instancesSet": [
            {
                "instanceId": "%(id)s",
                "imageId": "ami-0123456789abcdef0",
                "instanceState": {"code": 16, "name": "running"},
                "privateDnsName": f"ip-10-0-0-1.{REGION}.compute.internal",
                "dnsName": "",
                "reason": "",
                "KEY": "",
                "amiLaunchIndex": 0,
                "productCodes": [],
                "instanceType": "m7g.large",
                "launchTime": TIME,
                "placement": {"availabilityZone": f"{REGION}a", "groupName": "", "tenancy": "default"},
                "monitoring": {"state": "disabled"},
                "subnetId": "subnet-0123456789abcdef0",
                "vpcId": "vpc-0123456789abcdef0",
                "privateIpAddress": "10.0.0.1",
                "sourceDestCheck": "true",
                "groupSet": GROUPS,
                "architecture": "arm64",
                "rootDeviceType": "ebs",
                "rootDeviceName": "/dev/xvda",
                "blockDeviceMapping": [
                    {
                        "deviceName": f"/dev/xvd{letter}",
                        "ebs": {
                            "volumeId": "vol-0123456789abcdef0",
                            "status": "attached",
                            "attachTime": TIME,
                            "deleteOnTermination": "true",
                        },
                    }
                    for letter in "abc"
                ],
                "virtualizationType": "hvm",
                "clientToken": "01234567-89ab-cdef-0123-456789abcdef",
                "tagSet": [{"key": f"team:key-{n}", "value": f"value-{n}"} for n in range(8)],
                "hypervisor": "xen",
                "networkInterfaceSet": [
                    {
                        "networkInterfaceId": "eni-0123456789abcdef0",
                        "subnetId": "subnet-0123456789abcdef0",
                        "vpcId": "vpc-0123456789abcdef0",
                        "description": "",
                        "ownerId": ACCOUNT,
                        "status": "in-use",
                        "macAddress": "02:00:00:00:00:01",
                        "privateIpAddress": "10.0.0.1",
                        "sourceDestCheck": "true",
                        "groupSet": GROUPS,
                        "attachment": {
                            "attachmentId": "eni-attach-0123456789abcdef0",
                            "deviceIndex": 0,
                            "status": "attached",
                            "attachTime": TIME,
                            "deleteOnTermination": "true",
                            "networkCardIndex": 0,
                        },
                        "privateIpAddressesSet": [{"privateIpAddress": "10.0.0.1", "primary": "true"}],
                        "interfaceType": "interface",
                    }
                ],
                "iamInstanceProfile": {"arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/web", "id": "AIPA"},
                "ebsOptimized": "true",
                "enaSupport": "true",
                "cpuOptions": {"coreCount": 2, "threadsPerCore": 1},
                "capacityReservationSpecification": {"capacityReservationPreference": "open"},
                "hibernationOptions": {"configured": "false"},
                "metadataOptions": {
                    "state": "applied",
                    "httpTokens": "required",
                    "httpPutResponseHopLimit": 2,
                    "httpEndpoint": "enabled",
                },
                "enclaveOptions": {"enabled": "false"},
                "bootMode": "uefi",
                "platformDetails": "Linux/UNIX",
                "usageOperation": "RunInstances",
                "usageOperationUpdateTime": TIME,
                "maintenanceOptions": {"autoRecovery": "default"},
                "currentInstanceBootMode": "uefi",
            }
        ],
    },
)
RESERVATION = RESERVATION_TEXT.replace("<KEY></KEY>", "%(key)s").encode()

CREDENTIALS = (
    b"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>"
    b"<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>"
    b"<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
)
HISTORY = json.dumps(
    {
        "configurationItems": [
            {
                "resourceType": "AWS::EC2::Instance",
                "resourceId": "i-0123456789abcdef0",
                "configurationItemStatus": "OK",
                "configurationItemCaptureTime": 4_102_444_800,
                "configuration": json.dumps({"keyName": None, "state": {"name": "running"}}),
                "tags": {},
            }
        ]
    }
).encode()


async def serve(certificate: str) -> None:
    """Serve on a free port, which is printed, until the caller ends the process."""
    stub = Stub()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                if request.split()[1] == CONTROL:
                    status, answer = 200, json.dumps(stub.play(**json.loads(body))).encode()
                else:
                    if stub.latency:
                        await asyncio.sleep(stub.latency)
                    status, answer = stub.answer(headers, body)
                content = "application/x-amz-json-1.1" if answer.startswith(b"{") else "text/xml"
                head = f"HTTP/1.1 {status} -\r\nContent-Type: {content}\r\nContent-Length: {len(answer)}\r\n\r\n"
                writer.write(head.encode() + answer)  # in one piece, or the second waits for an acknowledgement
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(connection, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
