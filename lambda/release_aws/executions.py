"""Looks at executions as one who watches a release. https://docs.aws.amazon.com/step-functions/latest/apireference/"""

from collections.abc import Mapping
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
