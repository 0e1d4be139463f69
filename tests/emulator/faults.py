"""Counts the calls of functions, and lets them fail if a test asks for it.

Only calls with a role's credentials are counted and disturbed, never the test's own. Actions are named by the header of
AWS's JSON protocols, or in the form of its query protocol; the calls of other protocols are neither counted nor
disturbed.
"""

import io
import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import parse_qs

from moto.moto_api._internal.models import MotoAPIBackend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from tests.emulator.accounts import is_administrator
from tests.emulator.moto_methods import extends

calls: Counter[str] = Counter()
_faults: dict[str, list["Fault | None"]] = {}


class Kind(Enum):
    """What goes wrong with a call."""

    THROTTLED = (400, "ThrottlingException")
    INTERNAL_ERROR = (500, "InternalFailure")
    CONNECTION_DROPPED = (0, "")
    NO_ANSWER = (-1, "")
    CALLER_DIES = (-2, "")


# The query protocol has codes of its own; how SNS says that it throttles is as SDKs report it.
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
QUERY_CODES = {Kind.THROTTLED: "Throttling", Kind.INTERNAL_ERROR: "InternalError"}
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
EC2_CODES = {Kind.THROTTLED: "RequestLimitExceeded", Kind.INTERNAL_ERROR: "InternalError"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the next call.

    Attributes:
        kind: what goes wrong.
        seconds: how long a call without an answer hangs.
        then: kills the caller, after its call was carried out and before the response.
    """

    kind: Kind
    seconds: float = 0.0
    then: Callable[[], Any] = bool


def inject(action: str, kind: Kind, times: int, *, after: int = 0, **details: Any) -> None:
    """Let ``times`` calls of an action, such as ``PutEvaluations``, fail, once ``after`` calls have passed.

    ``details`` are those of :class:`Fault`.
    """
    _faults.setdefault(action, []).extend([None] * after + [Fault(kind, **details)] * times)


def reset() -> None:
    """Forget faults and counts; so does the reset of the whole AWS."""
    _faults.clear()
    calls.clear()


@extends(MotoAPIBackend, "reset")
def reset_all(self: MotoAPIBackend) -> None:
    """Forget them with everything else."""
    reset()
    reset_all.replaced(self)


@extends(DomainDispatcherApplication)
def __call__(self: Any, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:  # noqa: N807
    """Count the call of a function and let it fail if a test asked for it."""
    action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2] or action_of_form(environ)
    if action and not is_administrator(environ.get("HTTP_AUTHORIZATION", "")):
        calls[action] += 1
        fault = None
        with suppress(IndexError):  # no look before the pop: calls come in several threads
            fault = _faults.get(action, []).pop(0)
        if fault and fault.kind is Kind.CALLER_DIES:
            answered = list(__call__.replaced(self, environ, start_response))
            fault.then()
            return answered
        if fault:
            return fail(fault, environ, start_response)
    answer: Iterable[bytes] = __call__.replaced(self, environ, start_response)
    return answer


def action_of_form(environ: dict[str, Any]) -> str:
    """The action that a call of the query protocol names."""
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return ""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return str(parse_qs(body.decode()).get("Action", [""])[0])


def fail(fault: Fault, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as the fault says, or not at all."""
    status, code = fault.kind.value
    if status > 0 and "/ec2/aws4_request" in environ["HTTP_AUTHORIZATION"]:
        code = EC2_CODES[fault.kind]
        start_response(f"503 {code}", [("Content-Type", "text/xml")])
        error = f"<Error><Code>{code}</Code><Message>asked for by a test</Message></Error>"
        return [f"<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>".encode()]
    if status > 0 and "HTTP_X_AMZ_TARGET" not in environ:
        code = QUERY_CODES[fault.kind]
        start_response(f"{status} {code}", [("Content-Type", "text/xml")])
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>asked for by a test</Message></Error>"
        return [f"<ErrorResponse>{error}</ErrorResponse>".encode()]
    if status > 0:
        start_response(f"{status} {code}", [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)])
        return [json.dumps({"__type": code, "message": "asked for by a test"}).encode()]
    time.sleep(fault.seconds)
    with suppress(OSError):  # the caller may be gone
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    # Anything else the server would answer, with HTTP 500 if need be.
    raise ConnectionAbortedError
