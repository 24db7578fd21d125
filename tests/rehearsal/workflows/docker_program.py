"""What `docker` is in these tests: it builds the stand-in exchange, and pushes to the local registry by the API of ECR.

It knows the commands of `release/images/docker.py`, in the form in which that gives them, and fails at any other.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import botocore.session
from botocore.exceptions import ClientError

from rehearsal.build import build
from rehearsal.registry import push

LOGINS = Path.home() / "logins"


def main(words: list[str]) -> None:
    match words:
        case ["login", "--username", "AWS", "--password-stdin", registry]:
            assert sys.stdin.read(), "no password"
            LOGINS.write_text(f"{LOGINS.read_text() if LOGINS.exists() else ''}{registry}\n")
        case ["buildx", "imagetools", "inspect", reference, "--format", "{{json .Manifest}}"]:
            print(json.dumps({"digest": digest(reference)}))
        case ["buildx", "imagetools", "create", "--prefer-index=false", "--tag", reference, source]:
            copy(source, reference)
        case ["buildx", "build", *options]:
            build_and_push(options)
        case _:
            sys.exit(f"docker: {words} is not known here")


def build_and_push(words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    for option in ("--platform", "--provenance", "--build-arg", "--tag", "--metadata-file"):
        parser.add_argument(option, required=True)
    parser.add_argument("--push", action="store_true", required=True)
    parser.add_argument("folder", type=Path)
    told = parser.parse_args(words)
    assert (told.platform, told.provenance) == ("linux/arm64", "false")
    assert (told.folder / "release.json").exists()
    repository, version = parsed(told.tag)
    image = build(told.build_arg.removeprefix("COMPONENT="), version)
    found = push(ecr(), repository, image)
    Path(told.metadata_file).write_text(json.dumps({"containerimage.digest": found}))


def copy(source: str, reference: str) -> None:
    """What is built twice from the same sources is the same here, so to build it again is to copy it."""
    repository, version = parsed(reference)
    image = build(repository.split("-")[1], version)  # exchange-engine-0480f75
    assert source.endswith(f"@{image.digest}")
    push(ecr(), repository, image)


def digest(reference: str) -> str:
    repository, version = parsed(reference)
    try:
        described = ecr().describe_images(repositoryName=repository, imageIds=[{"imageTag": version}])
    except ClientError:
        described = {"imageDetails": []}
    if not described["imageDetails"]:
        sys.exit(f"ERROR: {reference}: not found")
    return str(described["imageDetails"][0]["imageDigest"])


def parsed(reference: str) -> tuple[str, str]:
    """Repository and tag; nobody pushes without having logged in."""
    registry, _, path = reference.partition("/")
    assert registry in LOGINS.read_text().splitlines(), f"not logged in to {registry}"
    repository, _, version = path.rpartition(":")
    return repository, version


def ecr() -> Any:
    return botocore.session.get_session().create_client("ecr")


if __name__ == "__main__":
    main(sys.argv[1:])
