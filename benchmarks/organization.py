"""Measures the report of a hub: API calls, processor time and memory, for many accounts and open instances.

``python -m benchmarks.organization`` prints a table. Each organization has a fresh process, which sends a first report,
for which every instance is new and every launch unknown, and a second one, for which a hundredth has changed. The
function is the deployed one. AWS Config, DynamoDB and SNS are answered here, at once, by JSON that is parsed again.
"""

import json
import os
import resource
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[1]
REGIONS = ("ap-southeast-1", "eu-central-1", "eu-west-1", "us-east-1")
REASON = (
    "No key pair was assigned at launch. Launch a replacement with an allowed key pair. "
    "A key pair cannot be added to this instance."
)
# Open instances, accounts, regions of each.
ORGANIZATIONS = {
    "10,000 in 200 accounts, one region each": (10_000, 200, 1),
    "100,000 in 2,000 accounts, one region each": (100_000, 2_000, 1),
    "80,000 in 10,000 accounts, four regions each": (80_000, 10_000, 4),
    "1,000,000 in 2,000 accounts, one region each": (1_000_000, 2_000, 1),
}


class Context:
    """Lambda's context, as far as it is read."""

    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:key-pair-hub-reporter"

    def get_remaining_time_in_millis(self) -> int:
        """Always all of it."""
        return 900_000


