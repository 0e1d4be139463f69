"""The emulators of others, as they are installed and started here: on the loopback interface, in a folder of the run.

Each has an environment of its own under ``build/judges``, which ``run`` makes from ``requirements``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support import CHECKOUT

INSTALLED = CHECKOUT / "build" / "judges"
# Neither a container engine nor anything else of the user's is for a judge to find.
ISOLATED = {"DOCKER_HOST": "unix:///nonexistent"}


@dataclass(frozen=True, slots=True)
class Judge:
    """An emulator of AWS.

    Attributes:
        name: as its authors write it, with the version.
        key: what excuses call it.
        command: the program and its arguments.
        environment: what it sees, for its port and its folder.
    """

    name: str
    key: str
    command: tuple[str, ...]
    environment: Callable[[int, Path], Mapping[str, str]]


def _localstack(port: int, folder: Path) -> Mapping[str, str]:
    return ISOLATED | {
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "LOCALSTACK_HOST": f"127.0.0.1:{port}",
        # The default server ignores the address and listens everywhere.
        "GATEWAY_SERVER": "hypercorn",
        "SERVICES": "events,kms,sns,sqs,sts",
        # Within a container it would write to the system's folders.
        "OVERRIDE_IN_DOCKER": "0",
        "FILESYSTEM_ROOT": str(folder),
        # What it would fetch, report and resolve.
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "DISABLE_EVENTS": "1",
        "DNS_ADDRESS": "0",
    }


def _ministack(port: int, _folder: Path) -> Mapping[str, str]:
    # Its other listeners ignore the address.
    others = {"SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"}
    return ISOLATED | others | {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}


LOCALSTACK = Judge(
    name="LocalStack 4.10.0",
    key="localstack",
    command=(str(INSTALLED / "localstack/bin/python"), "-m", "localstack.runtime.main"),
    environment=_localstack,
)
MINISTACK = Judge(
    name="MiniStack 1.5.33",
    key="ministack",
    command=(str(INSTALLED / "ministack/bin/ministack"),),
    environment=_ministack,
)
JUDGES = (LOCALSTACK, MINISTACK)
