"""Finds and removes what the walkthrough creates in a real account beside a monitor, by tag or name.

Lists and tags are eventually consistent: a new resource may not be listed yet, and a removed one may still be listed.
So this module looks more than once, remembers what was created, and removes nothing twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from demo.cloud import TAG_KEY, TEMPORARY, Clock
from demo.readiness import explain

# A subscription has no tags. It is recognised by the name of its queue.
QUEUE_PREFIX = f"{TAG_KEY}-inbox-"
LIVING = ["pending", "running", "stopping", "stopped"]
GONE = ("InvalidInstanceID.NotFound", "InvalidKeyPair.NotFound", "NonExistentQueue", "QueueDoesNotExist", "NotFound")
LOOKS, PAUSE_SECONDS = 5, 5.0


@dataclass(frozen=True, slots=True)
class Thing:
    """A resource to remove. Its name is the API's identifier."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Temporary:
    """The temporary resources of one region. ``remaining`` says why a resource could not be removed."""

    def __init__(self, client: Callable[[str], Any], clock: Clock) -> None:
        self._ec2, self._sns, self._sqs = client("ec2"), client("sns"), client("sqs")
        self._clock = clock
        self._made: set[Thing] = set()
        self._tagged = [{"Name": f"tag:{key}", "Values": [value]} for key, value in TEMPORARY.items()]
        # In the order of removal, so that no notification is lost and no instance runs longer than necessary.
        self._finders: dict[str, Callable[[], Iterator[str]]] = {
            "subscription": self._subscriptions,
            "instance": self._instances,
            "key pair": self._key_pairs,
            "queue": self._queues,
        }
        self._removers: dict[str, Callable[[str], Any]] = {
            "subscription": lambda name: self._sns.unsubscribe(SubscriptionArn=name),
            "instance": lambda name: self._ec2.terminate_instances(InstanceIds=[name]),
            "key pair": lambda name: self._ec2.delete_key_pair(KeyName=name),
            "queue": lambda name: self._sqs.delete_queue(QueueUrl=name),
        }

    def made(self, kind: str, name: str) -> None:
        """Note what was created."""
        self._made.add(Thing(kind, name))

    def find(self) -> list[Thing]:
        """Return the resources of this run and of earlier ones."""
        return [Thing(kind, name) for kind, finder in self._finders.items() for name in finder()]

    def remove(self) -> list[str]:
        """Remove everything. A failed removal does not stop the others. Returns what remains, and why."""
        removed: set[Thing] = set()
        remaining: list[str] = []
        for look in range(LOOKS):
            if look:
                self._clock.sleep(PAUSE_SECONDS)
            found, remaining = self._look()
            pending = [thing for thing in found if thing not in removed]
            for thing in pending:
                if problem := self._try(thing):
                    remaining.append(f"{thing} ({problem})")
                else:
                    removed.add(thing)
            if look and not pending and not remaining:
                break
        return remaining

    def _look(self) -> tuple[list[Thing], list[str]]:
        """Return created and found resources in the order of removal, and the kinds that could not be listed."""
        found, problems = [], []
        for kind, finder in self._finders.items():
            names = {thing.name for thing in self._made if thing.kind == kind}
            try:
                names.update(finder())
            except (BotoCoreError, ClientError) as error:
                problems.append(f"perhaps a {kind}, which could not be looked for ({explain(error)})")
            found += [Thing(kind, name) for name in sorted(names)]
        return found, problems

    def _try(self, thing: Thing) -> str | None:
        """Remove one resource. Returns why it could not be removed."""
        try:
            self._removers[thing.kind](thing.name)
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            return None if any(each in code for each in GONE) else explain(error)
        except BotoCoreError as error:
            return explain(error)
        return None

    def _subscriptions(self) -> Iterator[str]:
        for page in self._sns.get_paginator("list_subscriptions").paginate():
            for each in page["Subscriptions"]:
                is_ours = each["Protocol"] == "sqs" and each["Endpoint"].split(":")[-1].startswith(QUEUE_PREFIX)
                if is_ours and each["SubscriptionArn"].startswith("arn:"):
                    yield each["SubscriptionArn"]

    def _instances(self) -> Iterator[str]:
        living = {"Name": "instance-state-name", "Values": LIVING}
        for page in self._ec2.get_paginator("describe_instances").paginate(Filters=[*self._tagged, living]):
            for reservation in page["Reservations"]:
                for each in reservation["Instances"]:
                    yield each["InstanceId"]

    def _key_pairs(self) -> Iterator[str]:
        for each in self._ec2.describe_key_pairs(Filters=self._tagged)["KeyPairs"]:
            yield each["KeyName"]

    def _queues(self) -> Iterator[str]:
        for page in self._sqs.get_paginator("list_queues").paginate(QueueNamePrefix=QUEUE_PREFIX):
            yield from page.get("QueueUrls", [])
