"""StepFunctions: an execution of a state machine, waited for.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html
"""

from time import monotonic

from local_aws import clients
from local_aws.codepipeline.runs import FailedError, Run

LONGEST = 7 * 24 * 3600.0  # https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
_LOOK_EVERY = 0.1  # wall-clock seconds


def work(run: Run) -> None:
    """Start an execution, which bears the id of the action's run, and wait for its end."""
    api, machine = clients.client("stepfunctions"), run.configuration["StateMachineArn"]
    prefix = run.configuration.get("ExecutionNamePrefix")
    name = f"{prefix}-{run.id}" if prefix else run.id
    try:
        started = api.start_execution(stateMachineArn=machine, name=name, input=run.configuration.get("Input", "{}"))
    except clients.ERRORS as error:
        raise FailedError(f"{machine} was not started: {error}") from error
    run.external_id = started["executionArn"]
    until = monotonic() + run.clock.real(LONGEST)
    while (execution := api.describe_execution(executionArn=run.external_id))["status"] == "RUNNING":
        if monotonic() > until:
            raise FailedError(f"{run.external_id} still runs after seven days", "Timeout")
        run.pause(_LOOK_EVERY)
    if execution["status"] != "SUCCEEDED":
        why = ": ".join(execution[key] for key in ("error", "cause") if execution.get(key))
        raise FailedError(f"{run.external_id} ended as {execution['status']}{f': {why}' if why else ''}")
    run.variables = {"StateMachineArn": machine, "ExecutionArn": run.external_id}
