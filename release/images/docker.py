"""What is asked of `docker buildx`. https://docs.docker.com/reference/cli/docker/buildx/"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

PLATFORM = "linux/arm64"
_TAIL = 20
_SBOM = "sbom.spdx.json"


class DockerError(RuntimeError):
    """A command that failed, with the end of what it said."""


class Docker:
    """`program` is the command line client; it must know buildx with the docker-container driver."""

    def __init__(self, program: str = "docker") -> None:
        self._program = program

    def log_in(self, registry: str, password: str) -> None:
        """For as long as the password is good; it goes by standard input, which no list of processes shows."""
        self._run("login", "--username", "AWS", "--password-stdin", registry, typed=password)

    def digest(self, reference: str) -> str | None:
        """What a tag stands for in its registry; None when it has no such tag."""
        asked = ("buildx", "imagetools", "inspect", reference, "--format", "{{json .Manifest}}")
        done = self._ended(asked)
        if done.returncode == 0:
            return str(json.loads(done.stdout)["digest"])
        if "not found" in done.stderr:
            return None
        raise self._failed(asked, done)

    def build(self, folder: Path, component: str, reference: str) -> str:
        """Builds the Dockerfile of a folder and pushes it. The digest is that of the image alone: no attestations."""
        with tempfile.TemporaryDirectory() as place:
            told = Path(place) / "metadata.json"
            self._run(
                *("buildx", "build", "--platform", PLATFORM, "--provenance", "false", "--push"),
                *("--build-arg", f"COMPONENT={component}", "--tag", reference),
                *("--metadata-file", str(told), str(folder)),
            )
            return str(json.loads(told.read_text())["containerimage.digest"])

    def sbom(self, image: str) -> str:
        """What an image consists of, as SPDX in JSON. `image` names it by its digest: it is looked at, not built again.

        BuildKit's scanner looks at the last stage, which here is nothing but that image:
        https://docs.docker.com/build/metadata/attestations/sbom/
        """
        with tempfile.TemporaryDirectory() as place:
            context, told = Path(place, "context"), Path(place, "told")
            context.mkdir()
            (context / "Dockerfile").write_text(f"FROM {image}\n")
            self._run(
                *("buildx", "build", "--platform", PLATFORM, "--provenance=false", "--sbom=true"),
                *("--output", f"type=local,dest={told}", str(context)),
            )
            written = told / _SBOM
            if not written.is_file():
                raise DockerError(
                    f"{self._program} has written no {_SBOM} of {image}: does its builder know BuildKit 0.11?"
                )
            return written.read_text(encoding="utf-8")

    def copy(self, source: str, reference: str) -> None:
        """The same image, bit by bit, under a tag of another repository."""
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
        said = "\n".join(done.stderr.strip().splitlines()[-_TAIL:])
        return DockerError(f"{self._program} {' '.join(arguments)} ended with {done.returncode}: {said}")
