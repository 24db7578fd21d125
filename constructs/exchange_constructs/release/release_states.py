"""The states of a release machine, as data: a call of a function, a wait, a choice, an end.

https://states-language.net/spec.html. Data rather than constructs: it can be read, compared and walked through, and
costs the synth one call instead of hundreds.
"""

from collections.abc import Mapping
from typing import Any

from release_engine.machine_state import FailureKey, ResultKey
from release_engine.times import CALL_SECONDS

State = dict[str, Any]
States = dict[str, State]

# https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
_PASSING = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
]

RETRY = {"ErrorEquals": _PASSING, "IntervalSeconds": 2, "MaxAttempts": 5, "BackoffRate": 2}


def call(
    function: str, *, result: ResultKey, then: str, otherwise: str, failure: FailureKey = "failure", **payload: str
) -> State:
    """Calls a function with the whole state and keeps its answer as `result`; an exception leads to `otherwise`.

    Every function may be called twice with the same state, so what passes is tried again.
    """
    return {
        "Type": "Task",
        "Resource": function,
        "Parameters": {**payload, "execution.$": "$$.Execution.Id", "state.$": "$"},
        "ResultPath": f"$.{result}",
        "TimeoutSeconds": CALL_SECONDS,
        "Retry": [RETRY],
        "Catch": [catch(failure, otherwise)],
        "Next": then,
    }


def catch(failure: FailureKey, then: str) -> State:
    """Whatever went wrong is kept as `failure`."""
    return {"ErrorEquals": ["States.ALL"], "ResultPath": f"$.{failure}", "Next": then}


def wait(seconds: float, *, then: str) -> State:
    """The machine waits, never a function."""
    return {"Type": "Wait", "Seconds": int(seconds), "Next": then}


def choice(variable: str, ways: Mapping[str, str], otherwise: str) -> State:
    """Where to go for each value of `variable`; what is not named goes `otherwise`."""
    choices = [{"Variable": f"$.{variable}", "StringEquals": value, "Next": way} for value, way in ways.items()]
    return {"Type": "Choice", "Choices": choices, "Default": otherwise}


def fail(error: str, *, cause: str) -> State:
    """The end of an execution that did not release; `cause` is where its reason stands."""
    return {"Type": "Fail", "Error": error, "CausePath": f"$.{cause}"}
