"""The registry keeps what is pushed, refuses what ECR refuses, and knows of vulnerabilities what it has looked at.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html and its siblings.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html
"""

import hashlib
import io
import json
import tarfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws.ecr import image_scans
from local_aws.ecr.image_scans import Advisory
from local_aws.ecr.images import PullError, pull
from local_aws.server import LocalAws
from release.images.image_scans import ScanError, Scans, Vulnerability
from tests.local_aws import contracts
from tests.local_aws.ecr.sample_images import MANIFEST, Registry

ABSENT = "sha256:" + "0" * 64


@pytest.fixture
def ecr(aws: LocalAws) -> Any:
    return aws.client("ecr")


def test_a_pushed_image_is_unpacked_with_its_configuration(registry: Registry) -> None:
    image = pull(registry.server("one"))
    assert (image.root / "app/bin/web").stat().st_mode & 0o111
    assert image.environment == {"VERSION": "one", "PORT": "3000"}
    assert (str(image.working_directory), image.command) == ("app", ["bin/web"])


def test_f7_the_same_reference_is_always_the_same_image(registry: Registry, ecr: Any) -> None:
    repository = registry.repository()
    first, second = registry.server("one", repository), registry.server("two", repository)
    assert first != second
    assert pull(first).environment["VERSION"] == "one"
    assert pull(first).digest == first.partition("@")[2]


def test_an_absent_image_cannot_be_pulled(registry: Registry) -> None:
    repository = registry.server("one").partition("@")[0]
    with pytest.raises(PullError, match="not found"):
        pull(f"{repository}@{ABSENT}")


def test_another_registry_cannot_be_pulled_from(aws: LocalAws) -> None:
    with pytest.raises(PullError, match="not in this account's registry"):
        pull("docker.io/library/nginx:latest")


def test_a_layer_whose_paths_leave_the_image_is_refused(registry: Registry, ecr: Any) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("../../outside")
        archive.addfile(entry, io.BytesIO())
    repository = registry.repository()
    reference = _put(
        ecr, repository, registry.upload(repository, b"{}"), registry.upload(repository, buffer.getvalue())
    )
    with pytest.raises(PullError, match="outside"):
        pull(reference)


def test_a_layer_with_the_wrong_digest_is_refused(registry: Registry, ecr: Any) -> None:
    repository = registry.repository()
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    part = {"partFirstByte": 0, "partLastByte": 3, "layerPartBlob": b"four"}
    ecr.upload_layer_part(repositoryName=repository, uploadId=upload, **part)
    with pytest.raises(ecr.exceptions.InvalidLayerException):
        ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[ABSENT])


def test_a_part_that_leaves_a_gap_is_refused(registry: Registry, ecr: Any) -> None:
    repository = registry.repository()
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    part = {"partFirstByte": 2, "partLastByte": 5, "layerPartBlob": b"four"}
    with pytest.raises(ecr.exceptions.InvalidLayerPartException):
        ecr.upload_layer_part(repositoryName=repository, uploadId=upload, **part)


def test_an_upload_without_parts_is_refused(registry: Registry, ecr: Any) -> None:
    repository = registry.repository()
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    with pytest.raises(ecr.exceptions.EmptyUploadException):
        ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[ABSENT])


def test_an_unknown_upload_is_refused(registry: Registry, ecr: Any) -> None:
    with pytest.raises(ecr.exceptions.UploadNotFoundException):
        ecr.complete_layer_upload(
            repositoryName=registry.repository(),
            uploadId="00000000-0000-0000-0000-000000000000",
            layerDigests=[ABSENT],
        )


def test_a_layer_is_kept_once(registry: Registry, ecr: Any) -> None:
    repository = registry.repository()
    digest = registry.upload(repository, b"the same")
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    part = {"partFirstByte": 0, "partLastByte": 7, "layerPartBlob": b"the same"}
    ecr.upload_layer_part(repositoryName=repository, uploadId=upload, **part)
    with pytest.raises(ecr.exceptions.LayerAlreadyExistsException):
        ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])


def test_a_manifest_over_missing_layers_is_refused(registry: Registry, ecr: Any) -> None:
    repository = registry.repository()
    with pytest.raises(ecr.exceptions.LayersNotFoundException, match=ABSENT):
        _put(ecr, repository, registry.upload(repository, b"{}"), ABSENT)


def test_a_manifest_with_another_digest_is_refused(registry: Registry, ecr: Any) -> None:
    repository = registry.repository()
    part = registry.upload(repository, b"{}")
    with pytest.raises(ecr.exceptions.ImageDigestDoesNotMatchException):
        _put(ecr, repository, part, part, imageDigest=ABSENT)


def test_f8_describing_a_missing_image_is_an_error_not_an_empty_list(registry: Registry, ecr: Any) -> None:
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.describe_images(repositoryName=registry.repository(), imageIds=[{"imageDigest": ABSENT}])


def test_an_unknown_repository_is_named(ecr: Any, aws: LocalAws) -> None:
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException, match="nowhere"):
        ecr.initiate_layer_upload(repositoryName="nowhere")


def test_answers_hold_against_the_service_model(registry: Registry, ecr: Any) -> None:
    repository, content = registry.repository(), b"{}"
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    at = {"repositoryName": repository}
    upload = contracts.call(ecr, "InitiateLayerUpload", **at)["uploadId"]
    part = {"partFirstByte": 0, "partLastByte": 1, "layerPartBlob": content}
    assert contracts.call(ecr, "UploadLayerPart", **at, uploadId=upload, **part)["lastByteReceived"] == 1
    done = contracts.call(ecr, "CompleteLayerUpload", **at, uploadId=upload, layerDigests=[digest])
    assert done["layerDigest"] == digest
    seen = contracts.call(ecr, "BatchCheckLayerAvailability", **at, layerDigests=[digest, ABSENT])["layers"]
    assert [entry["layerAvailability"] for entry in seen] == ["AVAILABLE", "UNAVAILABLE"]
    image = _put(ecr, repository, digest, digest).partition("@")[2]
    described = contracts.call(ecr, "DescribeImages", **at, imageIds=[{"imageDigest": image}])["imageDetails"]
    assert [entry["imageDigest"] for entry in described] == [image]


