"""Controls for tests: what can happen in AWS Config without an API call."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from moto.events.models import events_backends

from tests.emulator.accounts import ACCOUNT_ID
from tests.emulator.config_inventory import Flaws, flaws_of
from tests.emulator.config_store import Item, Store, backend_of, iso, now, store_of
from tests.emulator.ec2 import INSTANCE


def store(region: str, account: str = ACCOUNT_ID) -> Store:
    """What AWS Config knows in a region."""
    return store_of(backend_of(region, account))


def history_of(region: str, resource_id: str, account: str = ACCOUNT_ID) -> list[Item]:
    """The recorded items of an instance, oldest first."""
    return list(store(region, account).items[INSTANCE, resource_id])


def verdicts_of(region: str, rule_name: str, account: str = ACCOUNT_ID) -> dict[str, str]:
    """The rule's verdict on each resource."""
    results = store(region, account).results.values()
    return {each.resource_id: each.compliance_type for each in results if each.rule_name == rule_name}


def send_oversized(region: str, resource_id: str) -> None:
    """Announce the resource's items by their summary from now on, as if they were too large to be sent."""
    store(region).oversized.add(resource_id)


def refuse_calls(region: str, *, deleting: int = 0, evaluating: int = 0) -> None:
    """Set how many calls are refused while a rule's results are deleted, and after an evaluation on demand."""
    vars(backend_of(region))["embedded_refusals"] = {"DELETING_RESULTS": deleting, "EVALUATING": evaluating}


def drop_deliveries(region: str, resource_ids: Iterable[str]) -> None:
    """Record the resources' changes without invoking any rule: AWS Config's delivery is best effort."""
    store(region).dropped.update(resource_ids)


def flaws(region: str) -> Flaws:
    """Return the flaws of a region's inventory, for a test to change."""
    return flaws_of(backend_of(region))


def mend(region: str) -> None:
    """Remove all flaws of the inventory."""
    backend_of(region).__dict__.pop("embedded_flaws", None)


def age(region: str, resource_id: str, by: timedelta) -> None:
    """Move the recording and the results of an instance into the past."""
    items = store(region).items
    items[INSTANCE, resource_id] = [
        replace(item, captured_at=item.captured_at - by) for item in items[INSTANCE, resource_id]
    ]
    for key, result in store(region).results.items():
        if key[2] == resource_id:
            store(region).results[key] = replace(result, ordering_timestamp=result.ordering_timestamp - by)


def forget_everything(region: str) -> None:
    """Empty the inventory, every history and the results of every rule."""
    store(region).items.clear()
    store(region).results.clear()


def forget_history(region: str, resource_id: str, *, discovered: bool = True) -> None:
    """Empty the history of an instance, as if its item had not arrived yet.

    AWS does not say whether it then knows the resource at all. ``discovered`` sets whether it does.
    """
    if discovered:
        store(region).items[INSTANCE, resource_id].clear()
    else:
        del store(region).items[INSTANCE, resource_id]


def make_unreadable(region: str, resource_id: str) -> None:
    """Record an instance once more, with a key name that is no text."""
    history = store(region).items[INSTANCE, resource_id]
    history.append(replace(history[-1], configuration={**(history[-1].configuration or {}), "keyName": 42}))


def delete_result(region: str, resource_id: str) -> None:
    """Delete the results of a resource, as if its event had been lost."""
    results = store(region).results
    for key in [key for key in results if key[2] == resource_id]:
        del results[key]


def enforce_order(region: str, enforced: bool) -> None:  # noqa: FBT001
    """Keep results from being replaced by ones with an older ordering timestamp, or take whatever is reported last.

    AWS documents neither.
    """
    store(region).enforces_order = enforced


def renew_results(region: str, renewed: bool) -> None:  # noqa: FBT001
    """Give a repeated verdict a new recording time, or keep that of the first. AWS documents neither."""
    store(region).renews_results = renewed


def use_expired_tokens(region: str, times: int) -> None:
    """Let the next invocations carry a result token that has expired."""
    store(region).expired_tokens = times


@contextmanager
def whole_seconds(region: str) -> Iterator[None]:
    """Round all times in calls to whole seconds, as older releases of botocore do."""
    store(region).whole_seconds = True
    try:
        yield
    finally:
        store(region).whole_seconds = False


def fail_evaluations(region: str, resource_id: str, times: int) -> None:
    """Reject the next evaluations of a resource."""
    store(region).failing.extend([resource_id] * times)


def keep_invalid_json(region: str) -> None:
    """Let an event that breaks a target's JSON template become a dead letter; AWS does not say whether it does."""
    vars(events_backends[ACCOUNT_ID][region])["embedded_keeps_invalid_json"] = True


def without_configuration(item: Item) -> Item:
    """Return an item without the configuration that it should have."""
    return replace(item, configuration=None, captured_at=item.captured_at + timedelta(seconds=1))


def add_instances(region: str, count: int, account: str = ACCOUNT_ID) -> dict[str, str]:
    """Record a fleet without invoking any rule. Returns the expected verdict of each instance.

    Of ten instances one has no key pair, one a key pair that examples/complete does not allow, and one is exempt.
    """
    expected = {}
    for number in range(count):
        instance_id = f"i-{number:017x}"
        kind = number % 10
        key_name = None if kind in (0, 2) else "mine" if kind == 1 else "ops-fleet"
        tags = {"karpenter.sh/nodepool": "default"} if kind == 2 else {}
        configuration = {"instanceId": instance_id, "state": {"code": 16, "name": "running"}}
        configuration |= {"keyName": key_name} if key_name else {}
        resource = {"arn": f"arn:aws:ec2:{region}:{account}:instance/{instance_id}", "creationTime": iso(now())}
        item = Item(INSTANCE, instance_id, "OK", now(), configuration, tags, resource)
        store(region, account).items[INSTANCE, instance_id] = [item]
        expected[instance_id] = "NON_COMPLIANT" if kind in (0, 1) else "COMPLIANT"
    return expected
