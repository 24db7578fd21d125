"""Executions as one who watches sees them. https://docs.aws.amazon.com/step-functions/latest/apireference/"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code

_PAGE = 200


@dataclass(frozen=True)
class Standing:
    """`status` is RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED; a failed one says why."""

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

    def standing(self, arn: str) -> Standing | None:
        """None when there is no such execution."""
        try:
            found = self._client.describe_execution(executionArn=arn)
        except ClientError as error:
            if error_code(error) != "ExecutionDoesNotExist":
                raise
            return None
        return Standing(found["status"], found.get("error") or "", found.get("cause") or "")

    def events_after(self, arn: str, last: int) -> list[Mapping[str, Any]]:
        """What happened after the event of that id, oldest first. Read backwards, so a long past costs nothing."""
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=arn, reverseOrder=True, includeExecutionData=False, PaginationConfig={"PageSize": _PAGE}
        )
        found: list[Mapping[str, Any]] = []
        for page in pages:
            new = [event for event in page["events"] if event["id"] > last]
            found += new
            if len(new) < len(page["events"]):
                break
        return found[::-1]
