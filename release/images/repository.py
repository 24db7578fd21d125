"""`registry`: where a component's images are pushed to, and the right to do so for some hours."""

from base64 import b64decode

from release.images.docker import Docker
from release_aws.clients import AwsClient


def log_in(docker: Docker, ecr: AwsClient, name: str) -> str:
    """The repository's URI, once Docker may push there.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html: "AWS:password", in base64.
    """
    uri = str(ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryUri"])
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    docker.log_in(uri.partition("/")[0], b64decode(token).decode().partition(":")[2])
    return uri
