"""Where a stack is deployed, and how things are called there."""

from dataclasses import dataclass
from functools import cache

from aws_cdk import Stack


@dataclass(frozen=True)
class Place:
    """Tokens where only the deployment knows.

    An ARN is put together here rather than by `Stack.format_arn`, which asks Node for each; a synth needs hundreds.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """`resource` with its type: `table/ledger`, `log-group:name`."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """Of a service that knows no regions."""
        return f"arn:{self.partition}:{service}::{self.account}:{resource}"


@cache
def place_of(stack: Stack) -> Place:
    """Of every stack once."""
    return Place(stack.partition, stack.region, stack.account)
