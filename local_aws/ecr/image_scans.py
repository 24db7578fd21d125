"""ECR's basic scanning: an image is looked at when it is pushed, if its repository says so, or when somebody asks.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html, with the errors of
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html and those of its sibling.
What is known of vulnerabilities is `advisories`: of files of an image, for what runs here need not be made of packages.
"""

import io
import json
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import wraps
from typing import Any

from local_aws.clock import Clock
from local_aws.ecr import images
from local_aws.ministack_parts import application
from local_aws.ministack_parts.answers import Handler, Record, RefusedError, Response, answered
from local_aws.ministack_parts.services import ecr

SERVICE = "ecr"
SCAN_SECONDS = 10.0
ONCE_IN_SECONDS = 24 * 3600.0
_stock = application.service_handlers[SERVICE]
_lock = threading.Lock()
_scans: dict[tuple[str, str], float] = {}
_clock = Clock()


@dataclass(frozen=True)
class Advisory:
    """A known vulnerability; `files` is a pattern of paths in an image, such as `app/lib/parser-1.0.*`."""

    name: str
    severity: str
    files: str


advisories: list[Advisory] = []


def install(clock: Clock) -> None:
    """Add the two actions, which ministack lacks, and scan what is pushed; `ecr.images` must be installed already."""
    global _clock  # noqa: PLW0603 - the clock of the one local AWS of this process
    _clock = clock
    _scans.clear()
    advisories.clear()
    ecr.put_image.wrap(_followed)
    application.service_handlers[SERVICE] = handle_request


async def handle_request(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any) -> Response:
    """Answer a request as ministack's dispatcher hands it to a service."""
    action = ACTIONS.get(headers.get("x-amz-target", "").rsplit(".", 1)[-1])
    return action(json.loads(body)) if action else await _stock(method, path, headers, body, query)


def start_image_scan(request: Record) -> Record:
    """Start a scan; an image may be scanned once in 24 hours, the scan when it was pushed included."""
    key, image = _image(request)
    with _lock:
        if key in _scans and time.monotonic() < _scans[key] + _clock.real(ONCE_IN_SECONDS):
            raise RefusedError("LimitExceededException", "The scan quota per image has been exceeded.")
        _scans[key] = time.monotonic()
    return _about(request, image) | {"imageScanStatus": {"status": "IN_PROGRESS"}}


def describe_image_scan_findings(request: Record) -> Record:
    """Return all findings of a scan at once, for there are few."""
    key, image = _image(request)
    began = _scans.get(key)
    if began is None:
        message = f"Image scan does not exist for the image with '{json.dumps(request['imageId'])}' in '{key[0]}'"
        raise RefusedError("ScanNotFoundException", message)
    if time.monotonic() < began + _clock.real(SCAN_SECONDS):
        return _about(request, image) | {"imageScanStatus": {"status": "IN_PROGRESS"}}
    findings = list(_findings(key[0], image))
    seconds_ago = time.monotonic() - began - _clock.real(SCAN_SECONDS)
    return _about(request, image) | {
        "imageScanStatus": {"status": "COMPLETE", "description": "The scan was completed successfully."},
        "imageScanFindings": {
            "findings": findings,
            "findingSeverityCounts": Counter(finding["severity"] for finding in findings),
            "imageScanCompletedAt": time.time() - seconds_ago,
            "vulnerabilitySourceUpdatedAt": time.time(),
        },
    }


ACTIONS: Mapping[str, Handler] = {
    "StartImageScan": answered(start_image_scan),
    "DescribeImageScanFindings": answered(describe_image_scan_findings),
}


def _followed(stock: Handler) -> Handler:
    """Let a push begin a scan if the repository scans what is pushed."""

    @wraps(stock)
    def put(request: Record) -> Response:
        status, headers, body = stock(request)
        name = request.get("repositoryName", "")
        if status == 200 and ecr.repositories[name]["imageScanningConfiguration"]["scanOnPush"]:
            with _lock:
                _scans[name, json.loads(body)["image"]["imageId"]["imageDigest"]] = time.monotonic()
        return status, headers, body

    return put


def _image(request: Record) -> tuple[tuple[str, str], Record]:
    name = images.repository_of(request)
    image = images.image_of(name, request["imageId"])
    return (name, image["imageDigest"]), image


def _about(request: Record, image: Record) -> Record:
    named = {"registryId": ecr.registry_id(), "repositoryName": request["repositoryName"]}
    return named | {"imageId": {"imageDigest": image["imageDigest"]}}


def _findings(repository: str, image: Record) -> Iterator[Record]:
    files = list(_files(repository, json.loads(image["imageManifest"])))
    for advisory in advisories:
        for file in files:
            if fnmatchcase(file, advisory.files):
                attributes = [{"key": "package_name", "value": file}]
                yield {"name": advisory.name, "severity": advisory.severity, "attributes": attributes}


def _files(repository: str, manifest: Record) -> Iterator[str]:
    for layer in manifest["layers"]:
        with tarfile.open(fileobj=io.BytesIO(ecr.layers[repository][layer["digest"]]), mode="r:*") as archive:
            yield from archive.getnames()
