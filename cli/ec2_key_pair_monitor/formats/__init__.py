"""The formats of a report, one module for each. Each module has ``write(report, stream)``."""


def printable(text: str) -> str:
    """Return a text without control characters, which could control a terminal or break a line."""
    return "".join(c if c.isprintable() else "�" for c in text)
