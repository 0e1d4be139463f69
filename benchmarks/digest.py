"""Measures the notifier on bursts: messages, processor time against reading the same events, and memory.

``python -m benchmarks.digest`` prints a table. Each burst is handled in a fresh process, batch by batch, as Lambda ends
batches at 6 MB. The function is the deployed one with boto3's client; only ``Publish`` is answered here, at once.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[1]
BATCH = 2_500
ROUNDS = 3
# A vCPU is 1,769 MB: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
SHARE = 256 / 1769

# Changes, accounts and regions of each burst.
BURSTS = {
    "2,500 changes of one account": (2_500, 1, 1),
    "2,500 of 500 accounts in four regions": (2_500, 500, 4),
    "10,000 of 500 accounts in four regions": (10_000, 500, 4),
    "10,000 of 2,000 accounts, one region each": (10_000, 2_000, 1),
}
REGIONS = ("eu-central-1", "us-east-1", "ap-southeast-1", "eu-west-1")


class Context:
    """Lambda's context, as far as it is read."""

    def get_remaining_time_in_millis(self) -> int:
        """Always all of it."""
        return 60_000


class Sns:
    """Takes what is published."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.sizes: list[int] = []

    def publish(self, **arguments: Any) -> dict[str, Any]:
        """Count the bytes of a message."""
        self.sizes.append(len(arguments["Message"].encode()))
        return {"MessageId": "1"}


def batches(changes: int, accounts: int, regions: int) -> Iterator[str]:
    """A burst as Lambda hands it over: each batch as JSON, made only when it is its turn."""
    sample = json.loads((CHECKOUT / "tests/unit/events/compliance_change.json").read_text())
    detail = sample["detail"]
    records = []
    for number in range(changes):
        place = number % (accounts * regions)
        sample["account"] = detail["awsAccountId"] = str(10**11 + place // regions)
        sample["region"] = detail["awsRegion"] = REGIONS[place % regions]
        detail["resourceId"] = f"i-{number:017x}"
        records.append({"messageId": str(number), "body": json.dumps(sample, separators=(",", ":"))})
        if len(records) == BATCH:
            yield json.dumps({"Records": records})
            records.clear()


def handle(burst: str) -> dict[str, float]:
    """Handle a burst in this process; returns what it took."""
    from notifier import handler  # noqa: PLC0415  (in the process that is measured)

    sns = Sns()
    vars(handler)["sns_client"] = sns
    slowest = taken = reading = 0.0
    invocations = 0
    for text in batches(*BURSTS[burst]):
        invocations += 1
        event = json.loads(text)
        bodies = [record["body"] for record in event["Records"]]
        begun = time.process_time()
        for body in bodies:
            json.loads(body)
        reading += time.process_time() - begun
        begun = time.process_time()
        assert handler.lambda_handler(event, Context()) == {"batchItemFailures": []}
        batch = time.process_time() - begun
        taken, slowest = taken + batch, max(slowest, batch)
        del text, event, bodies, body
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    return {
        "invocations": invocations,
        "messages": len(sns.sizes),
        "bytes": sum(sns.sizes),
        "ratio": taken / reading,
        "seconds": slowest / SHARE,
        "peak": peak,
    }


def main() -> None:
    """Print the table, or for a burst that is named what it took."""
    if len(sys.argv) > 1:
        print(json.dumps(handle(sys.argv[1])))
        return
    print("| Burst | Invocations | Messages | Filled | CPU against json.loads | Slowest at 256 MB | Peak memory |")
    print("| --- | --: | --: | --: | --: | --: | --: |")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'lambda'}",
        "AWS_DEFAULT_REGION": REGIONS[0],
        "TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:t",
        "CONSOLE_DOMAIN": "console.aws.amazon.com",
    }
    for burst in BURSTS:
        command = [sys.executable, "-m", "benchmarks.digest", burst]
        runs = [
            json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)
            for _ in range(ROUNDS)
        ]
        of = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        filled = of["bytes"] / of["messages"] / 250_000
        print(
            f"| {burst} | {of['invocations']:.0f} | {of['messages']:.0f} | {filled:.0%} | {of['ratio']:.1f} × "
            f"| {of['seconds']:.1f} s | {of['peak']:.0f} MiB |",
            flush=True,
        )


if __name__ == "__main__":
    main()
