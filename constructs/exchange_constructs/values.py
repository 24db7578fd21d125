"""Values of CDK that are the same everywhere, made once because each costs a call to Node; and ARNs."""

from dataclasses import dataclass
from functools import cache

from aws_cdk import DefaultStackSynthesizer, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

seconds = cache(Duration.seconds)
minutes = cache(Duration.minutes)
hours = cache(Duration.hours)
days = cache(Duration.days)
principal = cache(iam.ServicePrincipal)
anywhere = cache(ec2.Peer.any_ipv4)
tcp = cache(ec2.Port.tcp)


@dataclass(frozen=True)
class ArnScope:
    """The partition, region and account of ARNs; each is a token of CDK if only the deployment knows it.

    An ARN is put together here rather than by `Stack.format_arn`, which asks Node for each; a synth needs hundreds.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource, which is given with its type: `table/ledger`, `log-group:name`."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource whose service knows no regions, such as IAM."""
        return f"arn:{self.partition}:{service}::{self.account}:{resource}"


@cache
def arn_scope(stack: Stack) -> ArnScope:
    """Return a stack's partition, region and account; kept, because each is a call to Node."""
    return ArnScope(stack.partition, stack.region, stack.account)


def lookup_role_arn(stack: Stack) -> str:
    """Return the ARN of the bootstrap's role that may only look, for `cdk diff` (F30).

    https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
    """
    return _role_arn(stack, "lookup")


def deploying_role_arns(stack: Stack) -> list[str]:
    """Return the ARNs of the bootstrap's roles that `cdk deploy` assumes; they may hand CloudFormation another role."""
    return [_role_arn(stack, purpose) for purpose in ("lookup", "file-publishing", "deploy")]


def _role_arn(stack: Stack, purpose: str) -> str:
    arns = arn_scope(stack)
    name = f"cdk-{DefaultStackSynthesizer.DEFAULT_QUALIFIER}-{purpose}-role-{arns.account}-{arns.region}"
    return arns.global_arn("iam", f"role/{name}")
