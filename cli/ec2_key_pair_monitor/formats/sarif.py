"""SARIF 2.1.0, which code scanning shows: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html."""

import json
from importlib.metadata import version
from typing import Any, TextIO
from urllib.parse import quote

from ec2_key_pair_monitor.report import Judged, Report, Result

_RULES = {
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


def write(report: Report, stream: TextIO) -> None:
    """Write one log with one run; what is COMPLIANT is no result."""
    order = list(_RULES)
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "ec2-key-pair-monitor",
                "version": version("ec2-key-pair-monitor"),
                "rules": list(_RULES.values()),
            }
        },
        "results": [_result(each, report, order) for each in report.judged if each.verdict in _RULES],
        "columnKind": "unicodeCodePoints",
        "properties": {"summary": report.summary()},
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    stream.write(json.dumps(log, indent=2) + "\n")


def _result(judged: Judged, report: Report, order: list[Result]) -> dict[str, Any]:
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
