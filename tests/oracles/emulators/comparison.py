"""What arrived in the queues of an emulator, and in what two emulators differ."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The fields of an envelope or event that every emulator makes up by itself: only whether they are there counts.
MADE_UP = {"MessageId", "Signature", "SigningCertURL", "Timestamp", "UnsubscribeURL", "id"}
UNKNOWN = "of no case"
NUMBER = "how many arrived"
ORDER = "the order of the fields"

# What a case brought into a queue: its messages' fields by their paths.
Fields = Mapping[str, Any]
Deliveries = Mapping[tuple[str, str], Sequence[Fields]]


@dataclass(frozen=True, slots=True)
class Difference:
    """In what the judge's delivery of a case into a queue differs from that of the embedded AWS."""

    case: str
    queue: str
    field: str
    ours: Any
    theirs: Any

    def __str__(self) -> str:
        return f"{self.case} → {self.queue}, {self.field}: here {self.ours!r}, there {self.theirs!r}"


def deliveries(queues: Mapping[str, Sequence[Mapping[str, Any]]], markers: Mapping[str, str]) -> Deliveries:
    """Sort what lay in the queues by the cases that it came of.

    Args:
        queues: the messages of each queue, as ReceiveMessage returns them.
        markers: the case of each marker.
    """
    found: dict[tuple[str, str], list[Fields]] = defaultdict(list)
    for queue, messages in queues.items():
        for message in messages:
            case = next((name for marker, name in markers.items() if marker in message["Body"]), UNKNOWN)
            found[case, queue].append(fields(message))
    return {key: sorted(each, key=repr) for key, each in found.items()}


def fields(message: Mapping[str, Any]) -> Fields:
    """The fields of a message: those of its body, if that is JSON, and its attributes."""
    found = dict(_flat("body", _parsed(message["Body"])))
    for name, attribute in message.get("MessageAttributes", {}).items():
        found[f"attribute {name}"] = (attribute["DataType"], attribute.get("StringValue"))
    return found


def differences(ours: Deliveries, theirs: Deliveries) -> list[Difference]:
    """In what two emulators differ."""
    found = []
    for case, queue in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get((case, queue), []), theirs.get((case, queue), [])
        if len(here) != len(there):
            found.append(Difference(case, queue, NUMBER, len(here), len(there)))
            continue
        for one, other in zip(here, there, strict=True):
            found += [
                Difference(case, queue, name, one.get(name), other.get(name))
                for name in sorted(one.keys() | other.keys())
                if one.get(name) != other.get(name)
            ]
    return found


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _flat(path: str, document: Any) -> Iterator[tuple[str, Any]]:
    """The leaves of a document by their paths; a message within an envelope is a document of its own."""
    if not isinstance(document, dict):
        yield path, document
        return
    # Of an envelope or an event only programs read the fields, and in any order.
    if not MADE_UP & document.keys():
        yield f"{path}, {ORDER}", list(document)
    for name, value in document.items():
        inner = f"{path}.{name}"
        if name in MADE_UP:
            yield inner, bool(value)
        elif name == "Message":
            yield from _flat(inner, _parsed(value))
        else:
            yield from _leaves(inner, value)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield path, value
        return
    for name, inner in value.items():
        yield from _leaves(f"{path}.{name}", inner)
