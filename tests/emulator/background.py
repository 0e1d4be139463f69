"""What AWS does after a call has been answered: deliveries, invocations, retries.

One worker does the jobs in the order of their submission, so that a run can be repeated; AWS promises no order.
Waiting times that AWS sets in minutes (the pause before a retry, say) are not waited for.
"""

import queue
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any


class Background:
    """A queue of jobs and the thread that works it off."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[tuple[Callable[..., Any], tuple[Any, ...]]] = queue.Queue()
        self._errors: list[str] = []
        threading.Thread(target=self._work, name="embedded-aws", daemon=True).start()

    def submit(self, job: Callable[..., Any], *arguments: Any) -> None:
        """Do ``job(*arguments)`` later, after everything submitted before it."""
        self._jobs.put((job, arguments))

    def settle(self, timeout: float = 60.0) -> None:
        """Wait until nothing is left to do, whatever the jobs submit in turn.

        Args:
            timeout: seconds.

        Raises:
            TimeoutError: jobs are left.
            RuntimeError: a job raised, which is a defect of the embedded AWS; the text is its traceback.
        """
        deadline = time.monotonic() + timeout
        while self._jobs.unfinished_tasks:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the embedded AWS still has {self._jobs.unfinished_tasks} jobs after {timeout} s")
            time.sleep(0.005)
        if self._errors:
            errors, self._errors = self._errors, []
            raise RuntimeError("the embedded AWS failed:\n" + "\n".join(errors))

    def _work(self) -> None:
        while True:
            job, arguments = self._jobs.get()
            try:
                job(*arguments)
            except Exception:
                self._errors.append(traceback.format_exc())
            finally:
                self._jobs.task_done()


background = Background()
