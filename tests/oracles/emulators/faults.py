"""Faults for the embedded AWS, which every judge has to find."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from tests.emulator import eventbridge_transformer


@contextmanager
def lost_field() -> Iterator[None]:
    """A transformer that loses a field."""
    fill = eventbridge_transformer.fill

    def losing(template: str, values: Mapping[str, Any]) -> str:
        return fill(re.sub(r'"\w+": <\w+>,', "", template, count=1), values)

    with mock.patch.object(eventbridge_transformer, "fill", losing):
        yield


@contextmanager
def escaping() -> Iterator[None]:
    """A transformer that escapes what it puts inside quotes, which AWS does not."""
    written = eventbridge_transformer.written

    def escaped(value: Any, **place: bool) -> str:
        return written(json.dumps(value)[1:-1] if isinstance(value, str) else value, **place)

    with mock.patch.object(eventbridge_transformer, "written", escaped):
        yield


FAULTS: tuple[Callable[[], Any], ...] = (lost_field, escaping)
