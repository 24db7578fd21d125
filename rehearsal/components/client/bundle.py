"""Builds the assets of a version: files named by the hash of their content, so that none ever changes."""

import hashlib
import json
from pathlib import Path

FOLDER = "assets"  # in the image's working directory
PREFIX = "/_next/static/"


def bundle(version: str) -> dict[str, bytes]:
    """Return the script and the style of a version, as path -> content."""
    files = {"js": f"document.title = 'exchange {version}';\n", "css": f"title::after {{ content: '{version}' }}\n"}
    return {_path(kind, content.encode()): content.encode() for kind, content in files.items()}


def _path(kind: str, content: bytes) -> str:
    return f"{PREFIX}{hashlib.sha256(content).hexdigest()[:16]}.{kind}"


def main() -> None:
    """Write the assets into the working directory; the Dockerfile calls it while an image is built."""
    version = json.loads(Path("version.json").read_text(encoding="utf-8"))["version"]
    for path, content in bundle(version).items():
        file = Path(FOLDER + path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


if __name__ == "__main__":
    main()
