"""AWS Organizations: which accounts are in which organization, and under which path.

A test puts accounts into organizations. Only the condition keys of policies depend on them:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgpaths
"""

from collections.abc import Mapping

from moto.moto_api._internal.models import MotoAPIBackend

from tests.emulator.moto_methods import extends

_paths: dict[str, str] = {}


def join(paths: Mapping[str, str]) -> None:
    """Make accounts members of organizations, each under a path such as ``o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/``."""
    _paths.update(paths)


def leave(account: str) -> None:
    """Let an account leave its organization."""
    _paths.pop(account, None)


def accounts_with(account: str) -> list[str]:
    """The accounts of the organization that an account is in."""
    wanted = _paths.get(account, "").split("/")[0]
    return [member for member, path in _paths.items() if path.split("/")[0] == wanted]


def condition_keys(account: str) -> dict[str, str | list[str]]:
    """The condition keys about the organization of a request's account; empty if it is in none."""
    path = _paths.get(account)
    return {"aws:PrincipalOrgID": path.split("/")[0], "aws:PrincipalOrgPaths": [path]} if path else {}


@extends(MotoAPIBackend)
def reset(self: MotoAPIBackend) -> None:
    """Forget every organization with everything else."""
    _paths.clear()
    reset.replaced(self)
