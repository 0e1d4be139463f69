"""SARIF 2.1.0, which code scanning shows: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, TextIO
from urllib.parse import quote

from ec2_key_pair_monitor.formats.stream import write_value
from ec2_key_pair_monitor.report import Finding, Judged, Result, Writable

_RULES: dict[str, Mapping[str, Any]] = {
    Result.NON_COMPLIANT: {
        "id": "ec2-key-pair/non-compliant",
        "name": "LaunchesWithoutAllowedKeyPair",
        "shortDescription": {"text": "Launches EC2 instances without an allowed key pair"},
        "help": {"text": "Assign a key pair: it cannot be added after launch. Or exempt the instances by a tag."},
        "defaultConfiguration": {"level": "error"},
    },
    Result.UNKNOWN: {
        "id": "ec2-key-pair/unknown",
        "name": "KeyPairKnownOnlyAfterApply",
        "shortDescription": {"text": "Whether EC2 instances get a key pair is known only after apply"},
        "help": {"text": "Make the value known at plan time, or look at the instances after the apply."},
        "defaultConfiguration": {"level": "warning"},
    },
}
# The findings of a preview; each kind is a rule's ID.
_FINDINGS = {
    "conflict": "Another AWS Config rule requires instances without a key pair",
    "ghost-key": "A launch definition names a key pair that does not exist",
    "key-deleted": "Instances have a key pair that was deleted",
    "key-replaced": "Instances have a key pair that was replaced after their launch",
    "not-seen": "A permission is missing, or a call failed",
    "recorder": "AWS Config does not record instances as the monitor needs it",
}


def write(report: Writable, stream: TextIO) -> None:
    """Write one log with one run. COMPLIANT resources are left out."""
    rules = _RULES | _rules_of(report.findings)
    order = list(rules)
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "ec2-key-pair-monitor",
                "version": version("ec2-key-pair-monitor"),
                "rules": list(rules.values()),
            }
        },
        "results": _results(report, order),
        "columnKind": "unicodeCodePoints",
        "properties": {"summary": report.summary()},
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": iter([run])}
    write_value(log, stream)
    stream.write("\n")


def _rules_of(findings: Sequence[Finding]) -> dict[str, Mapping[str, Any]]:
    return {
        kind: {
            "id": f"ec2-key-pair/{kind}",
            "shortDescription": {"text": _FINDINGS[kind]},
            "defaultConfiguration": {"level": "note"},
        }
        for kind in dict.fromkeys(each.kind for each in findings)
    }


def _results(report: Writable, order: list[str]) -> Iterator[dict[str, Any]]:
    yield from (_result(each, report, order) for each in report.judged if each.verdict in _RULES)
    for finding in report.findings:
        yield {
            "ruleId": f"ec2-key-pair/{finding.kind}",
            "ruleIndex": order.index(finding.kind),
            "level": "note",
            "message": {"text": f"{finding.region}: {finding.text}"},
            "locations": [{"logicalLocations": [{"fullyQualifiedName": finding.region, "kind": "resource"}]}],
            "partialFingerprints": {"finding/v1": f"{finding.region}: {finding.text}"},
        }


def _result(judged: Judged, report: Writable, order: list[str]) -> dict[str, Any]:
    rule = _RULES[judged.verdict]
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": judged.address, "kind": "resource"}],
    }
    source = report.locations.get(judged.address)
    if source:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": quote(source.path)},
            "region": {"startLine": source.line},
        }
    return {
        "ruleId": rule["id"],
        "ruleIndex": order.index(judged.verdict),
        "level": "error" if judged.verdict is Result.NON_COMPLIANT else "warning",
        "message": {"text": f"{judged.address}: {judged.reason}"},
        "locations": [location],
        "partialFingerprints": {"address/v1": judged.address},
    }
