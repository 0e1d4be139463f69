"""What EventBridge sends of AWS Config, parsed once into typed values. Bad input ends here, in an error that names it.

The event: https://docs.aws.amazon.com/config/latest/developerguide/monitor-config-with-cloudwatchevents.html
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

# Those that ask for action first. The order is that of the text.
VERDICTS = ("NON_COMPLIANT", "COMPLIANT", "NOT_APPLICABLE")

# https://docs.aws.amazon.com/config/latest/APIReference/API_Evaluation.html
MAX_ANNOTATION_LENGTH = 256


class InvalidChangeError(ValueError):
    """A message is not a compliance change of an EC2 instance."""


class Origin(NamedTuple):
    """Where a change comes from: an AWS Config rule, an account of twelve digits, and a region."""

    rule: str
    account: str
    region: str


class Change(NamedTuple):
    """One compliance change; ``annotation`` is one printable line of 1 to 256 characters, or None."""

    event_id: str
    origin: Origin
    instance_id: str
    verdict: str
    recorded_at: datetime
    annotation: str | None = None


def parse(body: object) -> Change:
    """Read the body of a queue's message: one event of the type Config Rules Compliance Change, as JSON.

    Raises:
        InvalidChangeError: something in it is missing or of another form; the message names it.
    """
    if not isinstance(body, str):
        raise InvalidChangeError("body is not a string")
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidChangeError(f"body does not hold JSON: {error}") from error
    event = _mapping(event, "event")
    detail = _mapping(event.get("detail"), "detail")
    result = _mapping(detail.get("newEvaluationResult"), "newEvaluationResult")
    return Change(
        event_id=_text(event, "id", r"[\w.:/-]{1,128}"),
        origin=Origin(
            rule=_text(detail, "configRuleName", r"[\w.-]{1,128}"),
            account=_text(detail, "awsAccountId", r"\d{12}"),
            region=_text(detail, "awsRegion", r"[a-z0-9-]{1,20}"),
        ),
        instance_id=_text(detail, "resourceId", r"i-[0-9a-z]{1,40}"),
        verdict=_text(result, "complianceType", "|".join(VERDICTS)),
        recorded_at=_time(result, "resultRecordedTime"),
        annotation=_annotation(result.get("annotation")),
    )


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidChangeError(f"{name} is missing" if value is None else f"{name} is not a JSON object")
    return value


def _text(mapping: Mapping[str, Any], name: str, pattern: str) -> str:
    value = mapping.get(name)
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        raise InvalidChangeError(f"{name} is {_shown(value)}")
    return value


def _time(mapping: Mapping[str, Any], name: str) -> datetime:
    value = mapping.get(name)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidChangeError(f"{name} is {_shown(value)} and no time like 2026-01-31T12:00:00.000Z")


def _annotation(value: object) -> str | None:
    """An annotation as one line of what can be printed, and so be sent; AWS Config takes no longer one."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidChangeError(f"annotation is {_shown(value)}")
    line = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    return (line if len(line) <= MAX_ANNOTATION_LENGTH else line[: MAX_ANNOTATION_LENGTH - 1] + "…") or None


def _shown(value: object) -> str:
    return "missing" if value is None else ascii(value)[:80]
