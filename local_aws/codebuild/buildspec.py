"""Buildspecs of version 0.2: found, read, and refused where CodeBuild or this imitation does not know them.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from local_aws.codebuild.endings import BuildspecError

PHASES = ("install", "pre_build", "build", "post_build")
ENVIRONMENT = {"shell", "variables", "parameter-store", "secrets-manager", "exported-variables"}
KEYS = {
    "buildspec": {"version", "env", "phases", "artifacts", "cache", "reports"},
    "env": ENVIRONMENT,
    "phases": set(PHASES),
    "phase": {"on-failure", "runtime-versions", "commands", "finally"},
    "artifacts": {"files", "name", "discard-paths", "base-directory", "exclude-paths", "secondary-artifacts"},
    "cache": {"paths"},
}
# Known to CodeBuild, and not imitated.
ABSENT = {"run-as", "proxy", "batch", "git-credential-helper", "enable-symlinks", "s3-prefix", "key", "fallback-keys"}
ACTIONS = ("ABORT", "CONTINUE")
SHELLS = ("bash", "sh", "/bin/sh")


@dataclass(frozen=True)
class Phase:
    """The commands of one phase; `on_failure` is ABORT, CONTINUE or, for the usual transitions, empty."""

    commands: tuple[str, ...] = ()
    last: tuple[str, ...] = ()  # `finally`
    on_failure: str = ""


@dataclass(frozen=True)
class Files:
    """The files that make up one artifact."""

    files: tuple[str, ...]
    base_directory: str = "."
    exclude: tuple[str, ...] = ()
    discard_paths: bool = False


@dataclass(frozen=True)
class Buildspec:
    """A buildspec that was read; `artifacts` are by their identifiers, the primary one under ""."""

    shell: str = "sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    phases: Mapping[str, Phase] = field(default_factory=dict)
    artifacts: Mapping[str, Files] = field(default_factory=dict)
    cache: tuple[str, ...] = ()


def parsed(text: str) -> Buildspec:
    """Read a buildspec in YAML, or in JSON, which is YAML too; BuildspecError says what is wrong with it."""
    try:
        written = yaml.load(text, yaml.BaseLoader)  # noqa: S506  (texts, lists and mappings alone: 1.10 stays 1.10)
    except yaml.YAMLError as error:
        raise BuildspecError(str(error)) from error
    spec = _mapping("buildspec", written)
    if spec.get("version") != "0.2":
        raise BuildspecError(f"invalid buildspec version: {spec.get('version')}; of the versions, 0.2 is imitated here")
    phases = {name: _phase(name, phase) for name, phase in _mapping("phases", spec.get("phases")).items()}
    if not phases:
        raise BuildspecError("phases: at least one phase is required")
    environment = _mapping("env", spec.get("env") or {})
    return Buildspec(
        shell=_shell(environment.get("shell", "sh")),
        variables=_texts("env/variables", environment.get("variables")),
        parameters=_texts("env/parameter-store", environment.get("parameter-store")),
        secrets=_texts("env/secrets-manager", environment.get("secrets-manager")),
        exported=_list("env/exported-variables", environment.get("exported-variables")),
        phases=phases,
        artifacts=_artifacts(spec.get("artifacts")),
        cache=_list("cache/paths", _mapping("cache", spec.get("cache") or {}).get("paths")),
    )


def _phase(name: str, written: Any) -> Phase:
    phase = _mapping("phase", written, path=f"phases/{name}")
    commands = _list(f"phases/{name}/commands", phase.get("commands"))
    if not commands and not (name == "install" and "runtime-versions" in phase):
        raise BuildspecError(f"phases/{name}/commands: at least one command is required")
    on_failure = phase.get("on-failure", "")
    if on_failure and on_failure not in ACTIONS:
        raise BuildspecError(f"phases/{name}/on-failure is {on_failure}; imitated here are {' and '.join(ACTIONS)}")
    return Phase(commands, _list(f"phases/{name}/finally", phase.get("finally")), on_failure)


def _artifacts(written: Any) -> dict[str, Files]:
    if not written:
        return {}
    artifacts = _mapping("artifacts", written)
    second = artifacts.get("secondary-artifacts") or {}
    if not isinstance(second, dict):
        raise BuildspecError("artifacts/secondary-artifacts: a mapping is expected")
    files = {name: _files(f"artifacts/secondary-artifacts/{name}", artifact) for name, artifact in second.items()}
    return files | ({"": _files("artifacts", artifacts)} if "files" in artifacts or not files else {})


def _files(path: str, written: Any) -> Files:
    artifact = _mapping("artifacts", written, path=path)
    files = _list(f"{path}/files", artifact.get("files"))
    if not files:
        raise BuildspecError(f"{path}/files: at least one location is required")
    return Files(
        files,
        base_directory=artifact.get("base-directory", "."),
        exclude=_list(f"{path}/exclude-paths", artifact.get("exclude-paths")),
        discard_paths=artifact.get("discard-paths") in ("yes", "true"),
    )


def _mapping(kind: str, written: Any, *, path: str = "") -> dict[str, Any]:
    """Return a mapping with no other keys than those of its kind."""
    path = path or kind
    if not isinstance(written, dict):
        raise BuildspecError(f"{path}: a mapping is expected, not {json.dumps(written)}")
    for key in written:
        if key in ABSENT:
            raise BuildspecError(f"{path}/{key} is known to CodeBuild, but not imitated here: do without it")
        if kind == "phases" and key not in PHASES:
            raise BuildspecError(f"Invalid buildspec phase name: {key}. Expecting: {','.join(sorted(PHASES))}")
        if key not in KEYS[kind]:
            raise BuildspecError(f"{path}: unknown key {key}; known are {', '.join(sorted(KEYS[kind]))}")
    return written


def _list(path: str, written: Any) -> tuple[str, ...]:
    """Return a list of texts; a lone text is a list of one."""
    items: Sequence[Any] = written if isinstance(written, list) else [written] if written else []
    for number, item in enumerate(items):
        if not isinstance(item, str):
            raise BuildspecError(f"{path}: Expected [{number}] to be of string type: found subkeys instead")
    return tuple(items)


def _texts(path: str, written: Any) -> dict[str, str]:
    texts = written or {}
    if not isinstance(texts, dict) or not all(isinstance(value, str) for value in texts.values()):
        raise BuildspecError(f"{path}: a mapping of texts is expected")
    return texts


def _shell(name: Any) -> str:
    if name not in SHELLS:
        raise BuildspecError(f"env/shell is {name}; imitated here are bash and sh")
    return "bash" if name == "bash" else "sh"


USUAL = "buildspec.yml"


def is_inline(buildspec: str) -> bool:
    """Say whether a buildspec is given as text rather than as a path."""
    return "\n" in buildspec.strip() or buildspec.lstrip().startswith("{")


def text_of(buildspec: str, source: Path) -> str:
    """Return a buildspec's text, given as the text itself or as a path in the primary source (empty: buildspec.yml)."""
    if is_inline(buildspec):
        return buildspec
    if buildspec.startswith("arn:"):
        raise BuildspecError(f"{buildspec}: a buildspec in S3 is not imitated here: put it into project or source")
    file = source / (buildspec or USUAL)
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise BuildspecError(f"stat {file}: no such file or directory") from error
