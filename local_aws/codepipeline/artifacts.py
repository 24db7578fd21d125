"""Artifacts: zip files in the pipeline's bucket, under the keys that CodePipeline gives them.

They keep what a build needs: modes, symbolic links, empty folders (git's own has some).
https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts.html#concepts-artifacts
"""

import io
import secrets
import shutil
import stat
import string
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local_aws import clients
from local_aws.host import workplace
from local_aws.ministack_parts.answers import Record


def packed(folder: Path) -> bytes:
    """Return a zip file with everything in the folder."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as files:
        for path in _inside(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix() + ("/" if _is_folder(path) else ""))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix: the attributes hold a mode
            entry.external_attr = path.lstat().st_mode << 16
            files.writestr(entry, _content(path))
    return archive.getvalue()


def unpack(archive: bytes, folder: Path) -> None:
    """Unpack a zip file; a name that leads out of the folder is refused."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        for entry in files.infolist():
            _unpack(files, entry, folder)


def _unpack(files: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    path, mode = folder / entry.filename, entry.external_attr >> 16
    if not path.parent.resolve().is_relative_to(folder.resolve()) or ".." in path.parts:
        raise ValueError(f"the artifact holds {entry.filename}, which leads out of its folder")
    if entry.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if stat.S_ISLNK(mode):
        path.symlink_to(files.read(entry).decode())
        return
    path.write_bytes(files.read(entry))
    if permissions := stat.S_IMODE(mode):
        path.chmod(permissions | stat.S_IRUSR | stat.S_IWUSR)


def _inside(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        yield path
        if _is_folder(path):
            yield from _inside(path)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _content(path: Path) -> bytes:
    if path.is_symlink():
        return str(path.readlink()).encode()
    return b"" if path.is_dir() else path.read_bytes()


_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Location:
    """The object in S3 that holds an artifact."""

    bucket: str
    key: str

    def view(self) -> Record:
        return {"bucket": self.bucket, "key": self.key}


def reserve(pipeline: str, store: Record, name: str) -> Location:
    """Return a new location; its key: 20 characters of the pipeline's name, 10 of the artifact's, 7 random ones."""
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
    unpack(archive, folder)
    return folder


def new_folder() -> Path:
    """Make a folder in which an artifact is unpacked while an action works."""
    return Path(tempfile.mkdtemp(dir=workplace.current().temporary))


def discard(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
