"""An AWS that answers at once, counts its calls, and can be slow or throttle; it serves TLS, as AWS does.

It speaks as much of AWS Config, EC2 and STS as the handlers call. Anything else is answered by an empty success and
counted all the same. ``python -m benchmarks.stub CERTIFICATE`` prints its port and serves until it is killed.
"""

import json
import ssl
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

CONTROL = "/-/"  # not a path of AWS's

PAGE = 100
EC2_PAGE = 1000


@dataclass
class State:
    """What the stub plays: so many instances and earlier results, seconds a call, and one in so many throttled."""

    instances: int = 0
    results: int = 0
    latency: float = 0.0
    throttle_every: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, call: str) -> bool:
        """Count a call; returns whether it is one to throttle."""
        with self.lock:
            self.calls[call] += 1
            return bool(self.throttle_every) and self.calls.total() % self.throttle_every == 0


def instance_id(number: int) -> str:
    """The id of the n-th instance."""
    return f"i-{number:017x}"


def key_name(number: int) -> str | None:
    """One instance of ten has no key pair."""
    return None if number % 10 == 0 else "ops"


@lru_cache(maxsize=64)
def inventory(start: int, count: int) -> str:
    """A page of SelectResourceConfig, without its token: two columns beside the id."""
    rows = [
        {
            "resourceId": instance_id(number),
            "configuration": {"keyName": key_name(number), "state": {"name": "running"}},
        }
        for number in range(start, start + count)
    ]
    return json.dumps([json.dumps(row) for row in rows])


@lru_cache(maxsize=64)
def results(start: int, count: int) -> str:
    """A page of GetComplianceDetailsByConfigRule, without its token."""
    found = [
        {
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": {
                    "ConfigRuleName": "ec2-key-pair-monitor",
                    "ResourceType": "AWS::EC2::Instance",
                    "ResourceId": instance_id(number),
                },
                "OrderingTimestamp": 1772359200.123,
            },
            "ComplianceType": "COMPLIANT",
            "ResultRecordedTime": 1772359200.123,
            "ConfigRuleInvokedTime": 1772359200.123,
        }
        for number in range(start, start + count)
    ]
    return json.dumps(found)


# An instance as DescribeInstances tells it, with the elements that every one has, one interface, one volume, ten tags.
TAGS = "".join(f"<item><key>tag-{n}</key><value>value-{n}</value></item>" for n in range(10))
INSTANCE = (
    "<item><reservationId>r-{id}</reservationId><ownerId>123456789012</ownerId><groupSet/><instancesSet><item>"
    "<instanceId>{id}</instanceId><imageId>ami-0123456789abcdef0</imageId><instanceState><code>16</code>"
    "<name>running</name></instanceState><privateDnsName>ip-10-0-0-1.ec2.internal</privateDnsName><dnsName/><reason/>"
    "{key}<amiLaunchIndex>0</amiLaunchIndex><productCodes/><instanceType>m7g.large</instanceType>"
    "<launchTime>2026-03-01T09:58:11.000Z</launchTime><placement><availabilityZone>eu-central-1a</availabilityZone>"
    "<groupName/><tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring>"
    "<subnetId>subnet-0123456789abcdef0</subnetId><vpcId>vpc-0123456789abcdef0</vpcId>"
    "<privateIpAddress>10.0.0.1</privateIpAddress><sourceDestCheck>true</sourceDestCheck><groupSet><item>"
    "<groupId>sg-0123456789abcdef0</groupId><groupName>default</groupName></item></groupSet>"
    "<architecture>arm64</architecture><rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/xvda</rootDeviceName>"
    "<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-0123456789abcdef0</volumeId>"
    "<status>attached</status><attachTime>2026-03-01T09:58:12.000Z</attachTime>"
    "<deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>"
    "<virtualizationType>hvm</virtualizationType><clientToken/><tagSet>"
    + TAGS
    + "</tagSet><hypervisor>xen</hypervisor>"
    "<networkInterfaceSet><item><networkInterfaceId>eni-0123456789abcdef0</networkInterfaceId>"
    "<subnetId>subnet-0123456789abcdef0</subnetId><vpcId>vpc-0123456789abcdef0</vpcId><description/>"
    "<ownerId>123456789012</ownerId><status>in-use</status><macAddress>02:00:00:00:00:01</macAddress>"
    "<privateIpAddress>10.0.0.1</privateIpAddress><sourceDestCheck>true</sourceDestCheck><groupSet><item>"
    "<groupId>sg-0123456789abcdef0</groupId><groupName>default</groupName></item></groupSet><attachment>"
    "<attachmentId>eni-attach-0123456789abcdef0</attachmentId><deviceIndex>0</deviceIndex><status>attached</status>"
    "<attachTime>2026-03-01T09:58:11.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></attachment>"
    "<ipv6AddressesSet/><privateIpAddressesSet><item><privateIpAddress>10.0.0.1</privateIpAddress>"
    "<privateDnsName>ip-10-0-0-1.ec2.internal</privateDnsName><primary>true</primary></item></privateIpAddressesSet>"
    "<interfaceType>interface</interfaceType></item></networkInterfaceSet><iamInstanceProfile>"
    "<arn>arn:aws:iam::123456789012:instance-profile/web</arn><id>AIPA0123456789ABCDEFG</id></iamInstanceProfile>"
    "<ebsOptimized>true</ebsOptimized><cpuOptions><coreCount>2</coreCount>"
    "<threadsPerCore>1</threadsPerCore></cpuOptions><metadataOptions><state>applied</state>"
    "<httpTokens>required</httpTokens><httpPutResponseHopLimit>2</httpPutResponseHopLimit>"
    "<httpEndpoint>enabled</httpEndpoint><httpProtocolIpv6>disabled</httpProtocolIpv6>"
    "<instanceMetadataTags>disabled</instanceMetadataTags></metadataOptions><enaSupport>true</enaSupport>"
    "<capacityReservationSpecification><capacityReservationPreference>open</capacityReservationPreference>"
    "</capacityReservationSpecification><hibernationOptions><configured>false</configured></hibernationOptions>"
    "<enclaveOptions><enabled>false</enabled></enclaveOptions><bootMode>uefi-preferred</bootMode>"
    "<currentInstanceBootMode>uefi</currentInstanceBootMode><platformDetails>Linux/UNIX</platformDetails>"
    "<usageOperation>RunInstances</usageOperation>"
    "<usageOperationUpdateTime>2026-03-01T09:58:11.000Z</usageOperationUpdateTime><privateDnsNameOptions>"
    "<hostnameType>ip-name</hostnameType><enableResourceNameDnsARecord>false</enableResourceNameDnsARecord>"
    "<enableResourceNameDnsAAAARecord>false</enableResourceNameDnsAAAARecord></privateDnsNameOptions>"
    "<maintenanceOptions><autoRecovery>default</autoRecovery></maintenanceOptions>"
    "<operator><managed>false</managed></operator></item></instancesSet></item>"
)


