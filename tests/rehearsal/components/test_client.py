"""The client in front of a real backend, and its hashed assets. With a bucket: on_local_aws/test_assets.py."""

import hashlib
import re
import tarfile
import threading
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rehearsal.build import build
from rehearsal.components.base.plain_http import Answer, NoAnswerError, get
from rehearsal.components.client import assets, bundle
from tests.rehearsal.components.conftest import Exchange
from tests.rehearsal.components.programs import Running


def _client(exchange: Exchange, backend: str, *, fault: str = "none") -> Running:
    return exchange.start("client", "web", fault=fault, BACKEND_URL=backend).wait_until_serving("/api/health")


def test_the_page_shows_the_backends_markets_and_names_an_asset_that_is_served(exchange: Exchange) -> None:
    backend = exchange.start("backend", "web").wait_until_serving("/up")
    client = _client(exchange, backend.base)
    page = client.get("/")
    assert page.status == 200
    assert "BTC-USD" in page.body
    named = re.findall(r'(?:src|href)="(/_next/static/\w+\.(?:js|css))"', page.body)
    assert len(named) == 2
    assert [client.get(path).status for path in named] == [200, 200]
    assert client.get("/_next/static/0000.js").status == 404


def test_without_a_backend_it_lives_but_is_not_ready(exchange: Exchange) -> None:
    client = _client(exchange, "http://127.0.0.1:1")
    assert client.get("/api/health").status == 200
    assert client.get("/health/ready").status == 503
    assert client.get("/").status == 503


def test_its_requests_go_through_the_service_connect_proxy(exchange: Exchange) -> None:
    proxy = exchange.start("backend", "web").wait_until_serving("/up")
    client = exchange.start("client", "web", BACKEND_URL="http://backend:3000", http_proxy=proxy.base)
    client.wait_until_serving("/api/health")
    answer = client.get("/health/ready")
    assert answer.body["checks"]["backend"] == "the backend answered 404"  # it was asked for http://backend:3000/...


def test_a_fifth_of_the_pages_fail_when_that_is_the_fault_and_readiness_does_not_show_it(exchange: Exchange) -> None:
    backend = exchange.start("backend", "web").wait_until_serving("/up")
    client = _client(exchange, backend.base, fault="errors-for-a-fifth")
    assert [client.get("/").status for _ in range(20)].count(500) == 4
    assert client.get("/health/ready").status == 200


def test_a_version_that_never_becomes_ready_says_so(exchange: Exchange) -> None:
    backend = exchange.start("backend", "web").wait_until_serving("/up")
    client = _client(exchange, backend.base, fault="not-ready")
    answer = client.get("/health/ready")
    assert answer.status == 503
    assert answer.body["checks"]["application"] == "this version never becomes ready"


def test_it_is_small_and_ends_cleanly(exchange: Exchange) -> None:
    client = _client(exchange, "http://127.0.0.1:1")
    assert client.memory_mb() < 25
    assert client.terminate() == 0


TOLD = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
    "AWS_REGION": "us-west-2",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "a secret of the tests",
    "AWS_SESSION_TOKEN": "a token of the tests",
    "ASSETS_BUCKET": "assets",
    "ASSETS_PATH": "/_next/static/",
}


def _assets_of_an_image(version: str) -> dict[str, bytes]:
    found = {}
    for layer in build("client", version).layers:
        with tarfile.open(fileobj=BytesIO(layer.content)) as archive:
            for entry in archive.getmembers():
                content = archive.extractfile(entry)
                assert content is not None
                found[entry.name.removeprefix("app/")] = content.read()
    return {name.removeprefix("assets"): content for name, content in found.items() if name.startswith("assets/")}


def test_f31_an_asset_is_named_by_what_is_in_it_so_that_two_versions_never_share_a_name_by_chance() -> None:
    one, other = _assets_of_an_image("1.0.0"), _assets_of_an_image("2.0.0")
    assert len(one) == len(other) == 2
    assert one.keys().isdisjoint(other)
    for path, content in (one | other).items():
        assert hashlib.sha256(content).hexdigest()[:16] in path


def test_an_image_built_by_its_dockerfile_has_the_same_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("version.json").write_text('{"version": "1.0.0", "fault": "none"}', encoding="utf-8")
    bundle.main()
    files = [file for file in Path(bundle.FOLDER).rglob("*") if file.is_file()]
    assert {f"/{file.relative_to(bundle.FOLDER)}": file.read_bytes() for file in files} == _assets_of_an_image("1.0.0")


def test_a_request_to_the_bucket_is_signed_as_aws_signs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Conditional writes over plain HTTP ask for it, and botocore is the oracle.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    sent: dict[str, Any] = {}

    def send(method: str, url: str, **more: Any) -> Answer:
        sent.update(more, method=method, url=url)
        return Answer(200, {}, b"")

    monkeypatch.setattr(assets, "send", send)
    assets.Bucket("assets", TOLD).keep("_next/static/a [b].js", b"content", "text/javascript")
    headers = dict(sent["headers"])
    said = headers.pop("Authorization")
    request = AWSRequest(sent["method"], sent["url"], headers | {"Host": "127.0.0.1:4566"}, sent["body"])
    request.context["timestamp"] = headers["x-amz-date"]
    oracle = S3SigV4Auth(Credentials(TOLD["AWS_ACCESS_KEY_ID"], TOLD["AWS_SECRET_ACCESS_KEY"]), "s3", "us-west-2")
    text = oracle.string_to_sign(request, oracle.canonical_request(request))
    assert said.endswith(f"Signature={oracle.signature(text, request)}")
    assert headers["If-None-Match"] == "*"


class _Bucket:
    """Takes everything, but fails as often as it is told to."""

    def __init__(self, failures: int) -> None:
        self.failures, self.kept = failures, list[str]()

    def keep(self, key: str, _content: bytes, _content_type: str) -> None:
        if self.failures:
            self.failures -= 1
            raise NoAnswerError("nobody is there")
        self.kept.append(key)


def _kept_by(found: _Bucket, folder: Path, monkeypatch: pytest.MonkeyPatch, *, rests: int) -> list[float]:
    """How long a version rests between its attempts, until it is told to stop."""
    monkeypatch.chdir(folder)
    Path("version.json").write_text('{"version": "1.0.0"}', encoding="utf-8")
    bundle.main()
    stopping, slept = threading.Event(), list[float]()

    def rest(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == rests:
            stopping.set()

    process = SimpleNamespace(environment=TOLD, stopping=stopping, rest=rest, say=print)
    assets.Assets(cast(Any, process))._keep(cast(Any, found))
    return slept


def test_f31_assets_are_put_again_once_a_day_because_they_expire(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = _Bucket(failures=0)
    assert _kept_by(found, tmp_path, monkeypatch, rests=2) == [86400.0, 86400.0]
    assert len(found.kept) == 2 * len(set(found.kept)) == 4


def test_a_bucket_that_does_not_answer_is_asked_again_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _Bucket(failures=2)
    assert _kept_by(found, tmp_path, monkeypatch, rests=3) == [1.0, 1.0, 86400.0]
    assert len(found.kept) == 2


def test_requests_to_a_host_of_no_proxy_go_there_directly(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = exchange.start("backend", "web").wait_until_serving("/up")
    host = backend.base.removeprefix("http://").partition(":")[0]
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with pytest.raises(NoAnswerError):
        get(f"{backend.base}/up", seconds=5)
    monkeypatch.setenv("no_proxy", f"localhost,{host}")
    status, _ = get(f"{backend.base}/up", seconds=5)
    assert status == 200
