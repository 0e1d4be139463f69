"""Lets calls wait for each other where moto or Python cannot do them in several threads."""

import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.routing import ServiceOperationRouter
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from tests.emulator.moto_methods import extends

_turn = threading.Lock()

# werkzeug compiles each URL rule. In some versions of Python, that can fail in two threads at once:
# https://github.com/python/cpython/issues/106905
_compiling = threading.RLock()


@extends(DomainDispatcherApplication)
def __call__(self: Any, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:  # noqa: N807
    """Answer Terraform's calls in turn.

    Terraform makes ten at the same time, and moto cannot read a list while another thread adds to it. Other calls do
    not wait, because a function makes calls before the PutConfigRule that started it ends.
    """
    if "Terraform" not in environ.get("HTTP_USER_AGENT", ""):
        answer: Iterable[bytes] = __call__.replaced(self, environ, start_response)
        return answer
    with _turn:
        return list(__call__.replaced(self, environ, start_response))


@extends(ServiceOperationRouter)
def _get_router(self: ServiceOperationRouter, protocol: str) -> Any:
    with _compiling:
        return _get_router.replaced(self, protocol)


@extends(DomainDispatcherApplication)
def get_application(self: DomainDispatcherApplication, environ: dict[str, Any]) -> Any:
    with _compiling:
        return get_application.replaced(self, environ)
