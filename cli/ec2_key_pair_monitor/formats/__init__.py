"""How a report is written, one module a format. Each has ``write(report, stream)``."""


def printable(text: str) -> str:
    """A text without control characters, which could steer a terminal or break a line."""
    return "".join(c if c.isprintable() else "�" for c in text)
