"""Stands in for `docker` in a rehearsal: builds the stand-in exchange, and pushes to the registry by the API of ECR.

It knows the commands of `release/images/image.py`, in the form in which that gives them, and `buildx create --use`
before them; it fails at any other. It lists what an image consists of as BuildKit does: SPDX in JSON, in a statement
about the exported files. https://docs.docker.com/build/metadata/attestations/sbom/ and
https://spdx.github.io/spdx-spec/v2.3/
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import botocore.session
from botocore.exceptions import ClientError

from rehearsal.build import Image, build, build_folder
from rehearsal.registry import Pulled, pull, push, push_blobs

SBOM = "sbom.spdx.json"
RELEASE = "app/release.json"
DOCUMENT, PACKAGE = "SPDXRef-DOCUMENT", "SPDXRef-Package"


def sbom_statement(image: Pulled) -> dict[str, Any]:
    """Return the list of an image's files, in the form of https://github.com/in-toto/attestation."""
    subject = [{"name": name, "digest": {"sha256": _sha256(content)}} for name, content in image.files().items()]
    return {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://spdx.dev/Document",
        "subject": subject,
        "predicate": sbom_document(image),
    }


def sbom_document(image: Pulled) -> dict[str, Any]:
    """Return the SPDX document of an image: one package, the component, with each of its files; it has nothing else."""
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
            *(_related(PACKAGE, "CONTAINS", file["SPDXID"]) for file in files),
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


def _related(element: str, relationship: str, other: str) -> dict[str, str]:
    return {"spdxElementId": element, "relationshipType": relationship, "relatedSpdxElement": other}


def _sha1(content: bytes) -> str:
    """Return the SHA-1 that the specification asks for; no trust rests on it."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


LOGINS = Path.home() / "logins"
FROM = "FROM "


def main(words: list[str]) -> None:
    """Carry out one command line; exit with an error if it is not known."""
    match words:
        case ["login", "--username", "AWS", "--password-stdin", registry]:
            _require(bool(sys.stdin.read()), "no password")
            LOGINS.write_text(f"{LOGINS.read_text() if LOGINS.exists() else ''}{registry}\n")
        case ["buildx", "create", "--use"]:
            print("local")  # there is one builder, and it knows attestations
        case ["buildx", "imagetools", "inspect", reference, "--format", "{{json .Manifest}}"]:
            print(json.dumps({"digest": digest(reference)}))
        case ["buildx", "imagetools", "create", "--prefer-index=false", "--tag", reference, source]:
            copy(source, reference)
        case ["buildx", "build", *options]:
            _build(options)
        case _:
            sys.exit(f"docker: {words} is not known here")


def _build(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="docker buildx build", allow_abbrev=False)
    for option in ("--platform", "--provenance"):
        parser.add_argument(option, required=True)
    for option in ("--build-arg", "--tag", "--metadata-file", "--sbom", "--output"):
        parser.add_argument(option, default="")
    parser.add_argument("--push", action="store_true")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(words)
    _require((options.platform, options.provenance) == ("linux/arm64", "false"), "only linux/arm64 without provenance")
    if options.push:
        build_and_push(options)
    elif options.output:
        look(options)
    else:
        sys.exit("docker buildx build: neither --push nor --output: the result would be nowhere")


def build_and_push(options: argparse.Namespace) -> None:
    """Build the folder's image, push it, and write its digest into the metadata file."""
    _require(not (options.sbom or options.output), "what is pushed has no attestations here")
    _require((options.folder / "release.json").exists(), f"{options.folder} has no release.json")
    repository, version = parsed(options.tag)
    image = _built(options.folder, options.build_arg.removeprefix("COMPONENT="), version)
    pushed = push(ecr(), repository, image)
    Path(options.metadata_file).write_text(json.dumps({"containerimage.digest": pushed}))


def _built(folder: Path, component: str, version: str) -> Image:
    """Return the image of the folder's sources, or the stand-in's own if the folder has only a Dockerfile."""
    return build_folder(folder, component, version) if (folder / "version.json").exists() else build(component, version)


def look(options: argparse.Namespace) -> None:
    """Write the files of an image of the registry, and the list of them, into the output folder.

    The Dockerfile names that image and does nothing else.

    https://docs.docker.com/build/exporters/local-tar/ and https://docs.docker.com/build/metadata/attestations/sbom/
    """
    output = dict(part.split("=", 1) for part in options.output.split(","))
    _require(output.keys() == {"type", "dest"} and output["type"] == "local", f"--output {options.output}: only local")
    dockerfile = (options.folder / "Dockerfile").read_text(encoding="utf-8").strip()
    _require(
        dockerfile.startswith(FROM) and "\n" not in dockerfile, "with --output, only a Dockerfile of one FROM is known"
    )
    image = pulled(dockerfile.removeprefix(FROM).strip())
    target = Path(output["dest"])
    image.unpack(target)
    if options.sbom == "true":
        (target / SBOM).write_text(json.dumps(sbom_statement(image), indent=2), encoding="utf-8")


def copy(source: str, reference: str) -> None:
    """Push an image under another reference, with the same manifest and blobs, so that its digest stays."""
    image = pulled(source)
    repository, version = parsed(reference)
    pushed = push_blobs(ecr(), repository, version, image.manifest, image.blobs)
    _require(pushed == image.digest, f"{reference} is {pushed}, but {source} was to be copied")


def digest(reference: str) -> str:
    """Return the digest of a tag; exit if the registry does not have it."""
    repository, version = parsed(reference)
    try:
        described = ecr().describe_images(repositoryName=repository, imageIds=[{"imageTag": version}])
    except ClientError:
        described = {"imageDetails": []}
    if not described["imageDetails"]:
        sys.exit(f"ERROR: {reference}: not found")
    return str(described["imageDetails"][0]["imageDigest"])


def pulled(reference: str) -> Pulled:
    """Return the image that a reference names by digest, as tags may move; exit if the registry does not have it."""
    name, _, image_digest = reference.partition("@")
    _require(bool(image_digest), f"{reference} names no digest")
    try:
        return pull(ecr(), parsed(f"{name}:")[0], image_digest)
    except LookupError as error:
        sys.exit(f"ERROR: {reference}: {error}")


def parsed(reference: str) -> tuple[str, str]:
    """Return repository and tag of a reference; exit unless `docker login` has named its registry."""
    registry, _, path = reference.partition("/")
    registries = LOGINS.read_text().splitlines() if LOGINS.exists() else []
    _require(registry in registries, f"not logged in to {registry}")
    repository, _, version = path.rpartition(":")
    return repository, version


def ecr() -> Any:
    """Return a client of ECR."""
    return botocore.session.get_session().create_client("ecr")


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        sys.exit(f"docker: {otherwise}")


if __name__ == "__main__":
    main(sys.argv[1:])
