"""What an environment adopts is in the account before the first deployment."""

from types import SimpleNamespace
from typing import Any

import pytest

from local_aws import account_seed
from local_aws.server import LocalAws

CERTIFICATE = "arn:aws:acm:us-west-2:111122223333:certificate/00000000-0000-0000-0000-000000000000"


@pytest.fixture
def settings() -> Any:
    return SimpleNamespace(
        adopt=SimpleNamespace(cluster="adopted-cluster", repositories={"backend": "adopted-backend-1"}),
        domain=SimpleNamespace(name="exchange.example.com", certificate_arn=CERTIFICATE),
    )


def test_f7_adopted_repositories_have_immutable_tags(aws: LocalAws, settings: Any) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html"""
    account_seed.seed(aws.client, settings)
    found = aws.client("ecr").describe_repositories(repositoryNames=["adopted-backend-1"])["repositories"]
    assert [repository["imageTagMutability"] for repository in found] == ["IMMUTABLE"]


def test_seeding_twice_changes_nothing(aws: LocalAws, settings: Any) -> None:
    account_seed.seed(aws.client, settings)
    account_seed.seed(aws.client, settings)
    clusters = aws.client("ecs").describe_clusters(clusters=["adopted-cluster"])["clusters"]
    assert [cluster["status"] for cluster in clusters] == ["ACTIVE"]


def test_certificate_has_exactly_the_arn_of_the_settings(aws: LocalAws, settings: Any) -> None:
    """https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html"""
    account_seed.seed(aws.client, settings)
    found = aws.client("acm").describe_certificate(CertificateArn=CERTIFICATE)["Certificate"]
    assert (found["CertificateArn"], found["DomainName"], found["Status"]) == (
        CERTIFICATE,
        "exchange.example.com",
        "ISSUED",
    )
