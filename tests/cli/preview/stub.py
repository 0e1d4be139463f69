"""An endpoint that answers like EC2 and the others, from as many instances as a test wants.

``python -m tests.cli.preview.stub INSTANCES`` prints its port and serves until it is killed. With a negative number, it
takes calls, says so, and never answers.
"""

import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

PAGE = 1000
FLEETS = 20
EMPTY = (
    "<{0}Response><keySet/><launchTemplateVersionSet/>"
    "<{0}Result><AutoScalingGroups/><LaunchConfigurations/></{0}Result></{0}Response>"
)
INSTANCE = """\
<item><reservationId>r-0</reservationId><instancesSet><item><instanceId>i-{number:017x}</instanceId>\
<imageId>ami-0123456789abcdef0</imageId><instanceState><code>16</code><name>running</name></instanceState>{key}\
<launchTime>2026-01-31T12:00:00.000Z</launchTime><networkInterfaceSet><item><attachment><deviceIndex>0</deviceIndex>\
<attachTime>2026-01-31T12:00:00.000Z</attachTime></attachment></item></networkInterfaceSet>\
<tagSet><item><key>aws:autoscaling:groupName</key><value>web-{fleet}</value></item>\
<item><key>Name</key><value>web-{number}</value></item></tagSet></item></instancesSet></item>"""


def page_of(instances: int, start: int) -> bytes:
    """A page of DescribeInstances; every tenth instance has no key pair."""
    end = min(start + PAGE, instances)
    items = (
        INSTANCE.format(number=each, fleet=each % FLEETS, key="<keyName>ops</keyName>" if each % 10 else "")
        for each in range(start, end)
    )
    token = f"<nextToken>{end}</nextToken>" if end < instances else ""
    return (
        '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>'
        f"<reservationSet>{''.join(items)}</reservationSet>{token}</DescribeInstancesResponse>"
    ).encode()


class Handler(BaseHTTPRequestHandler):
    """Answers a call."""

    protocol_version = "HTTP/1.1"
    instances = 0

    def do_POST(self) -> None:
        """Answer: only DescribeInstances has something to say."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.instances < 0:
            os.write(1, b"called\n")  # whole, also beside another thread's
            time.sleep(60)
            return
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if "X-Amz-Target" in self.headers:
            answer = b'{"ConfigRules": [], "ConfigurationRecorders": []}'
        elif form["Action"] == "DescribeInstances":
            answer = page_of(self.instances, int(form.get("NextToken", 0)))
        else:
            answer = EMPTY.format(form["Action"]).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n"
        self.wfile.write(head.encode() + answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    Handler.instances = int(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
