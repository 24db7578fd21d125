"""Roles that GitHub workflows take on without any stored key.

https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws and, for the claims
that a trust may ask for, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

ISSUER = "token.actions.githubusercontent.com"
_AUDIENCE = "sts.amazonaws.com"


def github_provider(scope: Construct, id_: str, *, existing_arn: str | None) -> iam.IOidcProvider:
    """An account has one provider for GitHub at most: `existing_arn` adopts the one that is there."""
    if existing_arn:
        return iam.OidcProviderNative.from_oidc_provider_arn(scope, id_, existing_arn)
    return iam.OidcProviderNative(scope, id_, url=f"https://{ISSUER}", client_ids=[_AUDIENCE])


class GithubRole(Construct):
    """A role for the workflows of one repository, and of those only for the runs that `run` names.

    `run` is the end of the token's subject: `pull_request`, or `environment:staging`. A `branch` narrows further. Both
    are compared whole: a pattern could be met by a branch or a repository that somebody names to meet it.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        provider: iam.IOidcProvider,
        repository: str,
        run: str,
        description: str,
        branch: str | None = None,
        longest: Duration | None = None,
    ) -> None:
        super().__init__(scope, id_)
        if repository.count("/") != 1 or "*" in repository:
            raise ValueError(f"{self.node.path}: {repository!r} is not a repository of the form owner/name")
        claims = {"aud": _AUDIENCE, "sub": f"repo:{repository}:{run}"}
        if branch:
            claims["ref"] = f"refs/heads/{branch}"
        trusted = {"StringEquals": {f"{ISSUER}:{claim}": value for claim, value in claims.items()}}
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.OpenIdConnectPrincipal(provider, trusted),
            description=description,
            max_session_duration=longest or Duration.hours(1),
        )
