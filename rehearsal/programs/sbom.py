"""The list of what an image consists of, as BuildKit leaves it: SPDX in JSON, in a statement about the exported files.

https://docs.docker.com/build/metadata/attestations/sbom/ and https://spdx.github.io/spdx-spec/v2.3/
"""

import hashlib
import json
from typing import Any

from rehearsal.programs.pulled_images import Pulled

NAME = "sbom.spdx.json"
RELEASE = "app/release.json"
DOCUMENT, PACKAGE = "SPDXRef-DOCUMENT", "SPDXRef-Package"


def statement(image: Pulled) -> dict[str, Any]:
    """In the form of https://github.com/in-toto/attestation."""
    subject = [{"name": name, "digest": {"sha256": _sha256(content)}} for name, content in image.files().items()]
    return {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://spdx.dev/Document",
        "subject": subject,
        "predicate": document(image),
    }


def document(image: Pulled) -> dict[str, Any]:
    """One package, which is the component, and each of its files: an image of the stand-in has nothing else in it."""
    files = [_file(name, content) for name, content in image.files().items()]
    verified = "".join(sorted(file["checksums"][0]["checksumValue"] for file in files))
    package = _package(image) | {"packageVerificationCode": {"packageVerificationCodeValue": _sha1(verified.encode())}}
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": image.repository,
        "documentNamespace": f"https://spdx.org/spdxdocs/{image.repository}-{image.digest.removeprefix('sha256:')}",
        "creationInfo": {"created": "1970-01-01T00:00:00Z", "creators": ["Tool: rehearsal"]},
        "packages": [package],
        "files": files,
        "relationships": [
            _related(DOCUMENT, "DESCRIBES", PACKAGE),
            *(_related(PACKAGE, "CONTAINS", one["SPDXID"]) for one in files),
        ],
    }


def _package(image: Pulled) -> dict[str, Any]:
    release = json.loads(image.files()[RELEASE])
    return {
        "SPDXID": PACKAGE,
        "name": release["component"],
        "versionInfo": release["commit"],
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": True,
        "checksums": [{"algorithm": "SHA256", "checksumValue": image.digest.removeprefix("sha256:")}],
    }


def _file(name: str, content: bytes) -> dict[str, Any]:
    sums = {"SHA1": _sha1(content), "SHA256": _sha256(content)}
    return {
        "SPDXID": f"SPDXRef-File-{_sha256(name.encode())[:16]}",
        "fileName": f"./{name}",
        "checksums": [{"algorithm": kind, "checksumValue": value} for kind, value in sums.items()],
        "copyrightText": "NOASSERTION",
        "licenseConcluded": "NOASSERTION",
    }


def _related(one: str, how: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other}


def _sha1(content: bytes) -> str:
    """The specification asks for it; nothing is trusted for it."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
