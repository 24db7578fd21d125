"""Reads what ECR knows of an image, by its digest, from its basic scanning and from Amazon Inspector alike.

A scan that runs is waited for, and one is started where there is none. What is not known is an error and never a pass.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code

Page = Mapping[str, Any]
CRITICAL = "CRITICAL"
SEVERITIES = (CRITICAL, "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")
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


@dataclass(frozen=True)
class Vulnerability:
    """Describes a finding of a scan.

    `id` is such as CVE-2026-1; `fixed_in` the versions of `package` without the vulnerability, if any.
    """

    id: str
    severity: str
    package: str
    fixed_in: str
    uri: str


def read_findings(pages: Sequence[Page]) -> list[Vulnerability]:
    """Read the findings of a scan, the worst first; what Inspector calls closed is none any more."""
    findings = [each for page in pages for each in _of_page(page.get("imageScanFindings") or {})]
    return sorted(findings, key=lambda each: (_rank(each.severity), each.id, each.package))


def _rank(severity: str) -> int:
    """Rank a severity; one that is not known here comes last, and is counted all the same."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _of_page(findings: Page) -> Iterator[Vulnerability]:
    yield from (_basic(entry) for entry in findings.get("findings") or ())
    for entry in findings.get("enhancedFindings") or ():
        if entry.get("status") != "CLOSED":
            yield _enhanced(entry)


def _basic(entry: Page) -> Vulnerability:
    attributes = {each["key"]: each.get("value", "") for each in entry.get("attributes") or ()}
    package = f"{attributes.get('package_name', '')} {attributes.get('package_version', '')}".strip()
    return Vulnerability(entry["name"], entry.get("severity", "UNDEFINED"), package, "", entry.get("uri", ""))


def _enhanced(entry: Page) -> Vulnerability:
    details = entry.get("packageVulnerabilityDetails") or {}
    packages = details.get("vulnerablePackages") or ()
    names = (f"{package.get('name', '')} {package.get('version', '')}".strip() for package in packages)
    versions = {package.get("fixedInVersion") for package in packages} - {None, "", "NotAvailable"}
    id_ = details.get("vulnerabilityId") or entry.get("title") or entry["findingArn"]
    severity, source = entry.get("severity", "UNTRIAGED"), details.get("sourceUrl", "")
    return Vulnerability(id_, severity, ", ".join(dict.fromkeys(names)), ", ".join(sorted(versions)), source)


class ScanError(RuntimeError):
    """Says why it is not known what is in the image, and what to do."""


class Scans:
    """Asks one registry for the scans of its images; `pause` waits that many seconds."""

    def __init__(self, ecr: AwsClient, pause: Callable[[float], None]) -> None:
        self._ecr, self._pause = ecr, pause

    def findings(self, repository: str, digest: str) -> list[Vulnerability]:
        """Return the findings in an image, the worst first; raises ScanError where they are not known."""
        image = {"repositoryName": repository, "imageId": {"imageDigest": digest}}
        state, waited, started = "PENDING", 0.0, ""
        while waited < LONGEST:
            pages = self._pages(image)
            if pages is None:
                started = started or self._start(image)
            else:
                state = _state(pages[0])
                if state in _DONE and "imageScanFindings" in pages[0]:
                    return read_findings(pages)
            self._pause(_EVERY)
            waited += _EVERY
        raise ScanError(f"{repository}@{digest} has no findings after {LONGEST / 60:.0f} minutes: {started or state}")

    def _pages(self, image: dict[str, Any]) -> list[dict[str, Any]] | None:
        """Return the pages of findings; None where no scan was ever asked for."""
        pager = self._ecr.get_paginator("describe_image_scan_findings")
        try:
            return list(pager.paginate(**image))
        except ClientError as error:
            if error_code(error) == "ScanNotFoundException":
                return None
            raise _scan_error(error, image) from error

    def _start(self, image: dict[str, Any]) -> str:
        """Start a basic scan, and return what to say where that gives no findings.

        Where Inspector does the scanning, a scan can only be waited for.
        """
        try:
            self._ecr.start_image_scan(**image)
        except ClientError as error:
            if error_code(error) != "ValidationException":
                raise _scan_error(error, image) from error
            return f"no scan can be started by hand ({error}), and none has begun by itself"
        return "a scan was started, which does not end"


def _state(page: dict[str, Any]) -> str:
    """Return the state of a scan that is done or under way; raises ScanError for one that has ended otherwise."""
    status = page.get("imageScanStatus") or {}
    state = str(status.get("status") or "no status")
    if state in _DONE or state in _UNDER_WAY:
        return state
    described = " ".join(filter(None, [state, status.get("description")]))
    image = f"{page.get('repositoryName')}@{(page.get('imageId') or {}).get('imageDigest')}"
    raise ScanError(f"the scan of {image} is {described}: {_ENDED.get(state, 'look at the image in the ECR console')}")


def _scan_error(error: Exception, image: dict[str, Any]) -> Exception:
    """Return a ScanError for what is about this image; missing permissions and the like stay what they are."""
    problem = {
        "ImageNotFoundException": "is not in the registry",
        "RepositoryNotFoundException": "has no such repository",
        "UnsupportedImageTypeException": "cannot be scanned",
        "ImageArchivedException": "is archived",
        "LimitExceededException": "cannot be scanned again today",
    }.get(error_code(error))
    if problem is None:
        return error
    return ScanError(f"{image['repositoryName']}@{image['imageId']['imageDigest']} {problem}: {error}")
