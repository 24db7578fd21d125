"""Artifacts in the pipeline's bucket, under the keys that CodePipeline gives them.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts.html#concepts-artifacts
"""

import secrets
import shutil
import string
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws import clients
from local_aws.codepipeline import archives
from local_aws.host import workplace

Record = dict[str, Any]
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Location:
    """Where an artifact lies."""

    bucket: str
    key: str

    def view(self) -> Record:
        return {"bucket": self.bucket, "key": self.key}


def reserve(pipeline: str, store: Record, name: str) -> Location:
    """Return a key: 20 characters of the pipeline, 10 of the artifact, seven of chance."""
    chance = "".join(secrets.choice(_LETTERS) for _ in range(7))
    return Location(store["location"], f"{pipeline[:20]}/{name[:10]}/{chance}")


def put(location: Location, archive: bytes, store: Record) -> None:
    """Store an artifact, under the store's encryption key if it names one."""
    key = store.get("encryptionKey")
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["id"]} if key else {}
    clients.client("s3").put_object(Bucket=location.bucket, Key=location.key, Body=archive, **encryption)


def unpacked(location: Location) -> Path:
    """Unpack an artifact into a new folder, for `discard`."""
    archive = clients.client("s3").get_object(Bucket=location.bucket, Key=location.key)["Body"].read()
    folder = new_folder()
    archives.unpack(archive, folder)
    return folder


def new_folder() -> Path:
    """Make a folder in which an artifact is unpacked while an action works."""
    return Path(tempfile.mkdtemp(dir=workplace.current().artifacts))


def discard(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
