"""How the embedded AWS puts its own code on moto's classes.

Importing a module of this package is what installs it: each function decorated with :func:`extends` becomes a method of
a moto class for the rest of the process. moto is pinned exactly, because these are its internals.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from moto.core.exceptions import JsonRESTError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import BaseResponse

ACCOUNT_ID = DEFAULT_ACCOUNT_ID

# The access key, and its secret, of whoever sets the stage: tests, Terraform, the walkthrough.
ADMINISTRATOR = "embedded"

Method = Callable[..., Any]


def extends(cls: type[Any], name: str | None = None) -> Callable[[Method], Method]:
    """Put the decorated function on a moto class.

    Args:
        cls: the class of moto's that gains the method or has it replaced.
        name: the method's name, where it is not the function's.

    Returns:
        A decorator; the decorated function's attribute ``replaced`` is the method that it took the place of, or None.
    """

    def install(method: Method) -> Method:
        method.replaced = getattr(cls, name or method.__name__, None)  # type: ignore[attr-defined]
        setattr(cls, name or method.__name__, method)
        return method

    return install


def refuse(code: str, message: str) -> NoReturn:
    """Answer the request at hand, of one of AWS's JSON protocols, with an error of AWS's own form."""
    raise JsonRESTError(code, message)


@extends(BaseResponse)
def call_action(self: BaseResponse) -> Any:
    """Answer an action that neither moto nor this package has with an error that names it, at once.

    moto answers HTTP 500, which every SDK and the Terraform provider retry for minutes.
    """
    try:
        return call_action.replaced(self)  # type: ignore[attr-defined]
    except NotImplementedError as error:
        # One header and body that the JSON, REST and query protocols all read.
        message = f"The embedded AWS does not have {self.service_name}:{self._get_action()} ({error})"
        body = f'{{"__type": "NotImplementedException", "message": "{message}"}}'
        if self.querystring.get("Action"):
            xml = f"<Error><Code>NotImplementedException</Code><Message>{message}</Message></Error>"
            body = f"<ErrorResponse>{xml}</ErrorResponse>"
        return 400, {**self.response_headers, "x-amzn-ErrorType": "NotImplementedException"}, body
