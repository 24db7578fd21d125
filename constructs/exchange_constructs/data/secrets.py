"""The secrets of an environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from exchange_constructs.nag import acknowledge

_LENGTH = 64
_BY_HAND = (
    "a secret is rotated by hand, together with a release: running tasks keep the value that they started with, "
    "so that a rotation without a release would lock them out"
)


@dataclass(frozen=True)
class SecretSpec:
    """`username` makes it a login. `given` is set by people: what stands there first is of no use to anybody."""

    description: str
    username: str | None = None
    given: bool = False


class GeneratedSecrets(Construct):
    """Generated, encrypted with the environment's key and kept; nothing of them is ever in a template."""

    def __init__(self, scope: Construct, id_: str, *, kinds: Mapping[str, SecretSpec], key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self.by_name = {name: self._secret(name, kind, key) for name, kind in kinds.items()}
        acknowledge(self, {"AwsSolutions-SMG4": _BY_HAND, "NIST.800.53.R5-SecretsManagerRotationEnabled": _BY_HAND})

    def _secret(self, name: str, kind: SecretSpec, key: kms.IKey) -> secretsmanager.Secret:
        login = f'{{"username":"{kind.username}"}}' if kind.username else None
        return secretsmanager.Secret(
            self,
            name,
            description=kind.description,
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                exclude_punctuation=True,  # every program takes it, in URLs too
                password_length=_LENGTH,
                secret_string_template=login,
                generate_string_key="password" if login else None,
            ),
            removal_policy=RemovalPolicy.RETAIN,
        )
