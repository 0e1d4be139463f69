"""Reads what a program shows on a terminal."""

import os
from contextlib import suppress


def read_until_end(reader: int) -> str:
    """Return what a program writes to a terminal until it ends.

    Read while it runs, because a full terminal would stop it, and close the writer's side first.

    Args:
        reader: the descriptor of the side that reads, from :func:`pty.openpty`.
    """
    text = b""
    with suppress(OSError):  # Linux's answer once the other side is closed
        while chunk := os.read(reader, 65536):
            text += chunk
    return text.decode()
