"""The roles that `cdk bootstrap` leaves in an account."""

from aws_cdk import DefaultStackSynthesizer, Stack


def lookup_role_arn(stack: Stack) -> str:
    """The one that may only look, for `cdk diff` (F30).

    https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
    """
    name = f"cdk-{DefaultStackSynthesizer.DEFAULT_QUALIFIER}-lookup-role-{stack.account}-{stack.region}"
    return stack.format_arn(service="iam", region="", resource="role", resource_name=name)
