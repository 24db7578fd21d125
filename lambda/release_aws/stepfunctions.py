"""The release machines' executions. https://docs.aws.amazon.com/step-functions/latest/apireference/"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code


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
