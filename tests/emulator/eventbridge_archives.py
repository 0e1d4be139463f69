"""EventBridge's archives: what a bus has received, replayed to the rules that a replay names.

Follows https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html

An archive is a managed rule of its bus, and a replay goes to that bus alone: to the rules of ``FilterArns``, or to all.
A replayed event has ``replay-name`` and is not archived again. That it keeps its id is assumed. More permissive than
AWS: events are in the archive at once and not after ten minutes, and none are lost to its retention.
"""

from datetime import datetime
from typing import Any

from moto.core.utils import unix_time
from moto.events.models import Archive, Replay, ReplayState, events_backends

from tests.emulator import eventbridge
from tests.emulator.moto_methods import extends


@extends(Replay)
def replay_events(self: Replay, archive: Archive) -> None:
    """Send the archived events of the replay's period again."""
    bus = events_backends[self.account_id][self.region].describe_event_bus(self.destination["Arn"])
    wanted = self.destination.get("FilterArns") or [rule.arn for rule in bus.rules.values()]
    events: list[Any] = list(archive.events)
    for event in events:
        if (
            float(self.event_start_time)
            <= datetime.fromisoformat(event["time"]).timestamp()
            <= float(self.event_end_time)
        ):
            for rule in list(bus.rules.values()):
                if rule.arn in wanted:
                    eventbridge.send(rule, {**event, "replay-name": self.name})
    self.state = ReplayState.COMPLETED
    self.end_time = unix_time()
