"""What runs in a fresh process: one handler, and one event, thousands of them, or a sweep. Prints a line of JSON.

Usage: worker.py cold|warm|sweep MODULE EVENT_FILE [EVENTS]

It imports as little as it can, for all of it counts as the handler's.
"""

import importlib
import json
import os
import sys
import time
from typing import Any

# What the functions' own log lines would be mixed up with.
results = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class Context:
    """Lambda's context, as far as any of the handlers reads it."""

    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_name = "benchmark"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:benchmark"
    memory_limit_in_mb = 256

    def get_remaining_time_in_millis(self) -> int:
        """Always all of it."""
        return 900_000


def main(mode: str, module: str, event_file: str, events: str = "1") -> None:
    """Run and print."""
    with open(event_file) as file:  # noqa: PTH123  (pathlib is an import)
        text = file.read()
    handle = importlib.import_module(module).lambda_handler
    context = Context()
    if mode == "sequential":
        fetch_one_after_the_other()
    if mode == "warm":
        for _ in range(20):
            handle(json.loads(text), context)
        start = time.process_time()
        for _ in range(int(events)):
            handle(json.loads(text), context)
        print(json.dumps({"cpu": (time.process_time() - start) / int(events)}), file=results)
        return
    start = time.monotonic()
    handle(json.loads(text), context)
    wall = time.monotonic() - start
    cpu = time.process_time()
    if mode == "cold":
        print(json.dumps({"cpu": cpu}), file=results)
        return
    print(json.dumps({"cpu": cpu, "wall": wall, "peak_mib": peak_mib()}), file=results)


def peak_mib() -> float:
    """The most memory that this process has had; getrusage would count what its parent had before the exec as well."""
    with open("/proc/self/status") as status:  # noqa: PTH123
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def fetch_one_after_the_other() -> None:
    """Let the evaluator's sweep fetch a page only when it is asked for, in place of beforehand."""
    from evaluator import sweep  # noqa: PLC0415  (ours only)

    class Later:
        """An executor of one job that does nothing until its result is wanted."""

        def __init__(self, **_: object) -> None:
            pass

        def __enter__(self) -> "Later":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def submit(self, function: Any, **arguments: Any) -> "Later":
            self.result = lambda: function(**arguments)
            return self

    vars(sweep)["ThreadPoolExecutor"] = Later


if __name__ == "__main__":
    main(*sys.argv[1:])
    results.flush()
