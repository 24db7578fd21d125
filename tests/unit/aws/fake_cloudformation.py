"""CloudFormation with one stack."""
# ruff: noqa: N803 - the arguments have the names that boto gives them

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.unit.aws.answers import Paginated, change, error

if TYPE_CHECKING:
    from tests.unit.aws.account import Account

STACK = "exchange-test-client"
NOW, LONG_AGO = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)


class CloudFormation(Paginated):
    """One stack. An executed change set is under way for two looks."""

    def __init__(self, account: "Account") -> None:
        self.account = account
        self.change_sets: dict[str, dict[str, Any]] = {}
        self.changes: list[dict[str, Any]] | None = None
        self.listed: list[dict[str, Any]] = []
        self.deleted: list[str] = []
        self.executed: list[str] = []
        self.slow_looks = 0
        self._looks = 0
        self._target = ""

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if StackName != STACK:
            raise error("ValidationError", f"Stack with id {StackName} does not exist")
        self._proceed()
        stack = {
            "StackName": StackName,
            "StackStatus": self.account.stack_status,
            "LastUpdatedTime": self.account.updates,
            "Parameters": [
                {"ParameterKey": "ImageDigest", "ParameterValue": self.account.digest},
                {"ParameterKey": "BootstrapVersion", "ParameterValue": "/cdk-bootstrap/x"},
            ],
        }
        return {"Stacks": [stack]}

    def create_change_set(self, **request: Any) -> None:
        if request["ChangeSetName"] in self.change_sets:
            raise error("AlreadyExistsException")
        self.change_sets[request["ChangeSetName"]] = request

    def describe_change_set(self, StackName: str, ChangeSetName: str) -> dict[str, Any]:
        if self.slow_looks:
            self.slow_looks -= 1
            return {"Status": "CREATE_IN_PROGRESS"}
        digest = self._digest(ChangeSetName)
        if digest == self.account.digest:
            return {"Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."}
        return {"Status": "CREATE_COMPLETE", "Changes": self._changes()}

    def list_change_sets(self, StackName: str) -> dict[str, Any]:
        return {"Summaries": self.listed}

    def delete_change_set(self, StackName: str, ChangeSetName: str) -> None:
        self.deleted.append(ChangeSetName)

    def execute_change_set(self, StackName: str, ChangeSetName: str, ClientRequestToken: str) -> None:
        if ChangeSetName in self.executed:
            raise error("ChangeSetNotFound")
        self.executed.append(ChangeSetName)
        self.account.updates += 1
        self.account.stack_status, self._looks = "UPDATE_IN_PROGRESS", 2
        self._target = self._digest(ChangeSetName)

    def cancel_update_stack(self, StackName: str) -> None:
        if self.account.stack_status != "UPDATE_IN_PROGRESS":
            raise error("ValidationError", "CancelUpdateStack cannot be called from current stack status")
        self.account.rollout = "SUCCESSFUL"
        self._finish("roll_back")

    def describe_stack_events(self, StackName: str) -> dict[str, Any]:
        def event(name: str, status: str, reason: str = "", at: datetime = NOW) -> dict[str, Any]:
            event = {"LogicalResourceId": name, "ResourceStatus": status, "ResourceStatusReason": reason}
            return {**event, "Timestamp": at}

        events = [
            event(StackName, "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [Web]."),
            event("Worker", "UPDATE_FAILED", "Resource update cancelled"),
            event("Web", "UPDATE_FAILED", "circuit breaker was triggered"),
            event("Web", "UPDATE_IN_PROGRESS"),
            event(StackName, "UPDATE_IN_PROGRESS", "User Initiated"),
            event("Web", "UPDATE_FAILED", "a former update", LONG_AGO),
        ]
        return {"StackEvents": events}

    def _proceed(self) -> None:
        if self.account.stack_status != "UPDATE_IN_PROGRESS" or self.account.outcome[0] == "hang":
            return
        if self.account.outcome[0] == "bake":
            self._bake()
            return
        self._looks -= 1
        if self._looks <= 0:
            self._finish(self.account.outcome.pop(0) if len(self.account.outcome) > 1 else self.account.outcome[0])

    def _bake(self) -> None:
        """The new tasks run beside the former ones until the bake is over, after so many looks, or stopped."""
        web = "exchange-client-web"
        if self.account.bakes_for is None:
            self.account.running = {name: [self._target, self.account.digest] for name in self.account.running}
            self.account.bakes_for = 100
        self.account.bakes_for -= 1
        self.account.rollout = "IN_PROGRESS" if self.account.bakes_for > 0 else "SUCCESSFUL"
        if self.account.bakes_for <= 0:
            self._finish("roll_back" if web in self.account.stopped else "succeed")

    def _finish(self, outcome: str) -> None:
        ends = {"succeed": "UPDATE_COMPLETE", "roll_back": "UPDATE_ROLLBACK_COMPLETE", "fail": "UPDATE_ROLLBACK_FAILED"}
        self.account.stack_status = ends[outcome]
        if outcome == "succeed":
            self.account.run(self._target)
        elif self.account.bakes_for is not None:
            self.account.run(self.account.digest)

    def _digest(self, name: str) -> str:
        parameters = {parameter["ParameterKey"]: parameter for parameter in self.change_sets[name]["Parameters"]}
        return str(parameters["ImageDigest"]["ParameterValue"])

    def _changes(self) -> list[dict[str, Any]]:
        if self.changes is not None:
            return self.changes
        return [change("Definition", "AWS::ECS::TaskDefinition"), change("Web", "AWS::ECS::Service")]
