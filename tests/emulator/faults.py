"""The calls that functions make, counted, and the faults that a test puts in their way.

Only calls with a role's credentials are counted and disturbed, never the test's own. Actions are named by the header of
AWS's JSON protocols; the calls of other protocols pass by unseen.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from tests.emulator.extension import ADMINISTRATOR, extends

calls: Counter[str] = Counter()
_faults: dict[str, list["Fault | None"]] = {}


class Kind(Enum):
    """What goes wrong with a call."""

    THROTTLED = (400, "ThrottlingException")
    INTERNAL_ERROR = (500, "InternalServerError")
    CONNECTION_DROPPED = (0, "")
    NO_ANSWER = (-1, "")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the next call; ``seconds`` is how long a call without an answer hangs."""

    kind: Kind
    seconds: float = 0.0


def inject(action: str, kind: Kind, times: int, *, after: int = 0, seconds: float = 0.0) -> None:
    """Let ``times`` calls of an action, such as ``PutEvaluations``, fail, once ``after`` calls have passed."""
    _faults.setdefault(action, []).extend([None] * after + [Fault(kind, seconds)] * times)


def reset() -> None:
    """Forget faults and counts."""
    _faults.clear()
    calls.clear()


@extends(DomainDispatcherApplication)
def __call__(self: Any, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:  # noqa: N807
    """Count the call of a function and let it fail if a test asked for it."""
    action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if action and f"Credential={ADMINISTRATOR}/" not in environ.get("HTTP_AUTHORIZATION", ""):
        calls[action] += 1
        fault = _faults[action].pop(0) if _faults.get(action) else None
        if fault:
            return fail(fault, environ, start_response)
    answer: Iterable[bytes] = __call__.replaced(self, environ, start_response)  # type: ignore[attr-defined]
    return answer


def fail(fault: Fault, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as the fault says, or not at all."""
    status, code = fault.kind.value
    if status > 0:
        start_response(f"{status} {code}", [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", code)])
        return [json.dumps({"__type": code, "message": "asked for by a test"}).encode()]
    time.sleep(fault.seconds)
    environ["werkzeug.socket"].close()
    return []
