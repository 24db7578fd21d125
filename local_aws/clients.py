"""boto3 clients of the local AWS, whatever the caller's environment and profile say."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local_aws.ministack_parts import embedding

ERRORS = (BotoCoreError, ClientError)
_PATIENT = Config(read_timeout=900, retries={"max_attempts": 0}, max_pool_connections=50, proxies={})


@cache
def client(service: str) -> Any:
    """Return a client with root's credentials, which waits as long as a function may run and never asks twice."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=embedding.REGION)  # noqa: S106
    return session.client(service, endpoint_url=embedding.endpoint(), config=_PATIENT)
