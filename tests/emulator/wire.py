"""The wire of the embedded AWS: judges every request and response, also those of Terraform and of the functions.

:mod:`tests.oracles.wire` says how. This stands outside of everything else that the server does, faults included, and
reads the bytes as they are sent: requests with moto's parsers, responses with botocore's.

A request that does not fit its model and is refused is not reported if a test made it, because tests check AWS's limits
this way.
"""

import functools
import io
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.utils import lowercase_dict
from moto.core.model import ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import ServiceOperationRouter
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.exceptions import NotFound

from tests.emulator import faults  # noqa: F401  (what is installed last stands outside)
from tests.emulator.accounts import is_administrator
from tests.emulator.moto_methods import extends
from tests.oracles import wire
from tests.oracles.wire import Difference, differences, judge, operation_model

# The names that services sign with, where botocore has another.
SIGNING_NAMES = {"monitoring": "cloudwatch"}


@extends(DomainDispatcherApplication)
def __call__(self: Any, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:  # noqa: N807
    """Answer a call, and judge it with its response."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    request = Request({**environ, "wsgi.input": io.BytesIO(body)})
    environ["wsgi.input"] = io.BytesIO(body)
    started: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        started[:] = [int(status[:3]), lowercase_dict(dict(headers))]
        return start_response(status, headers, *rest)

    answer: list[bytes] = []
    try:
        answer += __call__.replaced(self, environ, start)
    except ConnectionAbortedError:  # a fault that a test asked for
        raise
    except Exception:
        wire.report(f"the embedded AWS failed at {request.method} {request.path}:\n{traceback.format_exc()}")
        raise
    finally:
        if not request.path.startswith("/moto-api"):
            judge_call(request, body, (*started, b"".join(answer)) if started else None)
    return answer


def judge_call(request: Request, body: bytes, response: tuple[int, dict[str, str], bytes] | None) -> None:
    """Judge a request, and its response if there was one."""
    signed = request.headers.get("Authorization", "")
    try:
        name = signed.split("/")[3]
        service = SIGNING_NAMES.get(name, name)
        router = router_of(service)
        operation, parameters = router.match(request)
    except (IndexError, UnknownServiceError, NotFound, NotImplementedError) as error:
        wire.report(f"{request.method} {request.url} is not in a model: {error!r}")
        return
    model = operation_model(service, operation.name)
    protocol = determine_request_protocol(router._service_model, request.content_type)
    is_tests_own = is_administrator(signed) and "Terraform" not in request.user_agent.string
    is_refused = response is not None and response[0] >= 400
    found = read_request(operation, protocol, request, body, parameters)
    judge("request", model, () if is_tests_own and is_refused else found)
    if response:
        judge("response", model, wire.read_response(model, protocol, *response))


@functools.cache
def router_of(service: str) -> ServiceOperationRouter:
    """What finds a service's operations in requests, by AWS's model and without what moto adds to that."""
    return ServiceOperationRouter(ServiceModel(wire.description(service), service))


def read_request(
    operation: Any, protocol: str, request: Request, body: bytes, parameters: dict[str, Any]
) -> Iterator[Difference]:
    """Read a request as moto does; yields where it differs from its model."""
    parser = PARSERS[protocol](operation)
    form = Form(request.values)
    values = {"values": form, "headers": request.headers, "body": body, "url_params": parameters}
    arguments = parser.parse({"method": request.method, "url_path": request.path, **values})
    yield from parser.found
    if protocol in ("query", "ec2"):
        for name in sorted(set(request.values) - form.asked - {"Action", "Version"}):
            yield name, "unknown", "is not in the model"
    yield from differences(operation.input_shape, arguments)


class Form:
    """A form that remembers what it was asked for."""

    def __init__(self, values: Any) -> None:
        self._values = values
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a field."""
        self.asked.add(name)
        return self._values.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._values, name)


class StrictParser:
    """A parser of moto's that also keeps what moto passes over."""

    def __init__(self, operation: Any) -> None:
        super().__init__(operation)  # type: ignore[call-arg]
        self.found: list[Difference] = []

    def _parse_structure(self, shape: Any, value: Any, *rest: Any) -> Any:
        if isinstance(value, dict) and not shape.is_document_type:
            known = {member.serialization.get("name", name) for name, member in shape.members.items()}
            self.found += [
                (f"{shape.name}.{name}", "unknown", "is not in the model") for name in sorted(set(value) - known)
            ]
        return super()._parse_structure(shape, value, *rest)  # type: ignore[misc]


PARSERS = {name: type(parser.__name__, (StrictParser, parser), {}) for name, parser in PROTOCOL_PARSERS.items()}
