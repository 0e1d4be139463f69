"""Makes moto faster: keeps what it reads again at each request, and leaves out images, which it makes at each reset."""

import functools

from moto import backends
from moto.core import responses, utils
from moto.ec2.models.amis import AMIS, Ami, AmiBackend

from tests.emulator.moto_methods import extends

# The image of the launch configurations in tests: the AWS provider looks it up.
IMAGE = "ami-1e749f67"

_modules = frozenset(backends.list_of_moto_modules())


def list_of_moto_modules() -> frozenset[str]:
    """The names of moto's services, which moto reads from its folder at each request."""
    return _modules


backends.list_of_moto_modules = list_of_moto_modules
vars(responses)["method_names_from_class"] = functools.cache(utils.method_names_from_class)


@extends(AmiBackend)
def _load_amis(self: AmiBackend) -> None:
    """Make one image, and not the hundreds of a region, each with a snapshot. moto launches instances without them."""
    [image] = [each for each in AMIS if each["ami_id"] == IMAGE]
    self.amis[IMAGE] = Ami(self, **image, owner_alias="amazon")
