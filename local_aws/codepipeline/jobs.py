"""Jobs: what a function is asked, and what it may say of it, once.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html and
https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobFailureResult.html
"""

import threading
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from local_aws.ministack_parts.answers import RefusedError

Record = dict[str, Any]
_jobs: dict[str, "Job"] = {}
_lock = threading.Lock()


@dataclass
class Job:
    """`result` is the request of the one answer that it takes; `lost` why none can come any more."""

    id: str = field(default_factory=lambda: str(uuid4()))
    result: Record | None = None
    lost: str = ""
    open: bool = True
    over: threading.Event = field(default_factory=threading.Event)

    def lose(self, reason: str) -> None:
        """End the job without an answer, unless it has one."""
        with _lock:
            if self.open:
                self.lost, self.open = reason, False
                self.over.set()


def create() -> Job:
    job = Job()
    _jobs[job.id] = job
    return job


def answer(request: Record) -> Record:
    """PutJobSuccessResult and PutJobFailureResult: the latter has `failureDetails`."""
    with _lock:
        job = _jobs.get(request["jobId"])
        if job is None:
            raise RefusedError("JobNotFoundException", f"The job {request['jobId']} was not found")
        if not job.open:
            raise RefusedError("InvalidJobStateException", f"The job {job.id} is over already")
        job.result, job.open = request, False
        job.over.set()
    return {}


def forget() -> None:
    _jobs.clear()
