"""Measures the CPU time and memory of a report, beside ``json.loads`` of the pages that it reads.

``python -m benchmarks.open_instances`` prints a table. The report and ``json.loads`` run in turn in one process,
several times. The figure is the median of the ratios of their CPU time. Nothing is sent. Memory is what Python
allocates at the peak, traced in a separate run.
"""

import gc
import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

LAMBDA = Path(__file__).parents[1] / "lambda"
sys.path.insert(0, str(LAMBDA))

from notifier.findings import Finding, Place, Reading, compare  # noqa: E402
from notifier.message import Console  # noqa: E402
from notifier.report import Told, report  # noqa: E402

CONSOLE = Console("console.aws.amazon.com")
HERE = Place("123456789012", "eu-central-1")
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
RUNS = 5
REASON = (
    "No key pair was assigned at launch. Launch a replacement with an allowed key pair. "
    "A key pair cannot be added to this instance."
)


def page(start: int) -> str:
    """A page of results, as AWS Config sends it."""
    results = [
        {
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": {
                    "ConfigRuleName": "ec2-key-pair-monitor",
                    "ResourceType": "AWS::EC2::Instance",
                    "ResourceId": f"i-{number:017x}",
                    "EvaluationMode": "DETECTIVE",
                },
                "OrderingTimestamp": 1772366400.0,
            },
            "ComplianceType": "NON_COMPLIANT",
            "ResultRecordedTime": 1772366401.5,
            "ConfigRuleInvokedTime": 1772366400.9,
            "Annotation": REASON,
        }
        for number in range(start, start + 100)
    ]
    return json.dumps({"EvaluationResults": results})


def found(pages: Iterator[str]) -> Iterator[Finding]:
    """Read pages of results."""
    for text in pages:
        for each in json.loads(text)["EvaluationResults"]:
            qualifier = each["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
            yield Finding(HERE, qualifier["ResourceId"], each["Annotation"])


def launches(instances: list[tuple[Place, str]]) -> dict[tuple[Place, str], datetime]:
    """An inventory that knows every launch."""
    return {each: NOW - timedelta(minutes=int(each[1][2:], 16)) for each in instances}


def write_report(pages: Iterator[str]) -> None:
    """Read pages and word the report."""
    comparison = compare([Reading(HERE, None, found(pages))], None, NOW, launches, lambda _place, memory: memory.dump())
    report(Told(comparison, NOW, "ec2-key-pair-monitor", CONSOLE)).publication()


def parse_all(texts: list[str]) -> None:
    """The floor."""
    for text in texts:
        json.loads(text)


def cpu(job: Callable[[], Any]) -> float:
    """Seconds of processor time."""
    gc.collect()
    started = time.process_time()
    job()
    return time.process_time() - started


def ratio(job: Callable[[], Any], floor: Callable[[], Any]) -> tuple[float, float]:
    """The median ratio of a job to its floor, and the job's median in milliseconds."""
    pairs = [(cpu(job), cpu(floor)) for _ in range(RUNS)]
    return statistics.median(a / b for a, b in pairs), 1000 * statistics.median(a for a, _ in pairs)


def peak(job: Callable[[], Any]) -> float:
    """MiB that Python has allocated at the peak."""
    tracemalloc.start()
    job()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 2**20


def row(count: int) -> str:
    """The row of the table about so many open instances."""
    starts = range(0, count, 100)
    pages = [page(start) for start in starts]
    times, milliseconds = ratio(lambda: write_report(iter(pages)), lambda: parse_all(pages))
    most = peak(lambda: write_report(page(start) for start in starts))
    return f"| {count:,} | {times:.1f} × | {milliseconds:.0f} | {most:.1f} |"


def main() -> None:
    """Print a table."""
    print("| Open instances | CPU against json.loads | CPU, ms | Peak, MiB |")
    print("| ---: | ---: | ---: | ---: |")
    for count in (10_000, 50_000):
        print(row(count), flush=True)


if __name__ == "__main__":
    main()
