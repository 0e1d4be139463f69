"""JSON in pieces, for lists that do not fit into memory."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TextIO


def write_value(value: Any, stream: TextIO, indent: str = "") -> None:
    """Write a value as ``json.dumps(value, indent=2)`` does, and an iterator as a list, item by item."""
    inner = indent + "  "
    if isinstance(value, Iterator):
        separator = "["
        for each in value:
            stream.write(f"{separator}\n{inner}")
            write_value(each, stream, inner)
            separator = ","
        stream.write("[]" if separator == "[" else f"\n{indent}]")
    elif isinstance(value, Mapping) and value:
        separator = "{"
        for key, each in value.items():
            stream.write(f"{separator}\n{inner}{json.dumps(key)}: ")
            write_value(each, stream, inner)
            separator = ","
        stream.write(f"\n{indent}}}")
    else:
        stream.write(_text(value, indent))


def _text(value: Any, indent: str) -> str:
    return json.dumps(value, indent=2).replace("\n", f"\n{indent}")
