"""Secrets, but never their values.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
"""

from collections.abc import Iterable

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code
from release_engine.secret import Secret, arn_of

_UNRESOLVED = ("ResourceNotFoundException", "AccessDeniedException", "InvalidRequestException")


class Secrets:
    """What is known of the secrets that tasks refer to."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def known(self, references: Iterable[str]) -> dict[str, Secret]:
        """By reference; what means no secret is left out."""
        arns = {reference: arn for reference in references if (arn := arn_of(reference))}
        found = {arn: self._describe(arn) for arn in sorted(set(arns.values()))}
        return {reference: found[arn] for reference, arn in arns.items()}

    def _describe(self, arn: str) -> Secret:
        try:
            found = self._client.describe_secret(SecretId=arn)
        except ClientError as error:
            if error_code(error) not in _UNRESOLVED:
                raise
            return Secret(trouble=error_code(error))
        versions = found.get("VersionIdsToStages") or {}
        stages = frozenset(stage for labels in versions.values() for stage in labels)
        return Secret(deleted="DeletedDate" in found, stages=stages)
