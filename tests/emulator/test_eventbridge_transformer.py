"""The input transformer: what a target receives of an event, and what breaks it."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws, config_control, eventbridge_transformer
from tests.support.functions import QUEUE, REGION
from tests.support.rules import DEAD, RULE, bodies, fire, queue_of, rule_of


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param({"Input": '{"a": 1}'}, '{"a": 1}', id="a constant"),
        pytest.param({"InputPath": "$.detail"}, '{"name":"value"}', id="a part"),
        pytest.param({"InputPath": "$.detail.name"}, '"value"', id="a string"),
        pytest.param({"InputPath": "$.resources[0]"}, '"arn:one"', id="an element of a list"),
    ],
)
def test_a_target_receives_what_it_asks_for(aws: EmbeddedAws, target: dict[str, Any], expected: str) -> None:
    """A target may ask for a constant or for a part of the event."""
    queue_of(aws, QUEUE)
    rule_of(aws, QUEUE, **target)
    fire(aws)
    assert bodies(aws) == [expected]


ODD = 'a "b" \\ <c>\nü'


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param('{"x": <plain>}', '{"x":"value"}', id="a string in a value's place"),
        pytest.param('{\n  "x": "is <plain>!"\n}', '{"x":"is value!"}', id="inside quotes"),
        pytest.param('{"x": "say \\"<plain>\\""}', '{"x":"say \\"value\\""}', id="inside escaped quotes"),
        pytest.param('{"x": <number>, "y": <list>}', '{"x":1.5,"y":["a",{"b":null}]}', id="number and list"),
        pytest.param('{"x": <missing>, "y": "<missing>"}', '{"x":"","y":""}', id="a missing path"),
        pytest.param('{"x": <gone>}', '{"x":""}', id="null"),
        pytest.param('{"x": <all>, "y": "<first>"}', '{"x":[1,2],"y":"1"}', id="a wildcard and an index"),
        pytest.param('"It is <plain>."', '"It is value."', id="a string keeps its quotation marks"),
        pytest.param('"It is <odd>."', f'"It is {ODD}."', id="odd characters in a string"),
        pytest.param('"It is <plain>."\n"And <number>."', '"It is value."\n"And 1.5."', id="several lines"),
        pytest.param(
            '{"a": <aws.events.rule-arn>, "b": "<aws.events.rule-name>", "c": <aws.events.event.ingestion-time>}',
            f'{{"a":"{RULE}","b":"change","c":"2026-01-02T03:04:05Z"}}',
            id="predefined",
        ),
    ],
)
def test_a_template_is_filled_in(aws: EmbeddedAws, template: str, expected: str) -> None:
    """A placeholder becomes JSON in a value's place and plain text inside quotes, and JSON is minified."""
    queue_of(aws, QUEUE)
    paths = {name: f"$.detail.{name}" for name in ("plain", "odd", "number", "list", "missing", "gone")}
    paths |= {"all": "$.detail.objects[*].n", "first": "$.detail.objects[0].n"}
    rule_of(aws, QUEUE, InputTransformer={"InputPathsMap": paths, "InputTemplate": template})
    detail = {"plain": "value", "odd": ODD, "number": 1.5, "list": ["a", {"b": None}], "gone": None}
    fire(aws, detail | {"objects": [{"n": 1}, {"n": 2}]})
    assert bodies(aws) == [expected]


def test_the_event_itself_can_stand_in_a_template(aws: EmbeddedAws) -> None:
    """Of the predefined variables, event.json is the whole event, and event lacks its detail and renames its type."""
    queue_of(aws, QUEUE)
    template = '{"all": <aws.events.event.json>, "most": <aws.events.event>}'
    rule_of(aws, QUEUE, InputTransformer={"InputTemplate": template})
    fire(aws)
    document = json.loads(bodies(aws)[0])
    assert document["all"].pop("detail") == {"name": "value"}
    document["all"]["detailType"] = document["all"].pop("detail-type")
    assert document["most"] == document["all"]


