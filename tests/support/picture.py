"""The pictures in the documentation, drawn from texts that the tests compare with what the product writes."""

import re
from html import escape

COLUMNS = 80
WIDE = 120
SIZE, ADVANCE, LEADING, MARGIN = 14, 8.43, 20, 24


def picture(email: str, most: int | None = None) -> str:
    """An SVG of an e-mail: the subject in a header, the text below it, links cut at 80 columns.

    Every line has a fixed length, so that it looks the same with every font. ``most`` cuts the text after so many
    lines.
    """
    header, _, body = email.strip().partition("\n\n")
    subject = header.splitlines()[0].removeprefix("Subject: ")
    lines = [line if len(line) <= COLUMNS else line[: COLUMNS - 1] + "…" for line in body.splitlines()]
    lines = lines if most is None else [*lines[:most], "…"]
    width = round(COLUMNS * ADVANCE) + 2 * MARGIN
    top = 3 * LEADING + MARGIN
    height = top + (len(lines) + 1) * LEADING + MARGIN // 2
    drawn = [
        _text(line, top + (number + 1) * LEADING, "#0969da" if line.strip().startswith("https:") else "#1f2328")
        for number, line in enumerate(lines)
        if line
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
            f' font-family="ui-monospace, Menlo, Consolas, monospace" font-size="{SIZE}" role="img">',
            f"<title>{escape(subject)}</title>",
            f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" fill="#ffffff" stroke="#d0d7de"/>',
            f'<path d="M1 {top} V9 a8 8 0 0 1 8 -8 H{width - 9} a8 8 0 0 1 8 8 V{top} Z" fill="#f6f8fa"/>',
            _text("From: AWS Notifications", 1.9 * LEADING, "#59636e"),
            *(
                _text(line, (2.9 + number) * LEADING, "#1f2328", bold=True)
                for number, line in enumerate(_wrapped(subject))
            ),
            *drawn,
            "</svg>",
            "",
        ]
    )


def terminal(command: str, output: str) -> str:
    """An SVG of a command with what it writes, cut at 120 columns."""
    lines = [f"$ {command}", *(line if len(line) <= WIDE else line[: WIDE - 1] + "…" for line in output.splitlines())]
    width, height = round(WIDE * ADVANCE) + 2 * MARGIN, (len(lines) + 1) * LEADING + MARGIN // 2
    colors = {"NON_COMPLIANT": "#ff7b72", "UNKNOWN": "#d29922", "COMPLIANT": "#3fb950"}
    drawn = [
        _text(line, (number + 1.5) * LEADING, colors.get(line.split(" ")[0], "#e6edf3"), bold=number == 0)
        for number, line in enumerate(lines)
        if line
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
            f' font-family="ui-monospace, Menlo, Consolas, monospace" font-size="{SIZE}" role="img">',
            f"<title>{escape(command)}</title>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
            *drawn,
            "</svg>",
            "",
        ]
    )


def _wrapped(subject: str) -> list[str]:
    """A subject on at most two lines."""
    if len(subject) <= COLUMNS:
        return [subject]
    end = subject.rindex(" ", 0, COLUMNS)
    return [subject[:end], subject[end + 1 :]]


def _text(line: str, y: float, color: str, *, bold: bool = False) -> str:
    indent = len(line) - len(line.lstrip())
    # Browsers merge several spaces into one.
    text = re.sub(" {2,}", lambda run: "\N{NO-BREAK SPACE}" * len(run[0]), line.strip())
    x, length = round(MARGIN + indent * ADVANCE), round(len(text) * ADVANCE)
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x}" y="{round(y)}" textLength="{length}" lengthAdjust="spacingAndGlyphs" fill="{color}"{weight}>'
        f"{escape(text)}</text>"
    )
