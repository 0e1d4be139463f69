"""A Lambda execution environment: the unpacked zip under AWS's own runtime client, and the Runtime API beside it.

Follows https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html

More permissive than AWS: memory is not limited, processor and Python version are those of this machine, whatever this
Python has installed can be imported, and the task root can be written to. An initialization that takes more than ten
seconds is not begun anew; what it takes beyond them counts as the first invocation's time.
"""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, ClassVar

INITIALIZATION = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Request:
    """One invocation as the runtime is handed it; ``timeout`` is in seconds."""

    request_id: str
    function_arn: str
    event: str
    timeout: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an invocation: the function's answer, or an error document."""

    payload: str
    is_error: bool


class Runtime:
    """One function's process: warm from its start until it breaks or is stopped. It takes one request at a time."""

    def __init__(self, code: bytes, handler: str, environment: Mapping[str, str], log_stream: str) -> None:
        """Start the function.

        Args:
            code: the zip.
            handler: such as ``module.function``.
            environment: all that the function sees of the world, besides where its code and this API are.
            log_stream: where its log belongs.
        """
        self.log_stream = log_stream
        self._requests: queue.Queue[Request | None] = queue.Queue()
        self._outcomes: queue.Queue[Outcome] = queue.Queue()
        self._deadline = time.monotonic()
        self._is_warm = self._is_broken = False
        self._folder = Path(mkdtemp(prefix="lambda-"))
        task_root = self._folder / "task"
        with zipfile.ZipFile(BytesIO(code)) as package:
            package.extractall(task_root)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Api", (_RuntimeApi,), {"runtime": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self._log = (self._folder / "log").open("wb+")
        self._process = subprocess.Popen(  # noqa: S603  (our own interpreter)
            [sys.executable, "-s", "-m", "awslambdaric", handler],
            cwd=task_root,
            env={
                **environment,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_address[1]}",
                "LAMBDA_TASK_ROOT": str(task_root),
            },
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the program that embeds this AWS
        )
        self._log_read = 0

    @property
    def is_usable(self) -> bool:
        """Whether it can take one more request."""
        return not self._is_broken and self._process.poll() is None

    def invoke(self, request: Request) -> Outcome:
        """Hand one event to the process and wait for what comes of it."""
        self._deadline = time.monotonic() + request.timeout + (0.0 if self._is_warm else INITIALIZATION)
        self._requests.put(request)
        while True:
            # Asked first: what a process posts before it exits counts.
            has_exited = self._process.poll() is not None
            try:
                return self._outcomes.get(timeout=0.02)
            except queue.Empty:
                if has_exited:
                    return self._exited(request)
                if time.monotonic() > self._deadline:
                    return self._timed_out(request)

    def new_log_lines(self) -> list[str]:
        """The lines that the process has printed since this was asked last."""
        with Path(self._log.name).open("rb") as log:
            log.seek(self._log_read)
            text = log.read()
        self._log_read += len(text)
        # The runtime client joins the lines of a stack trace with carriage returns: they are one event.
        lines = text.decode(errors="replace").split("\n")
        return [line.replace("\r", "\n") for line in lines if line]

    def stop(self) -> None:
        """End the process and its children at once, and leave nothing behind."""
        self.kill()
        self._requests.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def next_request(self) -> Request | None:
        """Wait for the next event, or for the end. The time-out begins when the event is handed over."""
        self._is_warm = True
        request = self._requests.get()
        if request:
            self._deadline = time.monotonic() + request.timeout
        return request

    def complete(self, outcome: Outcome, *, at_initialization: bool) -> None:
        """Take what the runtime client posts; after a failed initialization it exits."""
        self._is_broken = self._is_broken or at_initialization
        self._outcomes.put(outcome)

    def kill(self) -> None:
        """End the process and its children at once."""
        self._is_broken = True
        with suppress(ProcessLookupError, PermissionError):  # nobody is left of the session
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _timed_out(self, request: Request) -> Outcome:
        self.kill()
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = f"{now} {request.request_id} Task timed out after {request.timeout:.2f} seconds"
        return Outcome(json.dumps({"errorMessage": message}), is_error=True)

    def _exited(self, request: Request) -> Outcome:
        self.kill()
        status = self._process.returncode
        reason = f"signal: {str(signal.strsignal(-status)).lower()}" if status < 0 else f"exit status {status}"
        error = f"exited with error: {reason}" if status else "exited without providing a reason"
        message = f"RequestId: {request.request_id} Error: Runtime {error}"
        return Outcome(json.dumps({"errorType": "Runtime.ExitError", "errorMessage": message}), is_error=True)


class _RuntimeApi(BaseHTTPRequestHandler):
    runtime: ClassVar[Runtime]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        request = self.runtime.next_request()
        if request is None:
            self.close_connection = True
            return
        trace = f"{int(time.time()):08x}-{request.request_id.replace('-', '')[:24]}"
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + request.timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": request.function_arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{trace};Sampled=0",
            "Content-Type": "application/json",
        }
        self._answer(200, request.event.encode(), headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        outcome = Outcome(body, is_error=not self.path.endswith("/response"))
        self.runtime.complete(outcome, at_initialization=self.path.endswith("/init/error"))
        self._answer(202, b"{}", {})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        with suppress(OSError):  # the process may be gone
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep the Runtime API's requests out of the tests' output."""