@lru_cache(maxsize=8)
def described(start: int, count: int) -> str:
    """A page of DescribeInstances, without its token."""
    return "".join(
        INSTANCE.format(id=instance_id(n), key="<keyName>ops</keyName>" if key_name(n) else "")
        for n in range(start, start + count)
    )


def page_of(token: str | None, total: int, size: int) -> tuple[int, int, str]:
    """Where a page starts, how long it is, and the token of the next, or nothing."""
    start = int(token or 0)
    count = min(size, total - start)
    return start, count, str(start + count) if start + count < total else ""


def config_answer(state: State, call: str, request: dict[str, str]) -> str:
    """The answer to a call of AWS Config."""
    match call:
        case "SelectResourceConfig":
            start, count, token = page_of(request.get("NextToken"), state.instances, PAGE)
            following = f', "NextToken": "{token}"' if token else ""
            return f'{{"Results": {inventory(start, count)}{following}}}'
        case "GetComplianceDetailsByConfigRule":
            start, count, token = page_of(request.get("NextToken"), state.results, PAGE)
            following = f', "NextToken": "{token}"' if token else ""
            return f'{{"EvaluationResults": {results(start, count)}{following}}}'
        case "GetResourceConfigHistory":
            item = {
                "resourceType": "AWS::EC2::Instance",
                "resourceId": instance_id(1),
                "configurationItemStatus": "OK",
                "configurationItemCaptureTime": 1772359200.123,
                "configuration": json.dumps({"keyName": "ops", "state": {"name": "running"}}),
                "tags": {},
            }
            return json.dumps({"configurationItems": [item]})
        case "PutEvaluations":
            return '{"FailedEvaluations": []}'
    return "{}"


def query_answer(state: State, call: str, request: dict[str, str]) -> str:
    """The answer to a call of EC2 or STS."""
    if call == "DescribeInstances":
        start, count, token = page_of(request.get("NextToken"), state.instances, EC2_PAGE)
        following = f"<nextToken>{token}</nextToken>" if token else ""
        reservations = f"<reservationSet>{described(start, count)}</reservationSet>"
        return f"<DescribeInstancesResponse>{reservations}{following}</DescribeInstancesResponse>"
    credentials = (
        "<Credentials><AccessKeyId>ASIASTUB</AccessKeyId><SecretAccessKey>stub</SecretAccessKey>"
        "<SessionToken>stub</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
    )
    return f"<{call}Response><{call}Result>{credentials}</{call}Result></{call}Response>"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20  # headers and body leave in one piece
    disable_nagle_algorithm = True
    state = State()

    def do_POST(self) -> None:
        """Answer a call of AWS's, or of the benchmark's own."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path.startswith(CONTROL):
            self.control(body)
            return
        target = self.headers.get("X-Amz-Target")
        query = {} if target else {key: values[0] for key, values in parse_qs(body).items()}
        call = target.rpartition(".")[2] if target else query.get("Action", "other")
        throttled = self.state.count(call)
        time.sleep(self.state.latency)
        if throttled:
            self.answer(400, '{"__type": "ThrottlingException", "message": "Rate exceeded"}')
        elif target:
            self.answer(200, config_answer(self.state, call, json.loads(body)))
        else:
            self.answer(200, query_answer(self.state, call, query), "text/xml")

    def control(self, body: str) -> None:
        """Tell what was called, and set what is to be played next."""
        calls = dict(self.state.calls)
        type(self).state = State(**json.loads(body))
        self.answer(200, json.dumps(calls))

    def answer(self, status: int, body: str, kind: str = "application/x-amz-json-1.1") -> None:
        """Send headers and body in one piece."""
        encoded = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve(certificate: str) -> None:
    """Serve TLS on a free port, which is printed first."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    # The handshake belongs to the connection's own thread.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1])
