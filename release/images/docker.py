"""Runs `docker buildx`: the digests, builds and copies of images. https://docs.docker.com/reference/cli/docker/buildx/"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

PLATFORM = "linux/arm64"
_TAIL = 20
_SBOM = "sbom.spdx.json"


class DockerError(RuntimeError):
    """Says which command failed, with the end of its output."""


class Docker:
    """Runs Docker's command line client `program`, which must know buildx with the docker-container driver."""

    def __init__(self, program: str = "docker") -> None:
        self._program = program

    def log_in(self, registry: str, password: str) -> None:
        """Log in with the password, which goes by standard input: no list of processes shows that."""
        self._run("login", "--username", "AWS", "--password-stdin", registry, typed=password)

    def digest(self, reference: str) -> str | None:
        """Return the digest that a tag stands for in its registry; None when the registry has no such tag."""
        arguments = ("buildx", "imagetools", "inspect", reference, "--format", "{{json .Manifest}}")
        done = self._ended(arguments)
        if done.returncode == 0:
            return str(json.loads(done.stdout)["digest"])
        if "not found" in done.stderr:
            return None
        raise self._failed(arguments, done)

    def build(self, folder: Path, component: str, reference: str) -> str:
        """Build the Dockerfile of a folder, push it, and return the digest of the image alone: no attestations."""
        with tempfile.TemporaryDirectory() as temporary:
            metadata = Path(temporary) / "metadata.json"
            self._run(
                *("buildx", "build", "--platform", PLATFORM, "--provenance", "false", "--push"),
                *("--build-arg", f"COMPONENT={component}", "--tag", reference),
                *("--metadata-file", str(metadata), str(folder)),
            )
            return str(json.loads(metadata.read_text())["containerimage.digest"])

    def sbom(self, image: str) -> str:
        """Return what an image consists of, as SPDX in JSON.

        `image` names the image by its digest, and is not built again: BuildKit's scanner looks at the last stage of a
        build, which here is nothing but that image:
        https://docs.docker.com/build/metadata/attestations/sbom/
        """
        with tempfile.TemporaryDirectory() as folder:
            context, out = Path(folder, "context"), Path(folder, "out")
            context.mkdir()
            (context / "Dockerfile").write_text(f"FROM {image}\n")
            self._run(
                *("buildx", "build", "--platform", PLATFORM, "--provenance=false", "--sbom=true"),
                *("--output", f"type=local,dest={out}", str(context)),
            )
            written = out / _SBOM
            if not written.is_file():
                raise DockerError(
                    f"{self._program} has written no {_SBOM} of {image}: does its builder know BuildKit 0.11?"
                )
            return written.read_text(encoding="utf-8")

    def copy(self, source: str, reference: str) -> None:
        """Copy an image, bit by bit, to a tag of another repository."""
        self._run("buildx", "imagetools", "create", "--prefer-index=false", "--tag", reference, source)

    def _run(self, *arguments: str, typed: str = "") -> None:
        done = self._ended(arguments, typed)
        if done.returncode:
            raise self._failed(arguments, done)

    def _ended(self, arguments: Sequence[str], typed: str = "") -> "subprocess.CompletedProcess[str]":
        command = [self._program, *arguments]
        try:
            return subprocess.run(command, input=typed, capture_output=True, text=True, check=False)  # noqa: S603
        except FileNotFoundError as error:
            raise DockerError(f"there is no program {self._program!r} here: images are built by Docker") from error

    def _failed(self, arguments: Sequence[str], done: "subprocess.CompletedProcess[str]") -> DockerError:
        end = "\n".join(done.stderr.strip().splitlines()[-_TAIL:])
        return DockerError(f"{self._program} {' '.join(arguments)} ended with {done.returncode}: {end}")
