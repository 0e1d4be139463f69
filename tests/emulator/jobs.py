"""Jobs that AWS does after the response to a call: deliveries, invocations, retries.

One worker does the jobs in the order of their submission, so that a run can be repeated. AWS guarantees no order.
Pauses that take minutes on AWS, such as the pause before a retry, are skipped.
"""

import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Jobs:
    """A queue of jobs and the thread that works it off."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[tuple[Callable[..., Any], tuple[Any, ...]]] = queue.Queue()
        self._when_idle: list[tuple[float, Callable[..., Any], tuple[Any, ...]]] = []
        self._errors: list[str] = []
        threading.Thread(target=self._work, name="embedded-aws", daemon=True).start()

    def submit(self, job: Callable[..., Any], *arguments: Any) -> None:
        """Do ``job(*arguments)`` later, after everything submitted before it."""
        self._jobs.put((job, arguments))

    def when_idle(self, seconds: float, job: Callable[..., Any], *arguments: Any) -> None:
        """Do ``job(*arguments)`` once after some time, when no other job is left, even if it is requested again."""
        if (job, arguments) not in [each[1:] for each in self._when_idle]:
            self._when_idle.append((time.monotonic() + seconds, job, arguments))
        self.submit(bool)  # wakes the worker

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Do no job meanwhile. What is submitted is then done as if all of it had happened at once."""
        ended = threading.Event()
        self.submit(ended.wait)
        try:
            yield
        finally:
            ended.set()

    def settle(self, timeout: float = 300.0) -> None:
        """Wait until nothing is left to do, whatever the jobs submit in turn.

        Args:
            timeout: seconds.

        Raises:
            TimeoutError: jobs are left.
            RuntimeError: a job raised, which is a defect of the embedded AWS; the text is its traceback.
        """
        deadline = time.monotonic() + timeout
        while left := self._jobs.unfinished_tasks + len(self._when_idle):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the embedded AWS still has {left} jobs after {timeout} s")
            time.sleep(0.005)
        if self._errors:
            errors, self._errors = self._errors, []
            raise RuntimeError("the embedded AWS failed:\n" + "\n".join(errors))

    def _next(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        while True:
            first = min(self._when_idle, key=lambda each: each[0], default=None)
            wait = max(0.0, first[0] - time.monotonic()) if first else None
            try:
                return self._jobs.get(timeout=wait)
            except queue.Empty:
                if first:
                    self._jobs.put(first[1:])
                    self._when_idle.remove(first)

    def _work(self) -> None:
        while True:
            job, arguments = self._next()
            try:
                job(*arguments)
            except Exception:
                self._errors.append(traceback.format_exc())
            finally:
                self._jobs.task_done()


jobs = Jobs()
