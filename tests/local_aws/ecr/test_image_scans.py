"""ECR looks into what is pushed, and knows no more than was looked at.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html
"""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws.ecr import image_scans
from local_aws.ecr.image_scans import Advisory
from local_aws.server import LocalAws
from release.images.image_scans import ScanError, Scans, Vulnerability
from tests.local_aws.ecr.sample_images import Registry

ABSENT = "sha256:" + "0" * 64
Image = dict[str, Any]


@pytest.fixture
def ecr(aws: LocalAws) -> Any:
    return aws.client("ecr")


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
        found: dict[str, Any] = ecr.describe_image_scan_findings(**image)
        if found["imageScanStatus"]["status"] == "COMPLETE":
            return found
        assert found["imageScanStatus"]["status"] == "IN_PROGRESS"
        assert "imageScanFindings" not in found
    pytest.fail("the scan does not end")


def test_a_push_is_scanned_where_the_repository_says_so(ecr: Any, pushed: Callable[..., Image]) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanningConfiguration.html"""
    image = pushed(on_push=True)
    found = described(ecr, image)
    assert (found["repositoryName"], found["imageId"]) == (image["repositoryName"], image["imageId"])
    assert found["imageScanFindings"]["findings"] == []
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
    found = described(ecr, pushed(on_push=True))["imageScanFindings"]
    assert [(one["name"], one["severity"]) for one in found["findings"]] == [("CVE-2026-1", "CRITICAL")]
    assert found["findingSeverityCounts"] == {"CRITICAL": 1}
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
        found = scans.findings(image["repositoryName"], image["imageId"]["imageDigest"])
        assert found == [Vulnerability("CVE-2026-1", "CRITICAL", "app/lib/parser-1.0.jar", "", "")]
    with pytest.raises(ScanError, match="is not in the registry"):
        scans.findings(image["repositoryName"], ABSENT)
