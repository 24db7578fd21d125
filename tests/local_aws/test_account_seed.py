"""What an account holds is there before the first deployment."""

from local_aws import account_seed
from local_aws.account_seed import Certificate, Holdings
from local_aws.server import LocalAws

CERTIFICATE = "arn:aws:acm:us-west-2:111122223333:certificate/00000000-0000-0000-0000-000000000000"
HOLDINGS = Holdings(
    repositories=["adopted-backend-1"],
    cluster="adopted-cluster",
    certificate=Certificate(CERTIFICATE, "exchange.example.com"),
)


def test_f7_adopted_repositories_have_immutable_tags(aws: LocalAws) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html"""
    account_seed.seed(aws.client, HOLDINGS)
    held = aws.client("ecr").describe_repositories(repositoryNames=["adopted-backend-1"])["repositories"]
    assert [repository["imageTagMutability"] for repository in held] == ["IMMUTABLE"]


def test_seeding_twice_changes_nothing(aws: LocalAws) -> None:
    account_seed.seed(aws.client, HOLDINGS)
    account_seed.seed(aws.client, HOLDINGS)
    clusters = aws.client("ecs").describe_clusters(clusters=["adopted-cluster"])["clusters"]
    assert [cluster["status"] for cluster in clusters] == ["ACTIVE"]


def test_certificate_has_exactly_the_arn_that_it_is_given(aws: LocalAws) -> None:
    """https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html"""
    account_seed.seed(aws.client, HOLDINGS)
    certificate = aws.client("acm").describe_certificate(CertificateArn=CERTIFICATE)["Certificate"]
    assert (certificate["CertificateArn"], certificate["DomainName"], certificate["Status"]) == (
        CERTIFICATE,
        "exchange.example.com",
        "ISSUED",
    )
