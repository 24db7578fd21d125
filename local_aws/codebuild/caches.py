"""What the builds of a project keep for each other.

A project's cache of type S3, or LOCAL with LOCAL_CUSTOM_CACHE, holds what `cache.paths` says:
https://docs.aws.amazon.com/codebuild/latest/userguide/caching-s3.html and caching-local.html. Here it is a folder.
"""

import shutil
import threading
from collections.abc import Iterator, Sequence
from uuid import uuid4

from local_aws.codebuild import locations
from local_aws.codebuild.folders import Folders
from local_aws.host import workplace
from local_aws.ministack_parts.answers import Record

HOME = "/root/"  # of CodeBuild's images
_lock = threading.Lock()


class Cache:
    """Of a build; without a cache in its project nothing is kept."""

    def __init__(self, build: Record, paths: Sequence[str], folders: Folders) -> None:
        self._kept = workplace.current().caches / build["projectName"] if _on(build.get("cache") or {}) else None
        self._paths = paths
        self._places = {"src": folders.source, "home": folders.home}

    def restore(self) -> None:
        """Put the kept files back, before the first command."""
        if self._kept is None:
            return
        with _lock:
            for name, place in self._places.items():
                if (self._kept / name).is_dir():
                    shutil.copytree(self._kept / name, place, symlinks=True, dirs_exist_ok=True)

    def save(self) -> None:
        """Keep what is there after a build that succeeded, in place of what was kept."""
        if self._kept is None or not self._paths:
            return
        fresh = self._kept.with_name(f"{self._kept.name}.{uuid4().hex}")
        for name, location in self._located():
            for file in locations.matching(self._places[name], location):
                target = fresh / name / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self._places[name] / file, target, follow_symlinks=False)
        with _lock:
            shutil.rmtree(self._kept, ignore_errors=True)
            if fresh.exists():
                fresh.rename(self._kept)

    def _located(self) -> Iterator[tuple[str, str]]:
        """Yield where each path lies, and the location there; a directory stands for all that is in it."""
        for path in self._paths:
            name, location = ("home", path.removeprefix(HOME)) if path.startswith(HOME) else ("src", path)
            whole = (self._places[name] / location).is_dir()
            yield name, f"{location.rstrip('/')}/**/*" if whole else location


def _on(config: Record) -> bool:
    return config.get("type") == "S3" or "LOCAL_CUSTOM_CACHE" in config.get("modes", ())
