"""How the embedded AWS puts its own code on moto's classes.

Importing a module of this package is what installs it: each function decorated with :func:`extends` becomes a method of
a moto class for the rest of the process. moto is pinned exactly, because these are its internals.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, ParamSpec, TypeVar

from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class Extension(Generic[P, R]):
    """A function that has become a method of a moto class.

    Attributes:
        method: the function.
        replaced: the method that it took the place of, where there was one.
    """

    method: Callable[P, R]
    replaced: Callable[..., Any]

    def __call__(self, *arguments: P.args, **options: P.kwargs) -> R:
        """Call the function."""
        return self.method(*arguments, **options)


def extends(cls: type[Any], name: str | None = None) -> Callable[[Callable[P, R]], Extension[P, R]]:
    """Put the decorated function on a moto class.

    Args:
        cls: the class of moto's that gains the method or has it replaced.
        name: the method's name, where it is not the function's.
    """

    def install(method: Callable[P, R]) -> Extension[P, R]:
        known_as = name or method.__name__
        extension = Extension(method, getattr(cls, known_as, missing))
        setattr(cls, known_as, method)
        return extension

    return install


def extends_property(cls: type[Any], name: str) -> Callable[[Callable[[Any], R]], Callable[[Any], R]]:
    """Let the decorated function compute a property of a moto class."""

    def install(getter: Callable[[Any], R]) -> Callable[[Any], R]:
        setattr(cls, name, property(getter))
        return getter

    return install


def missing(*_: Any, **__: Any) -> NoReturn:
    """Stand for a method that moto does not have."""
    raise NotImplementedError


def refuse(code: str, message: str) -> NoReturn:
    """Answer the request at hand, of one of AWS's JSON protocols, with an error that moto has no class for."""
    raise JsonRESTError(code, message)


@extends(BaseResponse)
def call_action(self: BaseResponse) -> Any:
    """Answer an action that neither moto nor this package has with an error that names it, at once.

    moto answers HTTP 500, which every SDK and the Terraform provider retry for minutes.
    """
    try:
        return call_action.replaced(self)
    except NotImplementedError as error:
        # One header and body that the JSON, REST and query protocols all read.
        message = f"The embedded AWS does not have {self.service_name}:{self._get_action()} ({error})"
        body = f'{{"__type": "NotImplementedException", "message": "{message}"}}'
        if self.querystring.get("Action"):
            xml = f"<Error><Code>NotImplementedException</Code><Message>{message}</Message></Error>"
            body = f"<ErrorResponse>{xml}</ErrorResponse>"
        return 400, {**self.response_headers, "x-amzn-ErrorType": "NotImplementedException"}, body
