"""What runs in a fresh process: one handler, and so many events. Prints a line of JSON.

Usage: worker.py cold|warm|sweep|sequential MODULE EVENT_FILE [EVENTS]

It imports as little as it can, for all of it counts as the handler's.
"""

import importlib
import json
import logging
import os
import socket
import sys
import time
from typing import Any

# Where the functions' own log lines go, as they do on Lambda.
results = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
logging.basicConfig(level=logging.INFO, stream=sys.stdout)


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


def lead_to_the_stub(port: int) -> None:
    """Let every host name mean the stub, so that clients are configured as on AWS and none can leave the machine."""
    resolve = socket.getaddrinfo

    def stub_address(_host: Any, _port: Any, *arguments: Any, **named: Any) -> Any:
        return resolve("127.0.0.1", port, *arguments, **named)

    vars(socket)["getaddrinfo"] = stub_address


def main(mode: str, module: str, event_file: str, events: str = "1") -> None:
    """Run and print: CPU of the whole process, and CPU and wall an event."""
    with open(event_file) as file:  # noqa: PTH123  (pathlib is an import)
        text = file.read()
    lead_to_the_stub(int(os.environ["STUB_PORT"]))
    handle = importlib.import_module(module).lambda_handler
    context = Context()
    if mode == "sequential":
        fetch_one_after_the_other()
    for _ in range(20 if mode == "warm" else 0):
        handle(json.loads(text), context)
    cpu, wall = time.process_time(), time.monotonic()
    for _ in range(int(events)):
        handle(json.loads(text), context)
    wall = (time.monotonic() - wall) / int(events)
    process_cpu = time.process_time()
    measured = {"cpu": (process_cpu - cpu) / int(events), "wall": wall, "process_cpu": process_cpu}
    print(json.dumps(measured | {"peak_mib": peak_mib()}), file=results, flush=True)


def peak_mib() -> float:
    """The most memory that was resident at once."""
    if os.path.exists("/proc/self/status"):  # noqa: PTH110
        with open("/proc/self/status") as status:  # noqa: PTH123
            # Not ru_maxrss, which on Linux starts at that of the process that started this one.
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    import resource  # noqa: PLC0415

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2 ** (20 if sys.platform == "darwin" else 10)


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
            later = Later()
            vars(later)["result"] = lambda: function(**arguments)
            return later

    vars(sweep)["ThreadPoolExecutor"] = Later


if __name__ == "__main__":
    main(*sys.argv[1:])
