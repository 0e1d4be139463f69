"""The walkthrough ends well only if everything is as it should be, and shows each notification whole."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from demo.cloud import Evaluated, Notification
from demo.walkthrough import differences
from tests.support import CHECKOUT
from tests.support.terminal import read_until_end

RIGHT = [
    Evaluated("i-1", "walkthrough", "COMPLIANT", "with key"),
    Evaluated("i-2", "walkthrough", "COMPLIANT", "with key"),
    Evaluated("i-3", None, "NON_COMPLIANT", "without"),
]


def mail(instance_id: str) -> Notification:
    """A notification as it arrives."""
    return Notification("mail", json.dumps({"instance": instance_id}) + "\n\n--\nfooter")


def test_nothing_differs() -> None:
    """Two COMPLIANT, one NON_COMPLIANT and one notification about it, in whatever form, is what should be."""
    assert differences(RIGHT, [mail("i-3")]) == []
    assert differences(RIGHT, [Notification("mail", "1 instance is NON_COMPLIANT: i-3")]) == []


@pytest.mark.parametrize(
    ("instances", "mails", "difference"),
    [
        (RIGHT, [], "the notifications are about nothing and should be about"),
        (RIGHT, [mail("i-1")], "the notifications are about ['i-1']"),
        (RIGHT, [mail("i-3"), mail("i-3")], "the notifications are about ['i-3', 'i-3']"),
        (RIGHT, [Notification("mail", "no JSON")], "should be about ['i-3'], once each"),
        ([Evaluated("i-3", None)], [mail("i-3")], "i-3 is not evaluated and should be NON_COMPLIANT"),
        ([Evaluated("i-3", None, "COMPLIANT")], [mail("i-3")], "i-3 is COMPLIANT and should be NON_COMPLIANT"),
    ],
    ids=["no mail", "about another", "twice", "unreadable", "not evaluated", "inverted"],
)
def test_difference_is_named(instances: list[Evaluated], mails: list[Notification], difference: str) -> None:
    """Whatever is not as it should be is named."""
    assert any(difference in each for each in differences(instances, mails))


EMAIL = (CHECKOUT / "tests/unit/golden/three.txt").read_text()
DOCUMENT = json.dumps({"annotation": "No key pair [bold] :key: " + "word " * 60, "console": "https://" + "a" * 120})
SHOW = f"""
import sys
from rich.console import Console
from demo.cloud import Evaluated, Notification
from demo.walkthrough import show

instance = Evaluated("i-" + 17 * "1", None, "NON_COMPLIANT", "No key pair was assigned at launch.")
mails = [Notification("The e-mail", each, "Subject: One\\n\\n") for each in ({EMAIL!r}, {DOCUMENT!r})]
show(Console(), [instance], mails, as_expected=True)
"""


def shown_in_a_terminal() -> str:
    """What a terminal of 80 columns is sent, without the codes that style it."""
    outside, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "CI", "NO_COLOR")}
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", SHOW],
        cwd=CHECKOUT,
        env=environment | {"TERM": "xterm-256color"},
        stdin=inside,
        stdout=inside,
        stderr=inside,
    ):
        os.close(inside)
        text = read_until_end(outside)
    os.close(outside)
    assert "\x1b[" in text
    return re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r\n", "\n")


def shown_in_a_file(folder: Path) -> str:
    """What is written where the output is piped to a file."""
    path = folder / "output"
    with path.open("w") as file:
        subprocess.run([sys.executable, "-c", SHOW], cwd=CHECKOUT, check=True, stdout=file)  # noqa: S603
    return path.read_text()


@pytest.mark.parametrize("where", ["terminal", "file"])
def test_notification_is_shown_whole(where: str, tmp_path: Path) -> None:
    """No line of an e-mail is wrapped, cut or framed, so that it can be copied; the table fits."""
    shown = shown_in_a_terminal() if where == "terminal" else shown_in_a_file(tmp_path)

    table, _, mails = shown.partition("Two instances were launched with a key pair and are COMPLIANT.\n")
    assert "One was launched without a key pair and is NON_COMPLIANT.\n" in mails
    assert f"\nThe e-mail\n\nSubject: One\n\n{EMAIL}" in mails
    assert f"\n{DOCUMENT}\n" in mails
    assert max(len(line) for line in table.splitlines()) <= 80
