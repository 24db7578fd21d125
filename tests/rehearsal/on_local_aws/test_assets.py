"""Clients of two versions and the bucket that they share, in the local AWS (F31)."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.host.addresses import Block
from local_aws.server import LocalAws
from rehearsal.components.client.bundle import bundle
from tests.rehearsal.components.conftest import Exchange
from tests.rehearsal.components.programs import Answer, Running, wait_until

OLD, NEW = "1.0.0", "2.0.0"
FOR_EVER = "public, max-age=31536000, immutable"
TYPES = {"js": "text/javascript", "css": "text/css"}


@dataclass
class Shop:
    """Clients of several versions with one bucket."""

    exchange: Exchange
    s3: Any
    bucket: str

    def client(self, version: str, *, fault: str = "none", **environment: str) -> Running:
        told = {"BACKEND_URL": "http://127.0.0.1:1", "ASSETS_BUCKET": self.bucket, "ASSETS_PATH": "/_next/static/"}
        started = self.exchange.start("client", "web", version=version, fault=fault, **(told | environment))
        return started.wait_until_serving("/api/health")

    def ready_client(self, version: str, *, fault: str = "none") -> Running:
        client = self.client(version, fault=fault)
        wait_until(lambda: state(client) == "ok")
        return client

    def content(self, key: str) -> bytes:
        found: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return found


def state(client: Running) -> str:
    """What readiness says of the assets."""
    said: str = client.get("/health/ready").body["checks"]["assets"]
    return said


@pytest.fixture
def shop(aws: LocalAws, tmp_path: Path) -> Iterator[Shop]:
    s3, bucket, block = aws.client("s3"), f"assets-{uuid.uuid4().hex[:8]}", Block(10)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    prefix = block.address.rpartition(".")[0]
    exchange = Exchange(tmp_path, (f"{prefix}.{host}" for host in range(2, 250)), aws.environment())
    yield Shop(exchange, s3, bucket)
    for running in exchange.running:
        running.kill()
    block.close()


def assert_served(answer: Answer, path: str, content: bytes) -> None:
    assert (answer.status, answer.body) == (200, content.decode())
    assert answer.headers["Content-Type"] == TYPES[path.rpartition(".")[2]]
    assert answer.headers["Cache-Control"] == FOR_EVER


def test_f31_a_page_of_the_former_version_finds_its_assets_after_the_switch(shop: Shop) -> None:
    assert shop.ready_client(OLD).terminate() == 0
    new = shop.ready_client(NEW)
    for path, content in bundle(OLD).items():
        answer = new.get(path)
        assert_served(answer, path, content)
        assert answer.headers["X-Release-Digest"] == new.digest


def test_f31_a_page_of_the_new_version_finds_its_assets_at_an_old_task_once_the_new_one_is_ready(shop: Shop) -> None:
    old = shop.ready_client(OLD)
    assert {old.get(path).status for path in bundle(NEW)} == {404}
    shop.ready_client(NEW)
    for path, content in bundle(NEW).items():
        assert_served(old.get(path), path, content)


def test_f31_without_the_bucket_the_running_version_has_its_own_assets_and_is_not_ready(shop: Shop) -> None:
    client = shop.client(OLD, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    for path, content in bundle(OLD).items():
        assert_served(client.get(path), path, content)
    assert state(client) == "the assets of this version are not in the bucket yet"
    assert client.get("/api/health").status == 200


@pytest.mark.parametrize("wrong", [{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, {"ASSETS_BUCKET": "nobody-has-it"}])
def test_a_bucket_that_cannot_be_asked_is_not_taken_for_an_asset_that_nobody_has(
    shop: Shop, wrong: dict[str, str]
) -> None:
    answer = shop.client(OLD, **wrong).get("/_next/static/0000.js")
    assert (answer.status, answer.headers["Cache-Control"]) == (503, "no-store")


def test_what_no_version_ever_had_is_not_found_and_nobody_remembers_that(shop: Shop) -> None:
    client = shop.ready_client(OLD)
    for path in ("/_next/static/0000.js", "/_next/static/../../version.json", "/_next/static/a%20b%5Bc%5D.js"):
        answer = client.get(path)
        assert (answer.status, answer.headers["Cache-Control"]) == (404, "no-store")


def test_a_name_is_looked_up_as_it_was_put_whatever_is_in_it(shop: Shop) -> None:
    shop.s3.put_object(Bucket=shop.bucket, Key="_next/static/a b[c].js", Body=b"1", ContentType="text/javascript")
    assert shop.ready_client(NEW).get("/_next/static/a%20b%5Bc%5D.js").status == 200


def test_f31_what_is_in_the_bucket_is_never_overwritten(shop: Shop) -> None:
    """412: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html#conditional-error-response"""
    key = next(iter(bundle(OLD))).lstrip("/")
    shop.s3.put_object(Bucket=shop.bucket, Key=key, Body=b"the first")
    shop.ready_client(OLD)
    assert shop.content(key) == b"the first"
    with pytest.raises(ClientError) as refusal:
        shop.s3.put_object(Bucket=shop.bucket, Key=key, Body=b"the second", IfNoneMatch="*")
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert refusal.value.response["Error"]["Code"] == "PreconditionFailed"


def test_f31_what_has_expired_can_be_put_again(shop: Shop) -> None:
    """In a versioned bucket it has a delete marker: only the current version counts.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    key = next(iter(bundle(OLD))).lstrip("/")
    shop.s3.put_object(Bucket=shop.bucket, Key=key, Body=b"expired")
    shop.s3.delete_object(Bucket=shop.bucket, Key=key)
    shop.ready_client(OLD)
    assert shop.content(key) == bundle(OLD)[f"/{key}"]


def test_f31_a_version_that_serves_its_own_assets_only_is_seen_to_do_so(shop: Shop) -> None:
    shop.ready_client(OLD)
    new = shop.ready_client(NEW, fault="forgets-former-assets")
    assert {new.get(path).status for path in bundle(OLD)} == {404}
    assert {new.get(path).status for path in bundle(NEW)} == {200}


def test_it_is_small_with_a_bucket_too(shop: Shop) -> None:
    assert shop.ready_client(OLD).memory_mb() < 25
