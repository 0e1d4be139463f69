"""What counts as a difference, and which is excused."""

import json
from typing import Any

import pytest

from tests.oracles.emulators.cases import cases
from tests.oracles.emulators.comparison import NUMBER, Deliveries, Difference, deliveries, differences
from tests.oracles.emulators.excuses import EXCUSES, Excuse

MESSAGE = {"what_happened": "i-1 is NON_COMPLIANT", "instance": "i-1"}
ENVELOPE = {"Type": "Notification", "MessageId": "made up", "Message": json.dumps(MESSAGE), "Timestamp": "now"}


def delivered(*bodies: Any, attributes: Any = None) -> Deliveries:
    """What is found of messages about the instance i-1 in one queue."""
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    messages = [{"Body": text, **({"MessageAttributes": attributes} if attributes else {})} for text in texts]
    return deliveries({"queue": messages}, {"i-1": "case"})


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ([], NUMBER),
        ([MESSAGE, MESSAGE], NUMBER),
        ([{**MESSAGE, "instance": None}], "body.instance"),
        ([{**MESSAGE, "more": ""}], "body.more"),
        ([dict(reversed(MESSAGE.items()))], "body, the order of the fields"),
        (["i-1"], "body"),
    ],
)
def test_a_difference_is_found(other: list[Any], field: str) -> None:
    """A message too many or too few, a field that differs or is elsewhere, and a text that is no JSON are found."""
    assert field in [each.field for each in differences(delivered(MESSAGE), delivered(*other))]


def test_an_envelope_is_looked_into() -> None:
    """Within an envelope the message's fields are compared; what each emulator makes up need only be there."""
    other = {**ENVELOPE, "MessageId": "something else", "Message": json.dumps({**MESSAGE, "instance": "i-1x"})}
    assert [each.field for each in differences(delivered(ENVELOPE), delivered(other))] == ["body.Message.instance"]
    without = {name: value for name, value in ENVELOPE.items() if name != "MessageId"}
    assert "body.MessageId" in [each.field for each in differences(delivered(ENVELOPE), delivered(without))]


def test_what_does_not_count() -> None:
    """Blanks between the fields of JSON, and the order of an envelope's, are no difference."""
    assert differences(delivered(MESSAGE), delivered(json.dumps(MESSAGE, indent=2))) == []
    assert differences(delivered(ENVELOPE), delivered(dict(reversed(ENVELOPE.items())))) == []


def test_attributes_count() -> None:
    """An attribute that is lost is a difference."""
    attributes = {"verdicts": {"DataType": "String", "StringValue": "x"}}
    found = differences(delivered("i-1", attributes=attributes), delivered("i-1"))
    assert [each.field for each in found] == ["attribute verdicts"]


def test_a_message_of_no_case_is_a_difference() -> None:
    """What no case has brought about is not overlooked."""
    found = differences(delivered(), delivered({"instance": "i-2"}))
    assert [(each.case, each.field) for each in found] == [("of no case", NUMBER)]


def test_an_excuse_covers_what_it_names() -> None:
    """An excuse counts for its judge, cases, queues and fields only."""
    excuse = Excuse("fake", "", ("case *", "other"), queues="raw*", fields=("body.a",))
    assert excuse.covers("fake", Difference("case 1", "raw-1", "body.a", 1, 2)) == {"case *"}
    assert not excuse.covers("real", Difference("case 1", "raw-1", "body.a", 1, 2))
    assert not excuse.covers("fake", Difference("a case", "raw-1", "body.a", 1, 2))
    assert not excuse.covers("fake", Difference("case 1", "envelope", "body.a", 1, 2))
    assert not excuse.covers("fake", Difference("case 1", "raw-1", "body.b", 1, 2))


def test_markers_and_names_are_unique() -> None:
    """Each case can be told from every other."""
    given = cases()
    assert len({each.name for each in given}) == len({each.marker for each in given}) == len(given)
    assert not [(one.name, other.name) for one in given for other in given if one.marker in other.name]


def test_no_excuse_is_for_everything() -> None:
    """An excuse names cases or fields."""
    assert not [each for each in EXCUSES if "*" in each.cases and "*" in each.fields]
