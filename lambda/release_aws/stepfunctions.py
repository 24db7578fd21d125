"""The executions of the release machines: started, and looked at by the functions and by whoever watches a release.

https://docs.aws.amazon.com/step-functions/latest/apireference/
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code

_PAGE = 200


@dataclass(frozen=True)
class ExecutionStatus:
    """Says how an execution stands.

    `status` is RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED; a failed execution has an error and a cause.
    """

    status: str
    error: str = ""
    cause: str = ""

    @property
    def over(self) -> bool:
        return self.status not in ("RUNNING", "PENDING_REDRIVE")


class Executions:
    """Looks at executions and changes nothing."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def status(self, arn: str) -> ExecutionStatus | None:
        """Return how the execution stands; None when there is no such execution."""
        try:
            execution = self._client.describe_execution(executionArn=arn)
        except ClientError as error:
            if error_code(error) != "ExecutionDoesNotExist":
                raise
            return None
        return ExecutionStatus(execution["status"], execution.get("error") or "", execution.get("cause") or "")

    def events_after(self, arn: str, last: int) -> list[Mapping[str, Any]]:
        """Return the events after the event of that id, oldest first.

        The history is read backwards, so that a long past costs nothing.
        """
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=arn, reverseOrder=True, includeExecutionData=False, PaginationConfig={"PageSize": _PAGE}
        )
        events: list[Mapping[str, Any]] = []
        for page in pages:
            new = [event for event in page["events"] if event["id"] > last]
            events += new
            if len(new) < len(page["events"]):
                break
        return events[::-1]


def execution_arn(machine_arn: str, name: str) -> str:
    """The ARN of a machine's execution of that name."""
    return f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"


class Machines:
    """Starts executions and looks at them."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def start(self, machine_arn: str, name: str, data: Mapping[str, Any]) -> bool:
        """False when an execution of that name was started before: the same event came twice (F35)."""
        try:
            self._client.start_execution(stateMachineArn=machine_arn, name=name, input=json.dumps(data))
        except ClientError as error:
            if error_code(error) != "ExecutionAlreadyExists":
                raise
            return False
        return True

    def runs(self, execution: str) -> bool:
        """Whether it is still under way; one that is not known is not."""
        try:
            return bool(self._client.describe_execution(executionArn=execution)["status"] == "RUNNING")
        except ClientError as error:
            if error_code(error) != "ExecutionDoesNotExist":
                raise
            return False

    def history(self, execution: str) -> Iterator[Mapping[str, Any]]:
        """Every event, oldest first, without the data."""
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=execution, includeExecutionData=False
        )
        for page in pages:
            yield from page["events"]
