"""Keeps what moto finds out anew at each request, and leaves out what it makes at each reset and nothing here reads."""

import functools

from moto import backends
from moto.core import responses, utils
from moto.ec2.models.amis import AmiBackend

from tests.emulator.moto_methods import extends

_modules = frozenset(backends.list_of_moto_modules())


def list_of_moto_modules() -> frozenset[str]:
    """The names of moto's services, which moto reads from its folder at each request."""
    return _modules


backends.list_of_moto_modules = list_of_moto_modules
vars(responses)["method_names_from_class"] = functools.cache(utils.method_names_from_class)


@extends(AmiBackend)
def _load_amis(_: AmiBackend) -> None:
    """Make none of the hundreds of images of a region, each with a snapshot: moto launches instances without, too."""
