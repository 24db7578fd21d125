"""Lambda: a function that is given a job and answers it by the API, once, perhaps after being called again.

https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html,
https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html
and API_PutJobFailureResult.html
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from uuid import uuid4

from local_aws import clients
from local_aws.codepipeline import artifacts
from local_aws.codepipeline.runs import FailedError, Run
from local_aws.ministack_parts.answers import Record, RefusedError, get_account_id

_jobs: dict[str, "Job"] = {}
_lock = threading.Lock()


@dataclass
class Job:
    """A job for a function: `result` is the one answer that it takes, `lost` says why none can come any more."""

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
    """Take the result of a job: PutJobSuccessResult, or PutJobFailureResult, which has `failureDetails`."""
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


Call = Callable[[str, Record, Job], None]
# https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html: a word every 20 minutes, and 24 hours in all
WITHOUT_A_WORD, LONGEST = 20 * 60.0, 24 * 3600.0
CALLED_AGAIN_AFTER = 30.0
_LOOK_EVERY = 0.05  # wall-clock seconds


def work(run: Run) -> None:
    """Ask the function and wait for its answer: without one the action waits until it times out."""
    for artifact in run.declared.get("outputArtifacts", []):
        pipeline = run.execution.pipeline
        run.outputs[artifact["name"]] = artifacts.reserve(pipeline.name, pipeline.store, artifact["name"])
    ask(run, asynchronous)


def ask(run: Run, call: Call) -> None:
    """Call the function until it has no more to do; each call is a job, with the token that the one before answered."""
    until, token = monotonic() + run.clock.real(LONGEST), ""
    while True:
        result = _answer(run, call, token)
        if details := result.get("executionDetails"):
            run.say(details.get("summary", ""))
            run.external_id = details.get("externalExecutionId", "")
        token = result.get("continuationToken", "")
        if not token:
            run.variables = dict(result.get("outputVariables", {}))
            return
        run.pause(run.clock.real(CALLED_AGAIN_AFTER))
        if monotonic() > until:
            raise FailedError("The action is still in progress after 24 hours", "Timeout")


def _answer(run: Run, call: Call, token: str) -> Record:
    name, job = run.configuration["FunctionName"], create()
    until = monotonic() + run.clock.real(WITHOUT_A_WORD)
    try:
        call(name, _event(run, job, token), job)
        while not job.over.is_set():
            run.pause(_LOOK_EVERY)
            if monotonic() > until:
                job.lose(
                    f"The AWS Lambda function {name} failed to return a result. Check the function to verify that it"
                    " has permission to call the PutJobSuccessResult action and that it made a call to"
                    " PutJobSuccessResult."
                )
    except clients.ERRORS as error:
        job.lose(f"The AWS Lambda function {name} cannot be invoked: {error}")
    finally:
        job.lose("abandoned")
    if job.result is None:
        raise FailedError(job.lost)
    if failure := job.result.get("failureDetails"):
        raise FailedError(failure["message"], failure["type"])
    return job.result


def asynchronous(function: str, event: Record, _job: Job) -> None:
    """Invoke the function with a job as CodePipeline does: nobody waits for what the function returns.

    https://docs.aws.amazon.com/lambda/latest/dg/services-codepipeline.html
    """
    clients.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode())


def listening(function: str, event: Record, job: Job) -> None:
    """Invoke the function of a rule, whose error is the rule's."""

    def invoke() -> None:
        try:
            answer = clients.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        except clients.ERRORS as error:
            job.lose(f"The AWS Lambda function {function} cannot be invoked: {error}")
            return
        if answer.get("FunctionError"):
            body = json.loads(answer["Payload"].read() or b"{}")
            job.lose(f"The AWS Lambda function {function} failed: {body.get('errorType')}: {body.get('errorMessage')}")

    threading.Thread(target=invoke, daemon=True, name=f"rule-{function}").start()


def _event(run: Run, job: Job, token: str) -> Record:
    store = run.execution.pipeline.store
    data: Record = {
        "actionConfiguration": {"configuration": run.configuration},
        "inputArtifacts": [_artifact(name, where) for name, where in run.inputs.items()],
        "outputArtifacts": [_artifact(name, where) for name, where in run.outputs.items()],
        "artifactCredentials": {"accessKeyId": "test", "secretAccessKey": "test", "sessionToken": "test"},
    }
    if token:
        data["continuationToken"] = token
    if "encryptionKey" in store:
        data["encryptionKey"] = store["encryptionKey"]
    return {"CodePipeline.job": {"id": job.id, "accountId": get_account_id(), "data": data}}


def _artifact(name: str, where: artifacts.Location) -> Record:
    location = {"type": "S3", "s3Location": {"bucketName": where.bucket, "objectKey": where.key}}
    return {"name": name, "revision": None, "location": location}
