"""Looks images up. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html"""

from collections.abc import Iterable

from release_aws.clients import AwsClient

_AT_ONCE = 100


class Images:
    """Looks images up in the registry."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def present(self, repository: str, digests: Iterable[str]) -> frozenset[str]:
        """Return those of `digests` that the repository has."""
        wanted = sorted(set(digests))
        present: set[str] = set()
        for start in range(0, len(wanted), _AT_ONCE):
            ids = [{"imageDigest": digest} for digest in wanted[start : start + _AT_ONCE]]
            answer = self._client.batch_get_image(repositoryName=repository, imageIds=ids)
            present |= {image["imageId"]["imageDigest"] for image in answer["images"]}
        return frozenset(present)
