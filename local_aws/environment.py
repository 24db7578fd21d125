"""What makes AWS clients talk to the local AWS, and to no other."""

from pathlib import Path

from local_aws.ministack_parts import embedding


def leading_to(folder: Path) -> dict[str, str]:
    """Return the variables for boto3, the CDK CLI and command lines; `folder` is the local AWS's."""
    return {
        "AWS_ENDPOINT_URL": embedding.endpoint(),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": embedding.REGION,
        "AWS_DEFAULT_REGION": embedding.REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DEFAULT_ACCOUNT": embedding.ACCOUNT,
        "CDK_DEFAULT_REGION": embedding.REGION,
        "CDK_HOME": str(folder / "cdk-home"),
        "NO_PROXY": "127.0.0.1,localhost",
    }
