"""AWS Config's inventory: the history of a resource, whether it exists, and queries of all resources that exist.

Follows https://docs.aws.amazon.com/config/latest/APIReference/API_GetResourceConfigHistory.html,
https://docs.aws.amazon.com/config/latest/APIReference/API_BatchGetResourceConfig.html and
https://docs.aws.amazon.com/config/latest/APIReference/API_SelectResourceConfig.html

A query finds no resource of a type that no recorder records. AWS does not say whether BatchGetResourceConfig still
finds it, so tests can have both (``Flaws.forgets_unrecorded``).

More permissive than AWS: a call of GetResourceConfigHistory with a token, or in chronological order, looks further than
a week.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from moto.config.exceptions import ResourceNotDiscoveredException, TooManyResourceKeys
from moto.config.models import ConfigBackend
from moto.config.responses import ConfigResponse
from moto.core.responses import ActionResult

from tests.emulator.config_compliance import page
from tests.emulator.config_delivery import is_in_recording_group
from tests.emulator.config_evaluations import sent
from tests.emulator.config_store import Item, now, store_of
from tests.emulator.moto_methods import extends, refuse

# What one call of GetResourceConfigHistory spans at most.
SPAN = timedelta(days=7)

# A path, and the values that a row of a query may have there.
Condition = tuple[str, list[str]]


@dataclass(slots=True)
class Flaws:
    """Flaws that a test sets for the responses of a region: AWS does not promise that they are complete or up to date.

    Attributes:
        is_empty: whether queries return nothing.
        hidden: resources that queries leave out.
        lagging: resources for which queries return the item before the last or, without one, nothing.
        bare: resources for which queries return the selected paths of the item, but not of its configuration.
        repeats: whether each page of a query begins with the last row of the page before.
        unprocessed: resources that BatchGetResourceConfig does not process, once for each entry.
        forgets_unrecorded: whether BatchGetResourceConfig finds no resource of a type that is no longer recorded.
        late: resources whose last item is not in the history yet.
    """

    is_empty: bool = False
    hidden: set[str] = field(default_factory=set)
    lagging: set[str] = field(default_factory=set)
    bare: set[str] = field(default_factory=set)
    repeats: bool = False
    unprocessed: list[str] = field(default_factory=list)
    forgets_unrecorded: bool = False
    late: set[str] = field(default_factory=set)


def flaws_of(backend: ConfigBackend) -> Flaws:
    """The flaws of a region; moto's reset forgets them with the backend's other attributes."""
    flaws: Flaws = backend.__dict__.setdefault("embedded_flaws", Flaws())
    return flaws


def need_recorder(backend: ConfigBackend) -> None:
    """Refuse a call that asks for recorded items where there is no recorder."""
    if not backend.recorders:
        refuse("NoAvailableConfigurationRecorderException", "Configuration recorder is not available.")


@extends(ConfigResponse)
def get_resource_config_history(self: ConfigResponse) -> ActionResult:
    """GetResourceConfigHistory, newest first unless asked otherwise; a call spans seven days before ``laterTime``."""
    backend = self.config_backend
    need_recorder(backend)
    key = (self._get_param("resourceType"), self._get_param("resourceId"))
    if key not in store_of(backend).items:
        raise ResourceNotDiscoveredException(*key)
    recorded = store_of(backend).items[key]
    items = sorted(
        recorded[:-1] if key[1] in flaws_of(backend).late else recorded, key=lambda item: item.captured_at, reverse=True
    )
    later = self._get_param("laterTime")
    latest = now() if later is None else sent(store_of(backend), later)
    items = [item for item in items if item.captured_at <= latest]
    if (earlier := self._get_param("earlierTime")) is not None:
        items = [item for item in items if item.captured_at >= sent(store_of(backend), earlier)]
    if self._get_param("chronologicalOrder") == "Forward":
        items.reverse()
    elif not self._get_param("nextToken"):
        within = [item for item in items if item.captured_at > latest - SPAN]
        if len(within) < min(len(items), self._get_param("limit") or 10):
            return history_page(backend, within, str(len(within)))
    found, token = page(self, items, default=10, limit_name="limit")
    return history_page(backend, found, token)


def history_page(backend: ConfigBackend, items: list[Item], token: str | None) -> ActionResult:
    """The answer of GetResourceConfigHistory."""
    history = [item.as_history(backend.account_id, backend.region_name) for item in items]
    return ActionResult({"configurationItems": history, "nextToken": token})


@extends(ConfigResponse)
def batch_get_resource_config(self: ConfigResponse) -> ActionResult:
    """BatchGetResourceConfig: the last items of what exists, without their tags; a deleted resource is left out."""
    backend, flaws = self.config_backend, flaws_of(self.config_backend)
    need_recorder(backend)
    keys = self._get_param("resourceKeys")
    if len(keys) > 100:
        raise TooManyResourceKeys(keys)
    found, unprocessed = [], []
    for key in keys:
        history = store_of(backend).items.get((key["resourceType"], key["resourceId"]), [])
        if key["resourceId"] in flaws.unprocessed:
            flaws.unprocessed.remove(key["resourceId"])
            unprocessed.append(key)
            continue
        if flaws.forgets_unrecorded and not is_in_recording_group(backend, key["resourceType"]):
            continue
        if history and not history[-1].is_deleted:
            item = history[-1].as_history(backend.account_id, backend.region_name)
            found.append({name: item[name] for name in item.keys() - {"tags", "relatedEvents", "relationships"}})
    return ActionResult({"baseConfigurationItems": found, "unprocessedResourceKeys": unprocessed})


@extends(ConfigResponse)
def select_resource_config(self: ConfigResponse) -> ActionResult:
    """SelectResourceConfig for ``SELECT paths WHERE path = 'text' [AND …]``; other SQL is refused, not guessed.

    ``path IN ('text', …)`` is a condition as well. A path that goes through a list gives a list of what it selects in
    each of its elements: https://docs.aws.amazon.com/config/latest/developerguide/query-components.html
    """
    backend = self.config_backend
    paths, conditions = parse_query(self._get_param("Expression"))
    found, token = page(self, rows_of(inventory(backend), paths, conditions), default=25)
    if token and flaws_of(backend).repeats:
        token = str(int(token) - 1)
    fields = [{"Name": path} for path in paths]
    return ActionResult({"Results": found, "QueryInfo": {"SelectFields": fields}, "NextToken": token})


def parse_query(expression: str) -> tuple[list[str], list[Condition]]:
    """The selected paths, and the values that a row must have at others."""
    if len(expression) > 4096:
        refuse("InvalidExpressionException", "The expression is longer than 4096 characters.")
    query = re.fullmatch(r"\s*SELECT\s+(.+?)(?:\s+WHERE\s+(.+))?\s*", expression, re.IGNORECASE | re.DOTALL)
    conditions = []
    for condition in re.split(r"\s+AND\s+", query[2], flags=re.IGNORECASE) if query and query[2] else []:
        found = re.fullmatch(r"\s*([\w.]+)\s*(?:=\s*('[^']*')|IN\s*\(([^()]+)\))\s*", condition, re.IGNORECASE)
        if not found:
            refuse("InvalidExpressionException", f"The embedded AWS does not understand {condition!r}")
        conditions.append((found[1], re.findall("'([^']*)'", found[2] or found[3])))
    paths = [path.strip() for path in query[1].split(",")] if query else []
    if not paths or not all(re.fullmatch(r"[\w.]+", path) for path in paths):
        refuse("InvalidExpressionException", f"The embedded AWS does not understand {expression!r}")
    return paths, conditions


def rows_of(documents: Iterable[dict[str, Any]], paths: list[str], conditions: list[Condition]) -> list[str]:
    """The rows of a query, as JSON."""
    return [
        select(document, paths)
        for document in documents
        if all(value_at(document, path) in values for path, values in conditions)
    ]


def inventory(backend: ConfigBackend) -> Iterator[dict[str, Any]]:
    """The resources that exist, as queries see them: tags as a list."""
    flaws = flaws_of(backend)
    for (resource_type, resource_id), recorded in list(store_of(backend).items.items()):
        history = recorded[:-1] if resource_id in flaws.lagging else recorded
        if not history or history[-1].is_deleted or not is_in_recording_group(backend, resource_type):
            continue
        if flaws.is_empty or resource_id in flaws.hidden:
            continue
        document = history[-1].as_event(backend.account_id, backend.region_name)
        if resource_id in flaws.bare:
            document["configuration"] = None
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
        merge(row, document, path.split("."))
    return json.dumps(row)


def merge(row: dict[str, Any], document: dict[str, Any], path: list[str]) -> None:
    """Copy the value at a path into a row; for a list, the value in each of its elements."""
    name, *rest = path
    value = document.get(name)
    if value is None:
        return
    if not rest:
        row[name] = value
    elif isinstance(value, list):
        row.setdefault(name, [{} for _ in value])
        for inner, each in zip(row[name], value, strict=True):
            merge(inner, each, rest)
    elif isinstance(value, dict):
        inner = row.get(name, {})
        merge(inner, value, rest)
        if inner:
            row[name] = inner
