"""The roles that `cdk bootstrap` leaves in an account."""

from aws_cdk import DefaultStackSynthesizer, Stack

from exchange_constructs.place import place_of


def lookup_role_arn(stack: Stack) -> str:
    """The one that may only look, for `cdk diff` (F30).

    https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
    """
    place = place_of(stack)
    name = f"cdk-{DefaultStackSynthesizer.DEFAULT_QUALIFIER}-lookup-role-{place.account}-{place.region}"
    return place.global_arn("iam", f"role/{name}")
