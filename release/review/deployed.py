"""What is deployed, and what CloudFormation itself says that a template would do: by a change set that nobody executes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from release.review.changes import Json
from release_aws.clients import AwsClient, error_code

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html; a larger one goes through
# S3, where a role that only looks cannot put it.
LARGEST_TEMPLATE = 51_200
_UNCHANGED = ("didn't contain changes", "No updates are to be performed")
_LONGEST = 300.0
_DENIED = ("AccessDenied", "AccessDeniedException")


class NotToldError(Exception):
    """CloudFormation does not tell what would change; the message says why."""


@dataclass(frozen=True)
class Deployed:
    """Asks CloudFormation. `pause` waits that many seconds. Needs GetTemplate, CreateChangeSet, DescribeChangeSet and
    DeleteChangeSet on the stacks; ExecuteChangeSet is never called.
    """

    client: AwsClient
    pause: Callable[[float], None]

    def template(self, stack: str) -> Json | None:
        """As it was deployed; None when there is no such stack."""
        try:
            body: Any = self.client.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise _reason(error) from error
        if isinstance(body, str):
            raise NotToldError("its template is not JSON, so it was not deployed by CDK")
        return dict(body)

    def change_set(self, stack: str, template: Json) -> Json:
        """What CloudFormation would do, as DescribeChangeSet says it. The change set is deleted again."""
        body = json.dumps(template, separators=(",", ":"))
        if len(body.encode()) > LARGEST_TEMPLATE:
            raise NotToldError(
                f"its template has more than {LARGEST_TEMPLATE} bytes, which a change set takes from S3 only"
            )
        try:
            with self._made(stack, body) as name:
                return self._described(stack, name)
        except ClientError as error:
            raise _reason(error) from error

    @contextmanager
    def _made(self, stack: str, body: str) -> Iterator[str]:
        name = f"diff-{uuid4().hex}"
        known = {one["ParameterKey"] for one in self._parameters(stack)}
        kept = sorted(known & set(json.loads(body).get("Parameters", {})))
        self.client.create_change_set(
            StackName=stack,
            ChangeSetName=name,
            ChangeSetType="UPDATE",
            TemplateBody=body,
            Parameters=[{"ParameterKey": key, "UsePreviousValue": True} for key in kept],
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        try:
            yield name
        finally:
            self.client.delete_change_set(StackName=stack, ChangeSetName=name)

    def _parameters(self, stack: str) -> list[Json]:
        found: list[Json] = self.client.describe_stacks(StackName=stack)["Stacks"][0].get("Parameters", [])
        return found

    def _described(self, stack: str, name: str) -> Json:
        waited = 0.0
        while waited < _LONGEST:
            pages = list(self.client.get_paginator("describe_change_set").paginate(StackName=stack, ChangeSetName=name))
            status, reason = pages[0]["Status"], pages[0].get("StatusReason") or ""
            if status == "CREATE_COMPLETE" or any(words in reason for words in _UNCHANGED):
                return {"Changes": [change for page in pages for change in page.get("Changes", [])]}
            if status == "FAILED":
                raise NotToldError(f"the change set failed: {reason}")
            self.pause(2.0)
            waited += 2.0
        raise NotToldError(f"the change set was not ready after {_LONGEST:.0f} seconds")


def _reason(error: ClientError) -> Exception:
    """Less than was asked for is no failure where a permission is missing; anything else is."""
    return NotToldError(f"the credentials do not allow it ({error})") if error_code(error) in _DENIED else error