def test_a_layer_can_be_downloaded_where_the_registry_says(registry: Registry, ecr: Any) -> None:
    repository = registry.repository()
    digest = registry.upload(repository, b"the bytes")
    url = contracts.call(ecr, "GetDownloadUrlForLayer", repositoryName=repository, layerDigest=digest)["downloadUrl"]
    with urllib.request.urlopen(url) as answer:  # noqa: S310
        assert answer.read() == b"the bytes"


def _put(ecr: Any, repository: str, config: str, layer: str, **more: Any) -> str:
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": "application/json", "digest": config, "size": 2},
        "layers": [{"mediaType": "application/octet-stream", "digest": layer, "size": 2}],
    }
    answer = ecr.put_image(
        repositoryName=repository, imageManifest=json.dumps(manifest), imageManifestMediaType=MANIFEST, **more
    )
    return f"000000000000.dkr.ecr.us-west-2.amazonaws.com/{repository}@{answer['image']['imageId']['imageDigest']}"


Image = dict[str, Any]


@pytest.fixture
def pushed(ecr: Any, registry: Registry) -> Iterator[Callable[..., Image]]:
    """An image with one file, in a repository of its own."""

    def push(*, on_push: bool, file: str = "lib/parser-1.0.jar") -> Image:
        name = f"scanned-{uuid.uuid4().hex[:8]}"
        ecr.create_repository(repositoryName=name, imageScanningConfiguration={"scanOnPush": on_push})
        return {"repositoryName": name, "imageId": {"imageDigest": registry.push(name, {file: "x"}, ["true"])}}

    yield push
    image_scans.advisories.clear()


def described(ecr: Any, image: Image) -> dict[str, Any]:
    """The end of its scan."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        scan: dict[str, Any] = ecr.describe_image_scan_findings(**image)
        if scan["imageScanStatus"]["status"] == "COMPLETE":
            return scan
        assert scan["imageScanStatus"]["status"] == "IN_PROGRESS"
        assert "imageScanFindings" not in scan
    pytest.fail("the scan does not end")


def test_a_push_is_scanned_where_the_repository_says_so(ecr: Any, pushed: Callable[..., Image]) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanningConfiguration.html"""
    image = pushed(on_push=True)
    scan = described(ecr, image)
    assert (scan["repositoryName"], scan["imageId"]) == (image["repositoryName"], image["imageId"])
    assert scan["imageScanFindings"]["findings"] == []
    with pytest.raises(ecr.exceptions.ScanNotFoundException, match="Image scan does not exist"):
        ecr.describe_image_scan_findings(**pushed(on_push=False))


def test_a_scan_takes_its_time_and_is_not_made_twice_a_day(ecr: Any, pushed: Callable[..., Image]) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html"""
    image = pushed(on_push=False)
    assert ecr.start_image_scan(**image)["imageScanStatus"]["status"] == "IN_PROGRESS"
    assert ecr.describe_image_scan_findings(**image)["imageScanStatus"]["status"] == "IN_PROGRESS"
    with pytest.raises(ecr.exceptions.LimitExceededException):
        ecr.start_image_scan(**image)
    with pytest.raises(ecr.exceptions.LimitExceededException):
        ecr.start_image_scan(**pushed(on_push=True))
    described(ecr, image)


def test_what_is_known_of_an_images_files_is_found_in_it(ecr: Any, pushed: Callable[..., Image]) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html"""
    image_scans.advisories.append(Advisory("CVE-2026-1", "CRITICAL", "app/lib/parser-1.0.*"))
    findings = described(ecr, pushed(on_push=True))["imageScanFindings"]
    assert [(finding["name"], finding["severity"]) for finding in findings["findings"]] == [("CVE-2026-1", "CRITICAL")]
    assert findings["findingSeverityCounts"] == {"CRITICAL": 1}
    mended = described(ecr, pushed(on_push=True, file="lib/parser-1.1.jar"))
    assert mended["imageScanFindings"]["findings"] == []


@pytest.mark.parametrize("action", ["start_image_scan", "describe_image_scan_findings"])
def test_an_image_that_is_not_there_is_not_scanned(ecr: Any, pushed: Callable[..., Image], action: str) -> None:
    name = pushed(on_push=True)["repositoryName"]
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        getattr(ecr, action)(repositoryName=name, imageId={"imageDigest": ABSENT})
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        getattr(ecr, action)(repositoryName="nowhere", imageId={"imageDigest": ABSENT})


def test_f34_the_command_line_waits_for_the_scan_and_starts_one_where_there_is_none(
    ecr: Any, pushed: Callable[..., Image]
) -> None:
    image_scans.advisories.append(Advisory("CVE-2026-1", "CRITICAL", "app/lib/*"))
    scans = Scans(ecr, lambda seconds: time.sleep(seconds / 60))
    for on_push in (True, False):
        image = pushed(on_push=on_push)
        findings = scans.findings(image["repositoryName"], image["imageId"]["imageDigest"])
        assert findings == [Vulnerability("CVE-2026-1", "CRITICAL", "app/lib/parser-1.0.jar", "", "")]
    with pytest.raises(ScanError, match="is not in the registry"):
        scans.findings(image["repositoryName"], ABSENT)
