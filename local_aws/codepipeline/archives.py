"""Artifacts as zip files that keep what a build needs: modes, symbolic links, empty folders (git's own has some)."""

import io
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path


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
