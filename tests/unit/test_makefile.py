"""`make` alone lists what can be run, and switches can be off."""

import os
import re
import subprocess

import pytest

from tests.support import CHECKOUT

MAKEFILE = (CHECKOUT / "Makefile").read_text()


def make(*arguments: str) -> str:
    """What make prints; it installs nothing."""
    command = ["make", "--no-print-directory", "--old-file", ".venv/.installed", *arguments]
    inherited = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "DIGEST")
    }
    done = subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True, env=inherited)  # noqa: S603
    return done.stdout


def test_make_alone_lists_the_targets() -> None:
    """Each target has a line that fits beside another window."""
    lines = make().splitlines()
    [phony] = re.findall(r"^\.PHONY: (.*)", MAKEFILE, re.MULTILINE)

    assert sorted(line.split()[1] for line in lines) == sorted(phony.split())
    assert [line for line in lines if len(line) > 120] == []


@pytest.mark.parametrize(("value", "is_on"), [("", False), ("0", False), ("1", True)])
def test_digest_is_a_switch(value: str, is_on: bool) -> None:  # noqa: FBT001
    """DIGEST=0 is off, as is none at all."""
    assert ("--digest" in make("--dry-run", "demo", f"DIGEST={value}")) == is_on
