"""The states of a release machine, as one makes them: a call of a function, a wait, an end."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

# https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
_PASSING = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
]


def call(
    scope: Construct,
    name: str,
    function: lambda_.IFunction,
    *,
    result: str,
    otherwise: sfn.IChainable,
    failure: str = "failure",
    **payload: str,
) -> tasks.LambdaInvoke:
    """Calls a function with the whole state and keeps its answer as `result`; an exception leads to `otherwise`.

    Every function may be called twice with the same state, so what passes is tried again.
    """
    state = tasks.LambdaInvoke(
        scope,
        name,
        lambda_function=function,
        payload=sfn.TaskInput.from_object(
            {
                **payload,
                "execution": sfn.JsonPath.string_at("$$.Execution.Id"),
                "state": sfn.JsonPath.entire_payload,
            }
        ),
        payload_response_only=True,
        result_path=f"$.{result}",
        retry_on_service_exceptions=False,
        task_timeout=sfn.Timeout.duration(Duration.minutes(6)),
    )
    state.add_retry(errors=_PASSING, interval=Duration.seconds(2), max_attempts=5, backoff_rate=2)
    state.add_catch(otherwise, result_path=f"$.{failure}")
    return state


def wait(scope: Construct, name: str, duration: Duration) -> sfn.Wait:
    """The machine waits, never a function."""
    return sfn.Wait(scope, name, time=sfn.WaitTime.duration(duration))


def choice(
    scope: Construct, name: str, variable: str, ways: Mapping[str, sfn.IChainable], otherwise: sfn.IChainable
) -> sfn.Choice:
    """Where to go for each value of `variable`; what is not named goes `otherwise`."""
    state = sfn.Choice(scope, name)
    for value, way in ways.items():
        state.when(sfn.Condition.string_equals(f"$.{variable}", value), way)
    return state.otherwise(otherwise)
