"""Makes moto faster: keeps what it reads again at each request, and makes images only if somebody asks for them."""

import functools
from typing import Any

from moto import backends
from moto.core import responses, utils
from moto.ec2.models.amis import AmiBackend
from moto.ec2.responses.amis import AmisResponse

from tests.emulator.moto_methods import extends

_modules = frozenset(backends.list_of_moto_modules())


def list_of_moto_modules() -> frozenset[str]:
    """The names of moto's services, which moto reads from its folder at each request."""
    return _modules


backends.list_of_moto_modules = list_of_moto_modules
vars(responses)["method_names_from_class"] = functools.cache(utils.method_names_from_class)


@extends(AmiBackend)
def _load_amis(_: AmiBackend) -> None:
    """Do not make the hundreds of images of a region, each with a snapshot, before somebody asks for images."""


@extends(AmisResponse)
def describe_images(self: AmisResponse) -> Any:
    """DescribeImages, with moto's images."""
    backend: Any = self.ec2_backend
    if not hasattr(backend, "embedded_has_images"):
        backend.embedded_has_images = True
        _load_amis.replaced(backend)
    return describe_images.replaced(self)
