"""The walkthrough ends well only if everything is as it should be."""

import json

import pytest

from demo.cloud import Evaluated, Notification
from demo.walkthrough import differences

RIGHT = [
    Evaluated("i-1", "walkthrough", "COMPLIANT", "with key"),
    Evaluated("i-2", "walkthrough", "COMPLIANT", "with key"),
    Evaluated("i-3", None, "NON_COMPLIANT", "without"),
]


def mail(instance_id: str) -> Notification:
    """A notification as it arrives."""
    return Notification("mail", json.dumps({"instance": instance_id}) + "\n\n--\nfooter")


def test_nothing_differs() -> None:
    """Two COMPLIANT, one NON_COMPLIANT and one notification about it, in whatever form, is what should be."""
    assert differences(RIGHT, [mail("i-3")]) == []
    assert differences(RIGHT, [Notification("mail", "1 instance is NON_COMPLIANT: i-3")]) == []


@pytest.mark.parametrize(
    ("instances", "mails", "difference"),
    [
        (RIGHT, [], "the notifications are about nothing and should be about"),
        (RIGHT, [mail("i-1")], "the notifications are about ['i-1']"),
        (RIGHT, [mail("i-3"), mail("i-3")], "the notifications are about ['i-3', 'i-3']"),
        (RIGHT, [Notification("mail", "no JSON")], "should be about ['i-3'], once each"),
        ([Evaluated("i-3", None)], [mail("i-3")], "i-3 is not evaluated and should be NON_COMPLIANT"),
        ([Evaluated("i-3", None, "COMPLIANT")], [mail("i-3")], "i-3 is COMPLIANT and should be NON_COMPLIANT"),
    ],
    ids=["no mail", "about another", "twice", "unreadable", "not evaluated", "inverted"],
)
def test_difference_is_named(instances: list[Evaluated], mails: list[Notification], difference: str) -> None:
    """Whatever is not as it should be is named."""
    assert any(difference in each for each in differences(instances, mails))
