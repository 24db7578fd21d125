"""`registry`: where a component's images are pushed to, and the right to do so for some hours."""

from base64 import b64decode

from release.images.docker import Docker
from release_aws.clients import AwsClient


def log_in(docker: Docker, ecr: AwsClient, name: str, account: str | None) -> str:
    """The repository's URI, once Docker may push there. `account` is whose registry it is; None is the caller's own.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html: "AWS:password", in base64,
    for every registry that lets the caller in.
    """
    registry = {"registryId": account} if account else {}
    uri = str(ecr.describe_repositories(repositoryNames=[name], **registry)["repositories"][0]["repositoryUri"])
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    docker.log_in(uri.partition("/")[0], b64decode(token).decode().partition(":")[2])
    return uri
