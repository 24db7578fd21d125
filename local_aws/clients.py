"""What talks to the local AWS, and to no other: the environment of AWS clients, and boto3 clients of its own.

The clients here don't ask what the caller's environment and profile say.
"""

from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

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


ERRORS = (BotoCoreError, ClientError)
_PATIENT = Config(read_timeout=900, retries={"max_attempts": 0}, max_pool_connections=50, proxies={})


@cache
def client(service: str) -> Any:
    """Return a client with root's credentials, which waits as long as a function may run and never asks twice."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=embedding.REGION)  # noqa: S106
    return session.client(service, endpoint_url=embedding.endpoint(), config=_PATIENT)
