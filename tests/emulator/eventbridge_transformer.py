"""EventBridge's input transformer: what a target receives of an event.

Follows https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html, and recordings of the
real AWS where that page says nothing: ``tests/oracles/recordings``.

- A value that a path takes is never escaped: a text is put between quotes as it is, so a quotation mark, a backslash or
  a line break in it can break a JSON template.
- Inside the quotes of a JSON template an object or a list keeps its quotes, and so breaks it. In a template of quoted
  lines it loses them: ``[HIGH]``, ``{id:1}``.
- A path that the event lacks renders as nothing, in a value's place as ``""``.
- JSON is minified, as the page says; what its examples show is laid out.

Assumed: a path with a wildcard takes the list of all values that it finds, and null renders as what is missing.
More permissive than AWS: a path's syntax is not checked at all.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.events.exceptions import ValidationException

PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")
PATH_NAME = re.compile(r"[A-Za-z0-9_-]+")
PREDEFINED = frozenset(
    {
        "aws.events.rule-arn",
        "aws.events.rule-name",
        "aws.events.event.ingestion-time",
        "aws.events.event",
        "aws.events.event.json",
    }
)

# <aws.events.event> in AWS's order, and with a name of its own for the detail-type.
EVENT_WITHOUT_DETAIL = ("id", "account", "detail-type", "time", "source", "region", "resources", "version")


class InvalidJsonError(ValueError):
    """A JSON template is no JSON any more once it is filled in."""


def compact(value: Any) -> str:
    """JSON as EventBridge writes it: without blanks, and with every character as itself."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def is_json(text: str) -> bool:
    """Whether a text is a JSON document."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def render(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, rule_name: str) -> str:
    """The event as the target is to receive it: whole, a constant, a part, or a template filled in.

    Raises:
        InvalidJsonError: the event's values break the template.
    """
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return compact(value_at(event, target["InputPath"]))
    transformer = target.get("InputTransformer")
    if not transformer:
        return compact(event)
    values = {name: value_at(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {
            "detailType" if name == "detail-type" else name: event[name]
            for name in EVENT_WITHOUT_DETAIL
            if name in event
        },
        "aws.events.event.json": dict(event),
    }
    template = transformer["InputTemplate"]
    filled = fill(template, values)
    if is_quoted(template):
        return filled
    try:
        return compact(json.loads(filled))
    except ValueError as error:
        raise InvalidJsonError(filled) from error


def is_quoted(template: str) -> bool:
    """Whether a template is one quoted text or several, a line each, and not JSON as a whole."""
    return template.lstrip().startswith('"')


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Replace each placeholder by its value."""
    parts, last = [], 0
    inside = False
    for match in PLACEHOLDER.finditer(template):
        before = template[last : match.start()]
        # A quotation mark opens or closes a string, unless a backslash that is itself not escaped stands before it.
        inside ^= re.findall(r'\\.|"', before, re.DOTALL).count('"') % 2 == 1
        parts += [before, written(values.get(match[1]), inside=inside, quoted=is_quoted(template))]
        last = match.end()
    return "".join([*parts, template[last:]])


def written(value: Any, *, inside: bool, quoted: bool) -> str:
    """A value in the place of a placeholder, which stands inside quotes, or in a template of quoted lines, or not."""
    text = "" if value is None else value
    if isinstance(text, str):
        return text if inside else f'"{text}"'
    return compact(text).replace('"', "") if quoted else compact(text)


def value_at(event: Mapping[str, Any], path: str) -> Any:
    """What is at a path such as ``$.detail.resourceId``, ``$.resources[0]`` or ``$.detail.items[*].id``, or None."""
    steps = re.findall(r"[^.$\[\]]+", path)
    found = list(values_at(event, steps))
    return found if "*" in steps else found[0] if found else None


def values_at(value: Any, steps: list[str]) -> Iterator[Any]:
    """Every value that the steps of a path lead to."""
    if not steps:
        yield value
        return
    step, *others = steps
    if isinstance(value, dict):
        inner = value.values() if step == "*" else [value[step]] if step in value else []
    elif isinstance(value, list):
        inner = value if step == "*" else [value[int(step)]] if step.isdecimal() and int(step) < len(value) else []
    else:
        inner = []
    for each in inner:
        yield from values_at(each, others)


def check(target_id: str, transformer: Mapping[str, Any]) -> None:
    """Refuse a bad template, too many or misnamed paths, and a placeholder that no path defines."""
    template, paths = transformer["InputTemplate"], transformer.get("InputPathsMap", {})
    if len(template) > 8192 or len(paths) > 100:
        raise ValidationException(f"InputTransformer of target {target_id} exceeds 8192 characters or 100 paths")
    if misnamed := ", ".join(sorted(name for name in paths if not PATH_NAME.fullmatch(name))):
        raise ValidationException(f"InputPathsMap of target {target_id} contains invalid name {misnamed}.")
    unknown = set(PLACEHOLDER.findall(template)) - set(paths) - PREDEFINED
    if unknown:
        names = ", ".join(sorted(unknown))
        raise ValidationException(f"InputTemplate for target {target_id} contains invalid placeholder {names}.")
    text = fill(template, dict.fromkeys(paths, "x"))
    lines = [line for line in text.splitlines() if line.strip()]
    # A number can stand where any value can, but not for an object's key, and neither can a placeholder.
    stands_for_key = is_json(text) and not is_json(fill(template, dict.fromkeys([*paths, *PREDEFINED], 1)))
    if stands_for_key or (not is_json(text) and not all(re.fullmatch(r'\s*".*"\s*', line) for line in lines)):
        raise ValidationException(f"Invalid InputTemplate for target {target_id} : {template}.")
