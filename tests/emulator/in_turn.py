"""Answers Terraform's calls in turn.

Terraform makes ten at the same time, and in moto a list fails if another thread adds to it. Other calls do not wait:
PutConfigRule ends only after those of functions.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from tests.emulator.moto_methods import extends

_turn = threading.Lock()


@extends(DomainDispatcherApplication)
def __call__(self: Any, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:  # noqa: N807
    """Answer a call when its turn comes."""
    if "Terraform" not in environ.get("HTTP_USER_AGENT", ""):
        answer: Iterable[bytes] = __call__.replaced(self, environ, start_response)
        return answer
    with _turn:
        return list(__call__.replaced(self, environ, start_response))