class Aws:
    """The three services. Nothing of AWS Config is stored: answers are made when they are asked for."""

    def __init__(self, instances: int, accounts: int, regions: int) -> None:
        """Begin with an empty table."""
        self.each = max(1, instances // (accounts * regions))
        self.places = [(f"{10**11 + account}", region) for account in range(accounts) for region in REGIONS[:regions]]
        self.numbers = {place: number for number, place in enumerate(self.places)}
        self.shift = 0
        self.calls: Counter[str] = Counter()
        self.items: dict[str, bytes] = {}
        self.published: list[int] = []

    def page(self, api: str, asked: dict[str, Any], member: str, limit: int, found: Any) -> dict[str, Any]:
        """A page of a listing, which is made of slices."""
        self.calls[api] += 1
        start = int(asked.get("NextToken", 0))
        rows, count = found(start, start + limit)
        more = {"NextToken": str(start + limit)} if start + limit < count else {}
        answer: dict[str, Any] = json.loads(json.dumps({member: rows} | more))
        return answer

    def describe_aggregate_compliance_by_config_rules(self, **asked: Any) -> dict[str, Any]:
        """Every place is NON_COMPLIANT."""

        def found(start: int, end: int) -> tuple[list[Any], int]:
            compliance = {"ComplianceType": "NON_COMPLIANT", "ComplianceContributorCount": {"CappedCount": 25}}
            return [
                {"ConfigRuleName": "rule", "Compliance": compliance, "AccountId": account, "AwsRegion": region}
                for account, region in self.places[start:end]
            ], len(self.places)

        return self.page("Rules", asked, "AggregateComplianceByConfigRules", 1_000, found)

    def get_aggregate_compliance_details_by_config_rule(self, **asked: Any) -> dict[str, Any]:
        """The open instances of a place."""
        account, region = asked["AccountId"], asked["AwsRegion"]
        first = self.numbers[account, region] * self.each * 2 + self.shift

        def found(start: int, end: int) -> tuple[list[Any], int]:
            return [
                {
                    "EvaluationResultIdentifier": {
                        "EvaluationResultQualifier": {
                            "ConfigRuleName": "rule",
                            "ResourceId": f"i-{first + number:017x}",
                        },
                    },
                    "ComplianceType": "NON_COMPLIANT",
                    "AccountId": account,
                    "AwsRegion": region,
                    "Annotation": REASON,
                }
                for number in range(start, min(end, self.each))
            ], self.each

        return self.page("Details", asked, "AggregateEvaluationResults", 100, found)

    def describe_configuration_aggregator_sources_status(self, **asked: Any) -> dict[str, Any]:
        """Every source is up to date."""

        def found(start: int, end: int) -> tuple[list[Any], int]:
            return [
                {"SourceId": account, "SourceType": "ACCOUNT", "AwsRegion": region, "LastUpdateStatus": "SUCCEEDED"}
                for account, region in self.places[start:end]
            ], len(self.places)

        return self.page("Sources", asked, "AggregatedSourceStatusList", 100, found)

    def select_aggregate_resource_config(self, **asked: Any) -> dict[str, Any]:
        """The number of instances of each place, or the launches of a hundred instances."""

        def counted(start: int, end: int) -> tuple[list[Any], int]:
            return [
                json.dumps({"accountId": account, "awsRegion": region, "COUNT(*)": self.each})
                for account, region in self.places[start:end]
            ], len(self.places)

        def launched(_start: int, _end: int) -> tuple[list[Any], int]:
            ids = asked["Expression"].split("'")[3::2]
            interfaces = [{"attachment": {"attachTime": "2026-03-01T12:00:00.000Z"}}]
            return [
                json.dumps(
                    {
                        "accountId": account,
                        "awsRegion": region,
                        "resourceId": each,
                        "configuration": {"networkInterfaces": interfaces},
                    }
                )
                for each in ids
                for account, region in [self.places[int(each[2:], 16) // (self.each * 2)]]
            ], 0

        if "GROUP BY" in asked["Expression"]:
            return self.page("Counts", asked, "Results", 500, counted)
        return self.page("Launches", asked, "Results", 100, launched)

    def get_item(self, **asked: Any) -> dict[str, Any]:
        """Read an item."""
        self.calls["GetItem"] += 1
        item = self.items.get(asked["Key"]["source"]["S"])
        return {"Item": json.loads(zlib.decompress(item))} if item else {}

    def put_item(self, **asked: Any) -> dict[str, Any]:
        """Write an item."""
        self.calls["PutItem"] += 1
        self.items[asked["Item"]["source"]["S"]] = zlib.compress(json.dumps(asked["Item"]).encode())
        return {}

    def delete_item(self, **asked: Any) -> dict[str, Any]:
        """Delete an item."""
        self.calls["DeleteItem"] += 1
        del self.items[asked["Key"]["source"]["S"]]
        return {}

    def publish(self, **asked: Any) -> dict[str, Any]:
        """Take a message."""
        self.calls["Publish"] += 1
        self.published.append(len(asked["Message"].encode()))
        return {"MessageId": "1"}


def measure(name: str) -> Iterator[str]:
    """Report twice on an organization, in this process. Yields rows of the table."""
    os.environ |= {
        "AGGREGATOR_NAME": "organization",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "CONSOLE_DOMAIN": "console.aws.amazon.com",
        "RULE_NAME": "key-pair-hub",
        "RULE_NAMES": "rule",
        "TABLE_NAME": "reports",
        "TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:key-pair-hub",
    }
    sys.path.insert(0, str(CHECKOUT / "lambda"))
    from notifier import reporter  # noqa: PLC0415  (reads its environment when it is imported)

    instances, accounts, regions = ORGANIZATIONS[name]
    aws = Aws(instances, accounts, regions)
    vars(reporter).update(config_client=aws, table_client=aws, sns_client=aws)
    for report, shift in (("first", 0), ("next", max(1, aws.each // 100))):
        aws.calls.clear()
        aws.shift = shift
        started = time.process_time()
        reporter.lambda_handler({"scheduled_time": f"2026-11-{16 + shift:02}T07:00:00Z"}, Context())
        seconds = time.process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        calls = [aws.calls[api] for api in ("Sources", "Counts", "Rules", "Details", "Launches")]
        table = "/".join(str(aws.calls[api]) for api in ("GetItem", "PutItem", "DeleteItem"))
        listed = f"{' + '.join(map(str, calls))} = {sum(calls):,}"
        yield f"| {name}, {report} report | {listed} | {table} | {aws.calls['Publish']} | {seconds:.1f} | {peak:.0f} |"


def main() -> None:
    """Print the table."""
    if len(sys.argv) > 1:
        print("\n".join(measure(sys.argv[1])), flush=True)
        return
    print("| Open instances | Calls of AWS Config | DynamoDB | Publish | CPU, s | Peak memory, MiB |")
    print("| --- | --: | --: | --: | --: | --: |")
    for name in ORGANIZATIONS:
        subprocess.run([sys.executable, "-m", "benchmarks.organization", name], check=True)


if __name__ == "__main__":
    main()
