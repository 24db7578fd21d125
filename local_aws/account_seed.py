"""What an account has before the first deployment: repositories, a cluster, a certificate."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol

from local_aws.clock import Clock
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.answers import now_iso, request_scope
from local_aws.ministack_parts.services import acm


@dataclass(frozen=True)
class Certificate:
    """An issued certificate of a domain and its subdomains."""

    arn: str
    domain: str


@dataclass(frozen=True)
class Holdings:
    """What an account has before anything is deployed."""

    repositories: Sequence[str] = ()
    cluster: str | None = None
    certificate: Certificate | None = None


ClientFactory = Callable[[str], Any]


class HasClients(Protocol):
    """What a seed needs of a local AWS: clients."""

    def client(self, service: str) -> Any: ...


def install(_clock: Clock) -> None:
    """Let an adopted certificate keep its ARN, whichever account it names: stock finds ARNs of its own account only."""
    acm.is_local_certificate_arn.wrap(_also_adopted)


def seed_for(holdings: Holdings) -> Callable[[HasClients], None]:
    """Return the seed that puts the holdings in place, as `LocalAws(seed=[...])` takes it."""
    return lambda aws: seed(aws.client, holdings)


def seed(client: ClientFactory, holdings: Holdings) -> None:
    """Create the holdings; what exists already stays as it is."""
    _repositories(client("ecr"), sorted(holdings.repositories))
    if holdings.cluster:
        client("ecs").create_cluster(
            clusterName=holdings.cluster, settings=[{"name": "containerInsights", "value": "enabled"}]
        )
    if certificate := holdings.certificate:
        with request_scope(embedding.ACCOUNT, embedding.REGION):
            acm.certificates[certificate.arn] = _certificate(certificate.arn, certificate.domain)


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
        "NotAfter": acm.future_iso(365 * 24 * 3600),
        "DomainValidationOptions": [],
        "ValidationMethod": "DNS",
        "Tags": [],
        "Options": {},
    }


def _also_adopted(stock: Any) -> Any:
    @wraps(stock)
    def answer(arn: str) -> bool:
        return arn in acm.certificates or bool(stock(arn))

    return answer
