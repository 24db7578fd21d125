"""What an environment finds in its account and adopts: repositories, cluster, certificate.

Created before the first deployment, under the names and the ARN that the settings give.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol

from ministack.core.responses import now_iso, request_scope
from ministack.services import acm

from rehearsal.local_aws import embedding
from rehearsal.local_aws.clock import Clock

if TYPE_CHECKING:
    from stacks.settings import Settings

ClientFactory = Callable[[str], Any]


class HasClients(Protocol):
    """A local AWS, as its seeds see it."""

    def client(self, service: str) -> Any: ...


def install(_clock: Clock) -> None:
    """An adopted certificate keeps its ARN, whichever account that names: stock finds only ARNs of its own."""
    acm._is_local_certificate_arn = _also_adopted(acm._is_local_certificate_arn)


def seed_for(settings: "Settings") -> Callable[[HasClients], None]:
    """The seed of an environment, as `LocalAws(seed=[...])` takes it."""
    return lambda aws: seed(aws.client, settings)


def seed(client: ClientFactory, settings: "Settings") -> None:
    """Creates what the settings adopt; what is there already stays."""
    _repositories(client("ecr"), sorted(settings.adopt.repositories.values()))
    if settings.adopt.cluster:
        client("ecs").create_cluster(
            clusterName=settings.adopt.cluster, settings=[{"name": "containerInsights", "value": "enabled"}]
        )
    if settings.domain is not None:
        with request_scope(embedding.ACCOUNT, embedding.REGION):
            acm._certificates[settings.domain.certificate_arn] = _certificate(
                settings.domain.certificate_arn, settings.domain.name
            )


def _repositories(ecr: Any, names: list[str]) -> None:
    for name in names:
        with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
            ecr.create_repository(
                repositoryName=name,
                imageTagMutability="IMMUTABLE",
                imageScanningConfiguration={"scanOnPush": True},
            )


def _certificate(arn: str, domain: str) -> dict[str, Any]:
    now = now_iso()
    return {
        "CertificateArn": arn,
        "DomainName": domain,
        "SubjectAlternativeNames": [domain, f"*.{domain}"],
        "Status": "ISSUED",
        "Type": "AMAZON_ISSUED",
        "CreatedAt": now,
        "IssuedAt": now,
        "NotBefore": now,
        "NotAfter": acm._future_iso(365 * 24 * 3600),
        "DomainValidationOptions": [],
        "ValidationMethod": "DNS",
        "Tags": [],
        "Options": {},
    }


def _also_adopted(stock: Any) -> Any:
    @wraps(stock)
    def answer(arn: str) -> bool:
        return arn in acm._certificates or bool(stock(arn))

    return answer
