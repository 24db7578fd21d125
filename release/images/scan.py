"""What ECR knows of an image, by its digest. It waits for a scan that runs and starts one where there is none; what is
not known is an error and never a pass (F34).

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html
"""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from release.images.findings import Finding, read_findings
from release_aws.clients import AwsClient, error_code

LONGEST = 900.0
_EVERY = 5.0
_DONE = ("COMPLETE", "ACTIVE")  # ACTIVE: Inspector has scanned it, and scans it again when it learns of something new
_UNDER_WAY = ("PENDING", "IN_PROGRESS")
_ENDED = {
    "FAILED": "push the image again under another version, or scan it by hand in the ECR console to see why",
    "UNSUPPORTED_IMAGE": "its base is none that ECR can look into: build on one that is",
    "SCAN_ELIGIBILITY_EXPIRED": "Inspector looks at images of this age no more: build it anew, or prolong the re-scan",
    "FINDINGS_UNAVAILABLE": "ECR has no findings for it: see whether the account's scanning is switched on",
    "LIMIT_EXCEEDED": "one image can be scanned by hand once a day: try again when that is over",
    "IMAGE_ARCHIVED": "it is archived: restore it in the ECR console",
}


class ScanError(RuntimeError):
    """It is not known what is in the image; the message says why and what to do."""


class Scans:
    """Of one registry. `pause` waits that many seconds."""

    def __init__(self, ecr: AwsClient, pause: Callable[[float], None]) -> None:
        self._ecr, self._pause = ecr, pause

    def findings(self, repository: str, digest: str) -> list[Finding]:
        """The worst first."""
        image = {"repositoryName": repository, "imageId": {"imageDigest": digest}}
        said, waited, started = "PENDING", 0.0, ""
        while waited < LONGEST:
            pages = self._pages(image)
            if pages is None:
                started = started or self._start(image)
            else:
                said = _status(pages[0])
                if said in _DONE and "imageScanFindings" in pages[0]:
                    return read_findings(pages)
            self._pause(_EVERY)
            waited += _EVERY
        raise ScanError(f"{repository}@{digest} has no findings after {LONGEST / 60:.0f} minutes: {started or said}")

    def _pages(self, image: dict[str, Any]) -> list[dict[str, Any]] | None:
        """None where no scan was ever asked for."""
        pager = self._ecr.get_paginator("describe_image_scan_findings")
        try:
            return list(pager.paginate(**image))
        except ClientError as error:
            if error_code(error) == "ScanNotFoundException":
                return None
            raise _understood(error, image) from error

    def _start(self, image: dict[str, Any]) -> str:
        """A basic scan. Where Inspector does the scanning it can only be waited for, and what is said stays known."""
        try:
            self._ecr.start_image_scan(**image)
        except ClientError as error:
            if error_code(error) != "ValidationException":
                raise _understood(error, image) from error
            return f"no scan can be started by hand ({error}), and none has begun by itself"
        return "a scan was started, which does not end"


def _status(page: dict[str, Any]) -> str:
    status = page.get("imageScanStatus") or {}
    said = str(status.get("status") or "no status")
    if said in _DONE or said in _UNDER_WAY:
        return said
    told = " ".join(filter(None, [said, status.get("description")]))
    where = f"{page.get('repositoryName')}@{(page.get('imageId') or {}).get('imageDigest')}"
    raise ScanError(f"the scan of {where} is {told}: {_ENDED.get(said, 'look at the image in the ECR console')}")


def _understood(error: Exception, image: dict[str, Any]) -> Exception:
    """What is about this image is its finding; missing permissions and the like are the caller's."""
    what = {
        "ImageNotFoundException": "is not in the registry",
        "RepositoryNotFoundException": "has no such repository",
        "UnsupportedImageTypeException": "cannot be scanned",
        "ImageArchivedException": "is archived",
        "LimitExceededException": "cannot be scanned again today",
    }.get(error_code(error))
    if what is None:
        return error
    return ScanError(f"{image['repositoryName']}@{image['imageId']['imageDigest']} {what}: {error}")
