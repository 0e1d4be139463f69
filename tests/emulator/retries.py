"""Retry policies of EventBridge and EventBridge Scheduler: when an event is tried again, and when it is given up.

- https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
- https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html

AWS does not document the pauses between attempts. Here a pause doubles from a second to eight minutes, so that 185
retries take a day.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

DEFAULT = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
LONGEST_PAUSE = timedelta(minutes=8)


class Attempts:
    """The attempts to deliver one event to a target.

    Attributes:
        retries: how often the event was tried again.
        passed: the time from the first attempt to this one.
    """

    def __init__(self, target: Mapping[str, Any]) -> None:
        self.retries = 0
        self.passed = timedelta()
        self._pause = timedelta(seconds=1)
        self._policy = DEFAULT | target.get("RetryPolicy", {})

    def go_on(self) -> str:
        """Go on to the next attempt, or return the limit of the retry policy that forbids it."""
        if self.retries == self._policy["MaximumRetryAttempts"]:
            return "MaximumRetryAttempts"
        if self.passed + self._pause > timedelta(seconds=self._policy["MaximumEventAgeInSeconds"]):
            return "MaximumEventAgeInSeconds"
        self.retries += 1
        self.passed += self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return ""
