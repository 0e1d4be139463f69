"""Judges a plan: which resources count, what each would launch, and which definitions no resource uses."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from ec2_key_pair_monitor.compliance import Policy
from ec2_key_pair_monitor.plan.launch import Judge, Judgement, either, worst
from ec2_key_pair_monitor.plan.launchers import DEFINITIONS, LAUNCHERS, Launchers, OutOfScope, Slot
from ec2_key_pair_monitor.plan.resources import Resource
from ec2_key_pair_monitor.plan.scope import out_of_scope
from ec2_key_pair_monitor.report import Judged, Report, Result, Skipped

_REMOVED = "The plan only removes it."
_UNCHANGED = "The plan does not change it."
_DEFERRED = "Terraform defers it to a later plan."
_PARTIAL = "The plan is partial (-target, or deferred changes): what it leaves out is not judged."


def judge_plan(plan: Mapping[str, Any], policy: Policy, today: date) -> Report:
    """Judge everything in a plan that launches EC2 instances or defines how.

    Args:
        plan: what ``terraform show -json`` writes.
        policy: the policy to judge by.
        today: the UTC date to compare exemption dates with.
    """
    judgement = _PlanJudgement(plan, Judge(policy, today))
    judgement.judge_launchers()
    judgement.judge_definitions()
    return judgement.report([_PARTIAL] if plan.get("complete") is False else [])


class _PlanJudgement:
    def __init__(self, plan: Mapping[str, Any], judge: Judge) -> None:
        self._judge = judge
        self._judged: dict[str, Judged] = {}
        self._skipped: dict[str, Skipped] = {}
        # Definitions, and one resource that launches from each.
        self._users: dict[str, str] = {}
        self._order: dict[str, None] = {}
        self._resources: dict[str, Resource] = {}
        for change in plan.get("resource_changes", ()):
            if change.get("mode") == "managed" and "deposed" not in change:
                self._add(change)
        for change in plan.get("deferred_changes", ()):
            inner = change.get("resource_change") or {}
            if inner.get("type") in LAUNCHERS | DEFINITIONS:
                self._skip(inner["type"], inner["address"], _DEFERRED)
                self._order.setdefault(inner["address"])
        self._launchers = Launchers(plan, self._resources)

    def judge_launchers(self) -> None:
        """Judge the resources that launch instances, and note the definitions that they use."""
        for address, resource in self._resources.items():
            if resource.type in DEFINITIONS:
                continue
            if resource.is_gone:
                self._skip(resource.type, address, _REMOVED)
                continue
            try:
                uses = self._launchers.uses(resource)
            except OutOfScope as error:
                self._skip(resource.type, address, str(error))
                continue
            counts = resource.is_launched or uses.is_changing
            for each in uses.follows:
                self._users[each] = address if counts else self._users.get(each, address)
            if counts:
                verdict, reason = worst(self._judge_slot(each) for each in uses.slots)
                self._judged[address] = Judged(address, verdict, reason, uses.follows)
            else:
                self._skip(resource.type, address, _UNCHANGED)

    def judge_definitions(self) -> None:
        """Judge the definitions that no resource in the plan uses."""
        for address, resource in self._resources.items():
            if resource.type not in DEFINITIONS:
                continue
            user = self._users.get(address)
            if not resource.is_launched:
                if user not in self._judged:
                    self._skip(resource.type, address, _REMOVED if resource.is_gone else _UNCHANGED)
            elif user is None:
                verdict, reason = self._judge.judge(self._launchers.definition(resource))
                self._judged[address] = Judged(address, verdict, reason)
            elif user not in self._judged:
                self._skip(resource.type, address, f"{user} uses it, and goes on launching what it did.")

    def report(self, notes: list[str]) -> Report:
        """Return all results in the plan's order."""
        return Report(
            [self._judged[each] for each in self._order if each in self._judged],
            [self._skipped[each] for each in self._order if each in self._skipped],
            notes,
        )

    def _add(self, change: Mapping[str, Any]) -> None:
        address = change["address"]
        if change["type"] in LAUNCHERS or change["type"] in DEFINITIONS:
            self._resources[address] = Resource(change)
            self._order[address] = None
        elif reason := out_of_scope(change):
            self._skip(change["type"], address, reason)
            self._order[address] = None

    def _skip(self, kind: str, address: str, reason: str) -> None:
        self._skipped[address] = Skipped(kind, address, reason)

    def _judge_slot(self, slot: Slot) -> Judgement:
        if isinstance(slot, str):
            return Judgement(Result.UNKNOWN, slot)
        return either(self._judge.judge(each) for each in slot)
