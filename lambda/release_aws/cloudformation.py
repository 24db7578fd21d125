"""Describes and updates stacks by change sets. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code
from release_engine import cloudformation as rules

PARAMETER = "ImageDigest"
_UNCHANGED = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True)
class Stack:
    """A stack; `digest` is what it should run, None before any release; `updated` changes with every update."""

    name: str
    status: str
    digest: str | None
    updated: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class ChangeSet:
    """A change set; `state` is pending, ready, unchanged or failed."""

    state: str
    reason: str
    changes: tuple[Mapping[str, Any], ...]


class Stacks:
    """Looks at stacks, and updates them by change sets."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def describe(self, name: str) -> Stack | None:
        """Return the stack; None when there is no such stack."""
        try:
            stack = self._client.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        values = {item["ParameterKey"]: item.get("ParameterValue", "") for item in stack.get("Parameters", [])}
        updated = str(stack.get("LastUpdatedTime") or "")
        return Stack(name, stack["StackStatus"], values.get(PARAMETER) or None, updated, tuple(values))

    def create_change_set(self, stack: Stack, name: str, digest: str) -> None:
        """Create a change set that keeps the template and all parameters but the digest; twice is once (F35)."""
        kept = [{"ParameterKey": key, "UsePreviousValue": True} for key in stack.parameters if key != PARAMETER]
        try:
            self._client.create_change_set(
                StackName=stack.name,
                ChangeSetName=name,
                ChangeSetType="UPDATE",
                UsePreviousTemplate=True,
                Parameters=[*kept, {"ParameterKey": PARAMETER, "ParameterValue": digest}],
                Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
        except ClientError as error:
            if error_code(error) != "AlreadyExistsException":
                raise

    def change_set(self, stack: str, name: str) -> ChangeSet:
        """Return the change set with all of its changes."""
        pages = list(self._client.get_paginator("describe_change_set").paginate(StackName=stack, ChangeSetName=name))
        reason = pages[0].get("StatusReason") or ""
        changes = tuple(change for page in pages for change in page.get("Changes", []))
        return ChangeSet(_state(pages[0]["Status"], reason), reason, changes)

    def change_sets(self, stack: str) -> tuple[Mapping[str, Any], ...]:
        """Return a summary of each change set that the stack has; CloudFormation forgets those that were executed."""
        pages = self._client.get_paginator("list_change_sets").paginate(StackName=stack)
        return tuple(summary for page in pages for summary in page["Summaries"])

    def execute(self, stack: str, name: str) -> bool:
        """Execute a change set; False when that was done already: CloudFormation then has put it away, or says so."""
        try:
            self._client.execute_change_set(StackName=stack, ChangeSetName=name, ClientRequestToken=name)
        except ClientError as error:
            if error_code(error) not in ("ChangeSetNotFound", "InvalidChangeSetStatus"):
                raise
            return False
        return True

    def delete_change_set(self, stack: str, name: str) -> None:
        """Delete a change set that will not be executed."""
        self._client.delete_change_set(StackName=stack, ChangeSetName=name)

    def cancel(self, stack: str) -> None:
        """Cancel the update; too late is no error, since the next look at the stack tells."""
        try:
            self._client.cancel_update_stack(StackName=stack)
        except ClientError as error:
            if error_code(error) != "ValidationError":
                raise

    def failure_reason(self, stack: str) -> str:
        """Return why the last update failed."""
        return rules.failure_reason(stack, self._events(stack))

    def events_since(self, stack: str, since: float) -> list[Mapping[str, Any]]:
        """Return the stack's events since then, in epoch seconds, newest first."""
        return list(takewhile(lambda event: event["Timestamp"].timestamp() >= since, self._events(stack)))

    def _events(self, stack: str) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=stack)
        return islice((event for page in pages for event in page["StackEvents"]), 500)


def _state(status: str, reason: str) -> str:
    if status == "CREATE_COMPLETE":
        return "ready"
    if status != "FAILED":
        return "pending"
    return "unchanged" if any(words in reason for words in _UNCHANGED) else "failed"
