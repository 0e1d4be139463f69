"""Inputs that are refused at plan time: AWS would refuse them in the apply, or they would silently have no effect."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.cases import RefuseEach
from tests.support.policies import ACCOUNT
from tests.support.terraform import Plan, Root, TerraformError

REGION = "eu-central-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"


Refused = Mapping[str, list[str]]

FINE = ""

# Terraform reports every variable that is wrong, so each case tries one bad value of many variables at once. Each
# message must name the rule, an example and, of a collection, what is bad and nothing else.
BAD: dict[str, dict[str, tuple[Any, str]]] = {
    # What modules/notifications refuses shows only once the root's own validations pass.
    "bad_notifications": {
        "notification_emails": ([None], "notification_emails must not hold null, but addresses such as"),
        "subscriptions": ({"x": {"protocol": "sqs", "filter_polcy": "{}"}}, "; invalid: x.filter_polcy"),
    },
    "bad_1": {
        "alarm_topic_arns": ([TOPIC, "on-call"], f'such as ["arn:aws:sns:{REGION}:{ACCOUNT}:on-call"]; invalid: ["on-'),
        "allowed_key_names": (["ops", " "], 'such as "ops-*" or "break glass"; invalid: [" "]'),
        "evaluation_frequency": ("Daily", "evaluation_frequency must be null or one of One_Hour"),
        "exempt_tags": ({"ok": "", "a": " "}, 'such as { "Cost Center" = "*" }; invalid: {"a":" "}'),
        "kms_key": ({"arn": "alias/x"}, f"the ARN of a key in {REGION}, and not of an alias, such as {{ arn = "),
        "log_retention_days": (42, "log_retention_days must be a retention that CloudWatch Logs offers: 1, 3, 5"),
        "name": ("key.pairs", "name must consist of letters, digits, hyphens and underscores"),
        "notify_on": ([], "notify_on must name at least one verdict"),
        "permissions_boundary_arn": ("boundary", "permissions_boundary_arn must be null or the ARN of an IAM policy"),
        "subscriptions": ({"ok": None, "x": None}, "subscriptions must not hold null. Leave the name out; invalid: ok"),
        "tags": ({"ok": "", "AWS:x": "y"}, 'do not start with aws:, such as { team = "security" }; invalid: ["AWS:x"]'),
    },
    "bad_2": {
        "digest_window_seconds": (301, "digest_window_seconds must be null or a whole number"),
        "kms_key": ({"arn": ""}, "kms_key must be null or hold"),
        "tags": ({f"k{n}": "" for n in range(51)}, "tags must be 50 at most"),
        "alarm_topic_arns": ([f"{TOPIC}.fifo"], "ARNs of standard SNS topics"),
        "allowed_key_names": (["", " ops", "ops ", "ops", "öps"], 'invalid: [""," ops","ops ","öps"]'),
        "exempt_tags": ({" ": "c", "*": "", "ok": "*"}, 'a pattern, such as { "Cost Center" = "*" }; invalid: [" ","'),
        "exempt_until_tag_key": ("until", "exempt_until_tag_key needs evaluation_frequency"),
        "log_retention_days": (0, "log_retention_days must be"),
        "name": ("k" * 42, f"name has 42 characters and may have at most 41 in {REGION}"),
        "notify_on": (["NON_COMPLIANT", "FAIL"], 'such as ["NON_COMPLIANT"]; invalid: ["FAIL"]'),
        "permissions_boundary_arn": (f"arn:aws:iam::{ACCOUNT}:role/x", "permissions_boundary_arn must be null or"),
    },
    "bad_3": {
        "allowed_key_names": (["key-0123456789abcdef0", "key-ring"], 'neither IDs nor ARNs of key pairs; invalid: ["'),
        "digest_window_seconds": (0, "digest_window_seconds must be null or a whole number"),
        "name": ("key-pairs-non", 'name must not end in -non or -notification: one of its event rules would replace'),
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#case-sensitivity
        "tags": ({"Team": "a", "team": "b", "ok": "c"}, 'because IAM takes others for one key; invalid: ["Team","te'),
        "kms_key": ({"arn": KEY.replace("aws", "aws-cn")}, f"such as {{ arn = \"arn:aws:kms:{REGION}:{ACCOUNT}:key/"),
        "permissions_boundary_arn": ("arn:aws:iam::999999999999:policy/x", "an IAM policy of AWS or of this account"),
        "alarm_topic_arns": ([TOPIC.replace("aws", "aws-cn")], "alarm_topic_arns must be null or a list of ARNs"),
        "exempt_until_tag_key": ("AWS:until", 'does not start with aws:, such as "key-pair-exempt-until"; invalid: "A'),
        "evaluation_frequency": ("One_Hour", FINE),
        "exempt_tags": ({"karpenter.sh/*": "*", "ok": "*"}, 'invalid: ["karpenter.sh/*"]'),
    },
    "bad_4": {
        "evaluation_frequency": ("Three_Hours", FINE),
        "exempt_tags": ({"": "x"}, "exempt_tags must have keys of 1 to 128 characters"),
        "exempt_until_tag_key": (" ", 'such as "key-pair-exempt-until"; invalid: " "'),
        "name": ("", "name must consist of"),
        "alarm_topic_arns": ([f"{TOPIC}{n}" for n in range(6)], "alarm_topic_arns must have at most five topics"),
        "digest_window_seconds": (0.5, "digest_window_seconds must be null or a whole number from 1 to 300"),
        "kms_key": ({"arn": KEY.replace(REGION, "us-east-1")}, f"the ARN of a key in {REGION}"),
        "tags": ({"ok": "a", "no": "|"}, 'such as { team = "security" }; invalid: {"no":"|"}'),
        "notify_on": (["non_compliant"], "notify_on must hold nothing but"),
        "permissions_boundary_arn": (
            f"arn:aws-cn:iam::{ACCOUNT}:policy/x", f'such as "arn:aws:iam::{ACCOUNT}:policy/boundary"; invalid: "arn'
        ),
    },
    "bad_5": {"name": ("key-pairs-notification", 'one of a module named without that ending. Take "key-pairs".')},
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input(refused: Refused, case: str) -> None:
    """A bad input is refused with one message, which names the variable, the rule, what is bad and what is right."""
    messages, bad = refused[case], BAD[case]

    missing = [message for _, message in bad.values() if not any(message in each for each in messages)]
    assert not missing, messages
    assert len(messages) == sum(message != FINE for _, message in bad.values())


TOGETHER: dict[str, tuple[dict[str, Any], str]] = {
    "own_topic_for_alarms": (
        {"alarm_topic_arns": [f"arn:aws:sns:{REGION}:{ACCOUNT}:ec2-key-pair-monitor"]},
        "alarm_topic_arns must not name the module's own topic",
    ),
    "date_that_does_not_count": (
        {"evaluation_frequency": "One_Hour", "exempt_tags": {"until": "*"}, "exempt_until_tag_key": "until"},
        "exempt_until_tag_key must not be a key of exempt_tags",
    ),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_bad_together(refused: Refused, case: str) -> None:
    """Inputs that are useless together are refused: the own topic for alarms, and a date that does not count."""
    [found] = refused[case]

    assert TOGETHER[case][1] in found


RULE = {"allowed_key_names": [f"a-rather-long-key-name-{n}" for n in range(40)], "config_recorder_name": ""}


def test_what_only_the_rule_refuses(refused: Refused) -> None:
    """A blank recorder, and parameters that AWS Config would refuse, are refused at plan time with what is right."""
    messages = "\n".join(refused["rule"])

    assert "config_recorder_name must be null or the name of a recorder, such as" in messages
    assert re.search(r"make \d{4} characters of AWS Config rule parameters and may make 1024", messages)


# Addresses by RFC 5321, and what people type by mistake.
BAD_ADDRESSES = (
    "nobody", "@example.com", "@-example", "a@", "a@example", "a..b@example.com", ".a@example.com", "a.@example.com",
    "a@-example.com", "a@example-.com", "a@example..com", "a@.example.com", f"{'a' * 65}@example.com",
    f"a@{'b' * 64}.com", f"a@{'b.' * 95}com", "a b@example.com", "a@b.example, c@d.example", "mailto:ops@example.com",
    'ops@example.com"', "öps@example.com", "ops@localhost", "ops@10.0.0.1",
    "<ops@example.com>", "ops@example.com ", "",
)  # fmt: skip


TWINS = ("ops@example.com", "Ops@Example.com")


def test_bad_addresses(refused: Refused) -> None:
    """Each address that is none, and each that differs from another in case only, has a message of its own."""
    messages = refused["addresses"]

    assert sorted(each.rpartition("; invalid: ")[2].strip(".") for each in messages) == sorted(
        json.dumps(address, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
        for address in (*BAD_ADDRESSES, *TWINS)
    )
    assert sum('must hold plain e-mail addresses such as "security@example.com"' in each for each in messages) == len(
        BAD_ADDRESSES
    )


def sqs(name: str, **fields: Any) -> dict[str, Any]:
    """A subscription that has these fields, and else is right."""
    return {"protocol": "sqs", "endpoint": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"} | fields


def filtered(name: str, policy: Any, **fields: Any) -> dict[str, Any]:
    """A subscription with a filter."""
    return sqs(name, filter_policy=policy if isinstance(policy, str) else json.dumps(policy), **fields)


PROTOCOL = "must have one of the protocols email, https, lambda, sms, sqs, such as { protocol ="
ENDPOINT = "must have an endpoint that fits the protocol, such as "
TWICE = "has the protocol and endpoint of another subscription"
BOTH = "has an address that notification_emails has too"
NOT_RAW = "can have raw_message_delivery = true with the protocols https and sqs only"
NO_JSON = 'must have a filter_policy that is a JSON object with a key, such as jsonencode({ verdict = ["NON_CO'
ON_BODY = "can filter on message attributes only with digest_window_seconds or report_schedule"
ON_ATTRIBUTES = "can filter a digest on its message attributes only, because the text of an e-mail is no JSON"
NO_KEY = "filters on keys that no message has, so that nothing would arrive. Filter on "
CONDITIONS = "must filter each key by a list of values or of operators with one name each, such as jsonencode({ verdict"
NO_VERDICT = "filters on verdicts that are not notified, so that nothing would arrive. Filter on some of COMPLIANT, "
CHAT = "has the webhook of a chat, which does not confirm subscriptions, so that nothing would arrive"
TOO_MUCH = "must have a filter_policy of at most five keys, whose numbers of values make at most 150"

BAD_SUBSCRIPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "empty": ({}, PROTOCOL),
    "http": ({"protocol": "http", "endpoint": "http://example.com"}, PROTOCOL),
    "email-json": ({"protocol": "email-json", "endpoint": "ops@example.com"}, PROTOCOL),
    "without-protocol": ({"endpoint": "a@example.com"}, PROTOCOL),
    "without-endpoint": ({"protocol": "email"}, f'{ENDPOINT}"audit@example.com"'),
    "address": ({"protocol": "email", "endpoint": "ops"}, f'{ENDPOINT}"audit@example.com"'),
    "dots": ({"protocol": "email", "endpoint": "a..b@example.com"}, f'{ENDPOINT}"audit@example.com"'),
    "no-tls": ({"protocol": "https", "endpoint": "http://example.com"}, f'{ENDPOINT}"https://pager.example.com'),
    "intranet": ({"protocol": "https", "endpoint": "https://pager/sns"}, f'{ENDPOINT}"https://pager.example.com'),
    "slack": ({"protocol": "https", "endpoint": "https://hooks.slack.com/services/T0/B0/x"}, CHAT),
    "teams": ({"protocol": "https", "endpoint": "https://contoso.webhook.office.com/webhookb2/x"}, CHAT),
    "function": (sqs("a", protocol="lambda"), f'{ENDPOINT}"arn:aws:lambda:{REGION}:{ACCOUNT}:function:triage"'),
    "national": ({"protocol": "sms", "endpoint": "015112345678"}, f'{ENDPOINT}"+4915112345678"'),
    "fifo": (sqs("a.fifo"), f'{ENDPOINT}"arn:aws:sqs:{REGION}:{ACCOUNT}:tickets"'),
    "url": ({"protocol": "sqs", "endpoint": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/a"}, ENDPOINT),
    "partition": (sqs("a", endpoint=f"arn:aws-cn:sqs:cn-north-1:{ACCOUNT}:a"), ENDPOINT),
    "twin": (sqs("twins"), TWICE),
    "other-twin": (sqs("twins", filter_policy='{"verdict": ["COMPLIANT"]}'), TWICE),
    "cased": ({"protocol": "email", "endpoint": "audit@example.com"}, TWICE),
    "other-cased": ({"protocol": "email", "endpoint": "AUDIT@example.com"}, TWICE),
    "in-both": ({"protocol": "email", "endpoint": "Security@example.com"}, BOTH),
    "raw-sms": ({"protocol": "sms", "endpoint": "+4915112345678", "raw_message_delivery": True}, NOT_RAW),
    "raw-word": (sqs("raw-word", raw_message_delivery="yes"), NOT_RAW),
    "text": (filtered("text", "verdict"), NO_JSON),
    "list": (filtered("list", [{"verdict": ["COMPLIANT"]}]), NO_JSON),
    "nothing": (filtered("nothing", {}), NO_JSON),
    "no-or": (filtered("no-or", {"$or": "verdict"}), NO_JSON),
    "attributes": (
        filtered("attributes", {"verdict": ["COMPLIANT"]}, filter_policy_scope="MessageAttributes"),
        ON_BODY,
    ),
    "no-scope": (filtered("no-scope", {"verdict": ["COMPLIANT"]}, filter_policy_scope="Body"), ON_BODY),
    "key": (filtered("key", {"severity": ["HIGH"]}), f"{NO_KEY}account, annotation, console, instance, region, rule"),
    "digest-key": (filtered("digest-key", {"verdicts": ["COMPLIANT"]}), NO_KEY),
    "event-key": (filtered("event-key", {"detail": ["x"]}), NO_KEY),
    "or-key": (filtered("or-key", {"$or": [{"verdict": ["COMPLIANT"]}, {"severity": ["HIGH"]}]}), NO_KEY),
    "verdict": (filtered("verdict", {"verdict": ["NON-COMPLIANT"]}), NO_VERDICT),
    "not-notified": (filtered("not-notified", {"verdict": ["NOT_APPLICABLE"]}), NO_VERDICT),
    "scalar": (filtered("scalar", {"verdict": "COMPLIANT"}), CONDITIONS),
    "no-values": (filtered("no-values", {"verdict": []}), CONDITIONS),
    "object": (filtered("object", {"verdict": {"prefix": "NON"}}), CONDITIONS),
    "operator": (filtered("operator", {"verdict": [{"like": "NON*"}]}), CONDITIONS),
    "wildcard": (filtered("wildcard", {"verdict": [{"wildcard": "NON*"}]}), CONDITIONS),
    "two-operators": (filtered("two-operators", {"verdict": [{"prefix": "N", "suffix": "T"}]}), CONDITIONS),
    "many-values": (filtered("many-values", {"instance": [f"i-{n}" for n in range(151)]}), TOO_MUCH),
    "product": (filtered("product", {"instance": list("abcdefghijklm"), "account": list("abcdefghijkl")}), TOO_MUCH),
    "six-keys": (
        filtered("six-keys", {key: ["x"] for key in ("account", "console", "instance", "region", "rule", "time")}),
        TOO_MUCH,
    ),
}

GOOD_SUBSCRIPTIONS: dict[str, dict[str, Any]] = {
    "alarms": filtered("alarms", {"AlarmName": [{"exists": True}], "Trigger": {"MetricName": ["Errors"]}}),
    "either": filtered("either", {"$or": [{"verdict": ["NON_COMPLIANT"]}, {"NewStateValue": ["ALARM"]}]}),
    "elsewhere": {"protocol": "sqs", "endpoint": "arn:aws:sqs:us-east-1:999999999999:tickets"},
    "many": filtered("many", {"instance": [f"i-{n}" for n in range(150)]}),
    "raw": sqs("raw", raw_message_delivery=True, filter_policy=None, filter_policy_scope=None),
    "recorder": filtered("recorder", {"who": [{"exists": True}], "region": [{"anything-but": ["x"]}, "y", None]}),
    "password": {"protocol": "https", "endpoint": "https://user:word@pager.example.com:8443/sns?team=1"},
    "strange": {"protocol": "email", "endpoint": "o'neil+x.y_z@a-b.Example.co.uk"},
}


def test_bad_subscriptions(refused: Refused) -> None:
    """Each bad subscription has one message, which names it, whatever else is wrong; the good ones have none."""
    messages = refused["subscriptions"]

    found = {match[1]: match[0] for each in messages if (match := re.search(r"subscriptions\.([\w-]+) .*", each))}
    assert sorted(found) == sorted(BAD_SUBSCRIPTIONS)
    wrong = {name: found[name] for name, (_, message) in BAD_SUBSCRIPTIONS.items() if f" {message}" not in found[name]}
    assert not wrong
    assert len(messages) == len(BAD_SUBSCRIPTIONS)


BY_ATTRIBUTES = {"filter_policy_scope": "MessageAttributes"}

TO_A_DIGEST: dict[str, dict[str, Any]] = {
    "body": filtered("body", {"verdicts": ["COMPLIANT"]}, filter_policy_scope="MessageBody"),
    "direct-key": filtered("direct-key", {"verdict": ["COMPLIANT"]}),
    "good": filtered("good", {"verdicts": ["COMPLIANT"], "regions": [{"prefix": "eu-"}]}, **BY_ATTRIBUTES),
    "default": filtered("default", {"verdicts": ["COMPLIANT"]}),
    "unfiltered": sqs("unfiltered"),
}


def test_bad_subscriptions_to_a_digest(refused: Refused) -> None:
    """A digest is filtered by its message attributes, and by no other key."""
    messages = refused["subscriptions_to_a_digest"]

    assert len(messages) == 2
    assert any(f"subscriptions.body {ON_ATTRIBUTES}" in each for each in messages)
    assert any(
        f"subscriptions.direct-key {NO_KEY}accounts, kind, regions, rules, verdicts" in each for each in messages
    )


def test_filter_on_alarms_that_go_elsewhere(refused: Refused) -> None:
    """If alarm_topic_arns names another topic, a filter on fields of alarms is refused, because no alarm arrives."""
    messages = refused["alarms_elsewhere"]

    assert len(messages) == 1
    assert f"subscriptions.alarms {NO_KEY}account" in messages[0]


OWN_TOPIC = "sns_topic must be null or hold the ARN of a standard topic in the account and region of the module"


BAD_TOPICS = {"topic_fifo": f"{TOPIC}.fifo", "topic_elsewhere": TOPIC.replace(REGION, "us-east-1")}


@pytest.mark.parametrize("case", BAD_TOPICS)
def test_bad_topic(refused: Refused, case: str) -> None:
    """EventBridge reaches standard topics of the account and region only, and the module subscribes nobody to them."""
    messages = refused[case]

    for message in (
        OWN_TOPIC,
        "sns_topic and notification_emails exclude each other",
        "sns_topic and subscriptions exclude each other",
    ):
        assert any(message in each for each in messages)
    assert len(messages) == 3


def test_unknown_endpoint_hides_no_other(module_copy: Path, terraform_environment: dict[str, str]) -> None:
    """A wrong subscription is refused and named, before and after one whose queue is not made yet."""
    root = Root(module_copy / "examples" / "complete", terraform_environment)
    override = root.directory / "subscriptions_override.tf"
    override.write_text("""
        module "ec2_key_pair_monitor" {
          subscriptions = {
            a       = { protocol = "https", endpoint = "http://example.com" }
            tickets = { protocol = "sqs", endpoint = aws_sqs_queue.tickets.arn }
            z       = { protocol = "https", endpoint = "http://example.org" }
          }
        }
    """)
    root.init()
    try:
        with pytest.raises(TerraformError) as error:
            root.plan()
    finally:
        override.unlink()
    messages = str(error.value).splitlines()

    assert len(messages) == 2
    assert all(any(f"subscriptions.{name} {ENDPOINT}" in each for each in messages) for name in "az")


def test_nobody_to_notify(defaults: Plan, everything: Plan) -> None:
    """A plan warns if nobody is notified, and does not warn if somebody is; test_subscribers.py has the own topic."""
    assert defaults.failed_checks == ["somebody_is_notified"]
    assert everything.failed_checks == []


@pytest.fixture(scope="module")
def refused(refuse_each: RefuseEach) -> Refused:
    """The messages with which each case is refused; one plan has them all."""
    bad = {name: each for name, (each, _) in BAD_SUBSCRIPTIONS.items()}
    somebody = {"notification_emails": ["ops@example.com"], "subscriptions": {"ok": sqs("ok")}}
    return refuse_each(
        {
            **{case: {name: value for name, (value, _) in each.items()} for case, each in BAD.items()},
            **{case: inputs for case, (inputs, _) in TOGETHER.items()},
            **{case: {"sns_topic": {"arn": arn}, **somebody} for case, arn in BAD_TOPICS.items()},
            "addresses": {"notification_emails": [*BAD_ADDRESSES, *TWINS, "ok@example.com"]},
            "alarms_elsewhere": {
                "alarm_topic_arns": [TOPIC],
                "subscriptions": {"alarms": GOOD_SUBSCRIPTIONS["alarms"], "ok": sqs("ok")},
            },
            "rule": RULE,
            "subscriptions": {
                "notification_emails": ["security@example.com"],
                "notify_on": ["COMPLIANT", "NON_COMPLIANT"],
                "subscriptions": bad | GOOD_SUBSCRIPTIONS,
            },
            "subscriptions_to_a_digest": {
                "digest_window_seconds": 60,
                "notify_on": ["COMPLIANT"],
                "subscriptions": TO_A_DIGEST,
            },
        }
    )
