"""A Lambda execution environment: the unpacked zip under AWS's own runtime client, and the Runtime API beside it.

Follows https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and, for the environment,
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime

Laxer than AWS: memory is not limited, and processor and Python version are those of this machine.
"""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar


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
    """One function's process, started when first invoked and kept warm until it is stopped or broken."""

    def __init__(self, handler: str, folder: Path, environment: Mapping[str, str]) -> None:
        """Start the function that is unpacked under ``folder``; ``environment`` is all that it sees."""
        self.folder = folder
        self._requests: queue.Queue[Request | None] = queue.Queue()
        self._outcomes: queue.Queue[Outcome] = queue.Queue()
        self._idle = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Api", (_RuntimeApi,), {"runtime": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        host, port = self._server.server_address[:2]
        self._output = (folder.parent / "output").open("wb+")
        self._process = subprocess.Popen(  # noqa: S603  (our own interpreter)
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=folder,
            env={**environment, "AWS_LAMBDA_RUNTIME_API": f"{host!s}:{port}"},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the program that embeds this AWS
        )
        self._read = 0

    @property
    def is_alive(self) -> bool:
        """Whether the process can be invoked once more."""
        return self._process.poll() is None

    def invoke(self, request: Request) -> Outcome:
        """Hand one event to the process and wait for what comes of it."""
        deadline = time.monotonic() + request.timeout
        self._idle.clear()
        self._requests.put(request)
        while True:
            try:
                outcome = self._outcomes.get(timeout=0.05)
            except queue.Empty:
                if time.monotonic() > deadline:
                    return self._broken(request, f"Task timed out after {request.timeout:.2f} seconds")
                if not self.is_alive and self._outcomes.empty():
                    return self._broken(request, "Error: Runtime exited", "Runtime.ExitError")
                continue
            # It asks for the next event once it has written its log.
            while self.is_alive and not self._idle.wait(0.05):
                pass
            return outcome

    def new_output(self) -> list[str]:
        """The lines that the process has printed since this was asked last."""
        with Path(self._output.name).open("rb") as output:
            output.seek(self._read)
            text = output.read()
        self._read += len(text)
        return text.decode(errors="replace").splitlines()

    def stop(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()
        self._requests.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._output.close()

    def next_request(self) -> Request | None:
        """Wait for the next event, or for the end."""
        self._idle.set()
        return self._requests.get()

    def complete(self, outcome: Outcome) -> None:
        """Take what the runtime client posts."""
        self._outcomes.put(outcome)

    def _broken(self, request: Request, message: str, error_type: str | None = None) -> Outcome:
        self._process.kill()
        self._process.wait()
        if error_type:
            document = {"errorType": error_type, "errorMessage": f"RequestId: {request.request_id} {message}"}
        else:
            stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            document = {"errorMessage": f"{stamp} {request.request_id} {message}"}
        return Outcome(json.dumps(document), is_error=True)


class _RuntimeApi(BaseHTTPRequestHandler):
    runtime: ClassVar[Runtime]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        request = self.runtime.next_request()
        if request is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + request.timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": request.function_arn,
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
            "Content-Type": "application/json",
        }
        self._answer(200, request.event.encode(), headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.runtime.complete(Outcome(body, is_error=not self.path.endswith("/response")))
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