@pytest.mark.parametrize("place", ["<odd>", '"<odd>"'])
@pytest.mark.parametrize(
    "odd",
    [
        pytest.param('say "x"', id="quotation mark"),
        pytest.param("a\\c", id="backslash"),
        pytest.param("a\nb", id="line"),
    ],
)
@pytest.mark.parametrize("kept", [False, True])
def test_what_breaks_a_json_template_is_not_delivered(aws: EmbeddedAws, place: str, odd: str, kept: bool) -> None:  # noqa: FBT001
    """No value is escaped; one that leaves no JSON loses the event, or makes it a dead letter where a test says so."""
    queue_of(aws, QUEUE)
    queue_of(aws, DEAD)
    given = {"InputPathsMap": {"odd": "$.detail.odd"}, "InputTemplate": f'{{"x": {place}}}'}
    rule_of(aws, QUEUE, InputTransformer=given, DeadLetterConfig={"Arn": DEAD})
    if kept:
        config_control.keep_invalid_json(REGION)
    fire(aws, {"odd": odd})
    assert (bodies(aws), len(bodies(aws, DEAD))) == ([], int(kept))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.detail.list[1]", 2),
        ("$.detail.list[*]", [1, 2]),
        ("$.detail.objects[*].id", ["a", "b"]),
        ("$.detail.*.id", ["c"]),
        ("$.detail.list[9]", None),
        ("$.detail.none[*].id", []),
    ],
)
def test_a_path_takes_indices_and_wildcards(path: str, expected: object) -> None:
    """A path leads to one value, or with a wildcard to a list of all that it finds."""
    detail = {"list": [1, 2], "objects": [{"id": "a"}, {"id": "b"}], "one": {"id": "c"}}
    assert eventbridge_transformer.value_at({"detail": detail}, path) == expected


# What PutTargets refuses


@pytest.mark.parametrize(
    ("target", "message"),
    [
        pytest.param(
            {"InputTransformer": {"InputPathsMap": {"a": "$.id"}, "InputTemplate": '"<a> <b>"'}},
            "InputTemplate for target it contains invalid placeholder b",
            id="a placeholder that is not defined",
        ),
        pytest.param(
            {"InputTransformer": {"InputTemplate": '"<aws.events.other>"'}},
            "invalid placeholder aws.events.other",
            id="a predefined variable that there is not",
        ),
        pytest.param({"InputTransformer": {"InputTemplate": '"' + "x" * 8191 + '"'}}, "8192", id="a long template"),
        pytest.param(
            {"InputTransformer": {"InputPathsMap": {f"p{n}": "$.id" for n in range(101)}, "InputTemplate": '"x"'}},
            "100 paths",
            id="many paths",
        ),
        pytest.param({"InputTransformer": {"InputTemplate": "no quotes"}}, "Invalid InputTemplate", id="no JSON"),
        pytest.param(
            {"InputTransformer": {"InputPathsMap": {"a.b": "$.id"}, "InputTemplate": '"<a.b>"'}},
            "invalid name a.b",
            id="a path's name that is none",
        ),
        pytest.param(
            {"InputTransformer": {"InputPathsMap": {"a": "$.id"}, "InputTemplate": "{<a>: 1}"}},
            "Invalid InputTemplate",
            id="a placeholder for a key",
        ),
        pytest.param({"Input": "text"}, "not a valid JSON text", id="a constant that is no JSON"),
        pytest.param(
            {"DeadLetterConfig": {"Arn": DEAD + ".fifo"}}, "SQS FIFO is not supported", id="FIFO dead letters"
        ),
        pytest.param({"Input": "{}", "InputPath": "$"}, "Only one of Input", id="two kinds of input"),
        pytest.param({"RoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/r"}, "RoleArn is not supported", id="a role"),
    ],
)
def test_a_bad_target_is_refused(aws: EmbeddedAws, target: dict[str, Any], message: str) -> None:
    """PutTargets refuses what could never be delivered, and says why."""
    with pytest.raises(ClientError, match=message):
        rule_of(aws, QUEUE, **target)


def test_a_rule_has_at_most_five_targets(aws: EmbeddedAws) -> None:
    """The sixth target of a rule is refused, and one that is there already can be put again."""
    client = aws.client("events", REGION)
    client.put_rule(Name="change", EventPattern='{"source": ["test"]}')
    targets = [{"Id": str(number), "Arn": QUEUE} for number in range(6)]
    client.put_targets(Rule="change", Targets=targets[:5])
    client.put_targets(Rule="change", Targets=targets[:1])
    with pytest.raises(ClientError, match="LimitExceededException"):
        client.put_targets(Rule="change", Targets=targets[5:])
