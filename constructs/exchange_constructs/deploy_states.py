"""The states that put a digest on a stack, and those that see to it that it runs.

The same states serve to release and, prefixed, to put the former digest back.
"""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.release_states import call, choice, wait


@dataclass(frozen=True)
class Way:
    """`release` or `rollback`; where an exception goes, and under which key it is kept."""

    purpose: str
    failed: sfn.IChainable
    failure: str
    prefix: str = ""

    @property
    def deploy(self) -> str:
        """The key of the deployment's results."""
        return "deploy" if self.purpose == "release" else "rollback"

    @property
    def verified(self) -> str:
        """The key of the verification's results."""
        return "verified" if self.purpose == "release" else "verified_rollback"


def deploy_states(
    scope: Construct, way: Way, function: lambda_.IFunction, *, done: sfn.IChainable, refused: sfn.IChainable
) -> sfn.IChainable:
    """CreateChangeSet to PollStack. Until the change set is executed nothing is touched, so failing means `refused`."""
    execute = _execution_states(scope, way, function, done=done)
    inspect = _call(scope, way, function, "InspectChangeSet", "inspect", otherwise=refused)
    waiting = wait(scope, f"{way.prefix}WaitForChangeSet", Duration.seconds(5))
    ways = {"pending": waiting, "ready": execute, "no_changes": done}
    waiting.next(inspect).next(choice(scope, f"{way.prefix}ChangeSet?", f"{way.deploy}.status", ways, refused))
    return _call(scope, way, function, "CreateChangeSet", "create", otherwise=refused).next(waiting)


def verify_states(
    scope: Construct, way: Way, function: lambda_.IFunction, *, name: str, waiting: str, done: sfn.IChainable
) -> sfn.IChainable:
    """Asks until every task runs the digest, or it is certain that they do not."""
    pause = wait(scope, waiting, Duration.seconds(10))
    verify = call(
        scope, name, function, result=way.verified, otherwise=way.failed, failure=way.failure, purpose=way.purpose
    )
    pause.next(verify)
    ways = {"running": done, "waiting": pause}
    return verify.next(choice(scope, f"{name}?", f"{way.verified}.status", ways, way.failed))


def _execution_states(
    scope: Construct, way: Way, function: lambda_.IFunction, *, done: sfn.IChainable
) -> sfn.IChainable:
    """An update that takes too long is cancelled once (F2); a rollback is not, for there is nothing behind it."""
    waiting = wait(scope, f"{way.prefix}WaitForStack", Duration.seconds(10))
    poll = _call(scope, way, function, "PollStack", "poll", otherwise=way.failed)
    ways: dict[str, sfn.IChainable] = {"in_progress": waiting, "succeeded": done}
    if way.purpose == "release":
        cancel = _call(scope, way, function, "CancelUpdate", "cancel", otherwise=way.failed)
        cancel.next(waiting)
        ways["overdue"] = cancel
    waiting.next(poll).next(choice(scope, f"{way.prefix}Stack?", f"{way.deploy}.status", ways, way.failed))
    return _call(scope, way, function, "ExecuteChangeSet", "execute", otherwise=way.failed).next(waiting)


def _call(
    scope: Construct, way: Way, function: lambda_.IFunction, name: str, action: str, *, otherwise: sfn.IChainable
) -> sfn.TaskStateBase:
    return call(
        scope,
        f"{way.prefix}{name}",
        function,
        result=way.deploy,
        otherwise=otherwise,
        failure=way.failure,
        purpose=way.purpose,
        action=action,
    )
