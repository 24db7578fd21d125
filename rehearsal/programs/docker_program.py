"""What `docker` is in a rehearsal: it builds the stand-in exchange, and pushes to the local registry by the API of ECR.

It knows the commands of `release/images/image.py`, in the form in which that gives them, and `buildx create --use`
before them; it fails at any other. The list of what an image consists of is as BuildKit leaves it: SPDX in JSON, in a
statement about the exported files. https://docs.docker.com/build/metadata/attestations/sbom/ and
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
    """In the form of https://github.com/in-toto/attestation."""
    subject = [{"name": name, "digest": {"sha256": _sha256(content)}} for name, content in image.files().items()]
    return {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://spdx.dev/Document",
        "subject": subject,
        "predicate": sbom_document(image),
    }


def sbom_document(image: Pulled) -> dict[str, Any]:
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


LOGINS = Path.home() / "logins"
FROM = "FROM "


def main(words: list[str]) -> None:
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
    told = parser.parse_args(words)
    _require((told.platform, told.provenance) == ("linux/arm64", "false"), "only linux/arm64 without provenance")
    if told.push:
        build_and_push(told)
    elif told.output:
        look(told)
    else:
        sys.exit("docker buildx build: neither --push nor --output: the result would be nowhere")


def build_and_push(told: argparse.Namespace) -> None:
    _require(not (told.sbom or told.output), "what is pushed has no attestations here")
    _require((told.folder / "release.json").exists(), f"{told.folder} has no release.json")
    repository, version = parsed(told.tag)
    found = push(ecr(), repository, _built(told.folder, told.build_arg.removeprefix("COMPONENT="), version))
    Path(told.metadata_file).write_text(json.dumps({"containerimage.digest": found}))


def _built(folder: Path, component: str, version: str) -> Image:
    """What the Dockerfile makes of the folder, where it has the sources that this copies; else the stand-in's own."""
    return build_folder(folder, component, version) if (folder / "version.json").exists() else build(component, version)


def look(told: argparse.Namespace) -> None:
    """Of a Dockerfile that is nothing but an image of the registry: its files, and the list of them beside.

    https://docs.docker.com/build/exporters/local-tar/ and https://docs.docker.com/build/metadata/attestations/sbom/
    """
    output = dict(part.split("=", 1) for part in told.output.split(","))
    _require(output.keys() == {"type", "dest"} and output["type"] == "local", f"--output {told.output}: only local")
    written = (told.folder / "Dockerfile").read_text(encoding="utf-8").strip()
    _require(written.startswith(FROM) and "\n" not in written, "with --output, only a Dockerfile of one FROM is known")
    image = pulled(written.removeprefix(FROM).strip())
    target = Path(output["dest"])
    image.unpack(target)
    if told.sbom == "true":
        (target / SBOM).write_text(json.dumps(sbom_statement(image), indent=2), encoding="utf-8")


def copy(source: str, reference: str) -> None:
    """The same manifest and the same blobs, so that the digest stays."""
    found = pulled(source)
    repository, version = parsed(reference)
    now = push_blobs(ecr(), repository, version, found.manifest, found.blobs)
    _require(now == found.digest, f"{reference} is {now}, but {source} was to be copied")


def digest(reference: str) -> str:
    repository, version = parsed(reference)
    try:
        described = ecr().describe_images(repositoryName=repository, imageIds=[{"imageTag": version}])
    except ClientError:
        described = {"imageDetails": []}
    if not described["imageDetails"]:
        sys.exit(f"ERROR: {reference}: not found")
    return str(described["imageDetails"][0]["imageDigest"])


def pulled(reference: str) -> Pulled:
    """By its digest; a tag names nothing for long."""
    name, _, wanted = reference.partition("@")
    _require(bool(wanted), f"{reference} names no digest")
    try:
        return pull(ecr(), parsed(f"{name}:")[0], wanted)
    except LookupError as error:
        sys.exit(f"ERROR: {reference}: {error}")


def parsed(reference: str) -> tuple[str, str]:
    """Repository and tag; nobody pushes or pulls without having logged in."""
    registry, _, path = reference.partition("/")
    known = LOGINS.read_text().splitlines() if LOGINS.exists() else []
    _require(registry in known, f"not logged in to {registry}")
    repository, _, version = path.rpartition(":")
    return repository, version


def ecr() -> Any:
    return botocore.session.get_session().create_client("ecr")


def _require(right: bool, otherwise: str) -> None:
    if not right:
        sys.exit(f"docker: {otherwise}")


if __name__ == "__main__":
    main(sys.argv[1:])
