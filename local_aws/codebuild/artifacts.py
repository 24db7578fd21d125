"""From a build's folder to its artifacts.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.artifacts
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from local_aws.codebuild import locations
from local_aws.codebuild.buildspec import Files
from local_aws.codebuild.refusals import PhaseError

PRIMARY = "primary"
SECONDARY = "secondary-"


def collect(source: Path, target: Path, artifacts: Mapping[str, Files], told: Callable[[str], None]) -> None:
    """Copy each artifact's files into a folder of its own; PhaseError when one would be empty."""
    for identifier, wanted in artifacts.items():
        files = list(_found(source, wanted, told))
        if not files:
            raise PhaseError("no matching artifact paths found")
        told(f"Found {len(files)} file(s)")
        for folder, file in files:
            _copy(folder / file, folder_of(target, identifier) / (file.name if wanted.discard_paths else file))


def folder_of(target: Path, identifier: str) -> Path:
    """Return where the files of an artifact are."""
    return target / (SECONDARY + identifier if identifier else PRIMARY)


def identifier_of(folder: Path) -> str:
    """Return the identifier of the artifact whose files are in a folder."""
    return "" if folder.name == PRIMARY else folder.name.removeprefix(SECONDARY)


def _found(source: Path, wanted: Files, told: Callable[[str], None]) -> Iterator[tuple[Path, PurePosixPath]]:
    bases = locations.directories(source, wanted.base_directory)
    if not bases:
        raise PhaseError(f"no matching base directory path found for {wanted.base_directory}")
    excluded = [locations.compiled(location) for location in wanted.exclude]
    for base in bases:
        for location in wanted.files:
            told(f"Expanding {location}")
            files = [
                file
                for file in locations.matching(base, location)
                if not any(one.fullmatch(file.as_posix()) for one in excluded)
            ]
            if not files:
                told(f"Skipping invalid file path {location}")
            yield from ((base, file) for file in files)


def _copy(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, target, follow_symlinks=file.is_file())
