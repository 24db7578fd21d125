"""The roles that `cdk bootstrap` leaves in an account."""

from aws_cdk import DefaultStackSynthesizer, Stack

from exchange_constructs.place import place_of


def lookup_role_arn(stack: Stack) -> str:
    """The one that may only look, for `cdk diff` (F30).

    https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
    """
    return _role_arn(stack, "lookup")


def deploying_role_arns(stack: Stack) -> list[str]:
    """Those that `cdk deploy` becomes by itself; they in turn may hand CloudFormation the role that does the work."""
    return [_role_arn(stack, what) for what in ("lookup", "file-publishing", "deploy")]


def _role_arn(stack: Stack, what: str) -> str:
    place = place_of(stack)
    name = f"cdk-{DefaultStackSynthesizer.DEFAULT_QUALIFIER}-{what}-role-{place.account}-{place.region}"
    return place.global_arn("iam", f"role/{name}")
