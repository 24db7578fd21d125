"""Starts the executions of release machines, and looks at them.

https://docs.aws.amazon.com/step-functions/latest/apireference/
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code

_PAGE = 200


@dataclass(frozen=True)
class ExecutionStatus:
    """How an execution stands.

    `status` is RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED; a failed execution has an error and a cause.
    """

    status: str
    error: str = ""
    cause: str = ""

    @property
    def over(self) -> bool:
        """Tell whether the execution has ended; one that waits to be redriven has not."""
        return self.status not in ("RUNNING", "PENDING_REDRIVE")


class Executions:
    """Starts executions, and looks at them."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def start(self, machine_arn: str, name: str, data: Mapping[str, Any]) -> bool:
        """Start an execution with `data` as its input; False when its name was used before, by the same event (F35)."""
        try:
            self._client.start_execution(stateMachineArn=machine_arn, name=name, input=json.dumps(data))
        except ClientError as error:
            if error_code(error) != "ExecutionAlreadyExists":
                raise
            return False
        return True

    def status(self, arn: str) -> ExecutionStatus | None:
        """Return how the execution stands; None when there is no such execution."""
        try:
            execution = self._client.describe_execution(executionArn=arn)
        except ClientError as error:
            if error_code(error) != "ExecutionDoesNotExist":
                raise
            return None
        return ExecutionStatus(execution["status"], execution.get("error") or "", execution.get("cause") or "")

    def runs(self, arn: str) -> bool:
        """Tell whether the execution is RUNNING; one that does not exist is not."""
        execution = self.status(arn)
        return execution is not None and execution.status == "RUNNING"

    def events_after(self, arn: str, last: int) -> list[Mapping[str, Any]]:
        """Return the events whose id is larger than `last`, oldest first and without their data; 0 gives all of them.

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
    """Return the ARN of the machine's execution of this name."""
    return f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
