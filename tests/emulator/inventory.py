"""AWS Config's inventory: what was recorded of a resource, and queries over what exists.

Follows https://docs.aws.amazon.com/config/latest/APIReference/API_GetResourceConfigHistory.html and
https://docs.aws.amazon.com/config/latest/APIReference/API_SelectResourceConfig.html
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from moto.config.models import ConfigBackend
from moto.config.responses import ConfigResponse
from moto.core.responses import ActionResult

from tests.emulator.config import page, sent, store_of
from tests.emulator.extension import extends, refuse


@extends(ConfigResponse)
def get_resource_config_history(self: ConfigResponse) -> ActionResult:
    """GetResourceConfigHistory, newest first unless asked otherwise."""
    backend = self.config_backend
    key = (self._get_param("resourceType"), self._get_param("resourceId"))
    if key not in store_of(backend).items:
        refuse(
            "ResourceNotDiscoveredException",
            f"Resource {key[1]} of resourceType:{key[0]} is unknown or has not been discovered",
        )
    items = sorted(store_of(backend).items[key], key=lambda item: item.captured_at, reverse=True)
    if self._get_param("chronologicalOrder") == "Forward":
        items.reverse()
    if (later := self._get_param("laterTime")) is not None:
        items = [item for item in items if item.captured_at <= sent(store_of(backend), later)]
    if (earlier := self._get_param("earlierTime")) is not None:
        items = [item for item in items if item.captured_at >= sent(store_of(backend), earlier)]
    found, token = page(self, items, default=10, limit_name="limit")
    history = [item.as_history(backend.account_id, backend.region_name) for item in found]
    return ActionResult({"configurationItems": history, "nextToken": token})


@extends(ConfigResponse)
def select_resource_config(self: ConfigResponse) -> ActionResult:
    """SelectResourceConfig for ``SELECT paths WHERE path = 'text' [AND …]``; other SQL is refused, not guessed."""
    backend = self.config_backend
    paths, conditions = parse_query(self._get_param("Expression"))
    rows = [
        select(document, paths)
        for document in inventory(backend)
        if all(value_at(document, path) == value for path, value in conditions)
    ]
    found, token = page(self, rows, default=25)
    fields = [{"Name": path} for path in paths]
    return ActionResult({"Results": found, "QueryInfo": {"SelectFields": fields}, "NextToken": token})


def parse_query(expression: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The selected paths and the equalities that a row must fulfil."""
    query = re.fullmatch(r"\s*SELECT\s+(.+?)(?:\s+WHERE\s+(.+))?\s*", expression, re.IGNORECASE | re.DOTALL)
    conditions = []
    for condition in re.split(r"\s+AND\s+", query[2], flags=re.IGNORECASE) if query and query[2] else []:
        equality = re.fullmatch(r"\s*([\w.]+)\s*=\s*'([^']*)'\s*", condition)
        if not equality:
            refuse("InvalidExpressionException", f"The embedded AWS does not understand {condition!r}")
        conditions.append((equality[1], equality[2]))
    paths = [path.strip() for path in query[1].split(",")] if query else []
    if not paths or not all(re.fullmatch(r"[\w.]+", path) for path in paths):
        refuse("InvalidExpressionException", f"The embedded AWS does not understand {expression!r}")
    return paths, conditions


def inventory(backend: ConfigBackend) -> Iterator[dict[str, Any]]:
    """The resources that exist, as queries see them: tags as a list."""
    for history in list(store_of(backend).items.values()):
        if history and not history[-1].is_deleted and history[-1].resource_id not in store_of(backend).hidden:
            document = history[-1].as_event(backend.account_id, backend.region_name)
            tags = [{"key": key, "value": value, "tag": f"{key}={value}"} for key, value in history[-1].tags.items()]
            yield document | {"accountId": backend.account_id, "tags": tags}


def value_at(document: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def select(document: dict[str, Any], paths: list[str]) -> str:
    """A row as the query gives it: the selected paths as nested JSON, without what is null."""
    row: dict[str, Any] = {}
    for path in paths:
        value = value_at(document, path)
        if value is not None:
            *parents, last = path.split(".")
            inner = row
            for name in parents:
                inner = inner.setdefault(name, {})
            inner[last] = value
    return json.dumps(row)
