"""What the pipeline's own projects run: commands of this project, in its own checkout, so that they can be run by hand.

What belongs together is one command, which an error ends.
https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_codebuild as codebuild

DIGEST, VERSION = "IMAGE_DIGEST", "VERSION"  # what a build exports, to later stages as variables ...
MANIFEST = "MANIFEST"  # ... and its release.json, in base64: a variable is put into JSON as it is
LEFT = "build/pipeline"  # where a build leaves its manifest and its SBOM
_CACHE = ".cache"
_PYTHON = "3.12"  # https://docs.aws.amazon.com/codebuild/latest/userguide/available-runtimes.html
_STRICT = "set -eo pipefail"
_SET_UP = f"""{_STRICT}
export PIP_CACHE_DIR="$PWD/{_CACHE}/pip" npm_config_cache="$PWD/{_CACHE}/npm"
make setup
"""
_RELEASE = f"""{_STRICT}
release() {{ .venv/bin/python -m release "$@"; }}
"""
# A profile rather than credentials: who has become a role by another role is it for an hour, and is to become it again.
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
_BECOME = """{
  echo '[profile environment]'
  echo "role_arn = $ENVIRONMENT_ROLE"
  echo 'credential_source = EcsContainer'
} > aws-config
export AWS_CONFIG_FILE="$PWD/aws-config" AWS_PROFILE=environment
"""
# Attestations, from which the SBOM is made, need a builder of this kind.
# https://docs.docker.com/build/builders/drivers/
_BUILDER = "docker buildx create --use"
_BUILD = f"""{_RELEASE}monorepo="$CODEBUILD_SRC_DIR_Source"
{VERSION}=$(release -e "$ENVIRONMENT" version "$COMPONENT" --source "$monorepo")
repositories=()
for place in $PLACES; do
  uri=$(release -e "$place" registry "$COMPONENT")
  repositories+=(--repository "$uri")
done
{DIGEST}=$(release -e "$ENVIRONMENT" image "$COMPONENT" --source "$monorepo" --version "${VERSION}" \\
  --commit "$COMMIT" "${{repositories[@]}}" --manifest {LEFT}/release.json --sbom {LEFT}/sbom.spdx.json)
{MANIFEST}=$(base64 < {LEFT}/release.json | tr -d '\n')
export {VERSION} {DIGEST} {MANIFEST}
"""
_SCAN = f"""{_RELEASE}release -e "$ENVIRONMENT" scan $DIGESTS
"""
_INFRASTRUCTURE = f"""{_RELEASE}{_BECOME}release -e "$ENVIRONMENT" infrastructure
"""
_ACCEPTANCE = f"""{_RELEASE}{_BECOME}release -e "$ENVIRONMENT" running $DIGESTS
url=$(release -e "$ENVIRONMENT" address)
if ! make acceptance URL="$url" MARKET="${{MARKET:-}}"; then
  release -e "$ENVIRONMENT" unwind --requested-by "pipeline:$EXECUTION"
  exit 1
fi
"""


def build() -> codebuild.BuildSpec:
    """Builds COMPONENT of the commit COMMIT, unless an image of its version is there, for all PLACES."""
    return _spec(
        _BUILD,
        before=[_BUILDER],
        exported=[VERSION, DIGEST, MANIFEST],
        artifacts={"base-directory": LEFT, "files": ["**/*"]},
    )


def scan() -> codebuild.BuildSpec:
    """Looks at what the registry has found in DIGESTS, each as component=digest."""
    return _spec(_SCAN)


def infrastructure() -> codebuild.BuildSpec:
    """Deploys what differs in ENVIRONMENT."""
    return _spec(_INFRASTRUCTURE)


def acceptance() -> codebuild.BuildSpec:
    """Asks ENVIRONMENT, as a user; undoes what EXECUTION released there if its components do not work together.

    Only while it runs DIGESTS, each as component=digest: asked again after an undoing, the former ones would pass.
    """
    return _spec(_ACCEPTANCE)


def _spec(
    doing: str, *, before: Sequence[str] = (), exported: Sequence[str] = (), artifacts: dict[str, Any] | None = None
) -> codebuild.BuildSpec:
    spec: dict[str, Any] = {
        "version": "0.2",
        "env": {"shell": "bash"} | ({"exported-variables": list(exported)} if exported else {}),
        "phases": {
            "install": {"runtime-versions": {"python": _PYTHON}, "commands": [_SET_UP, *before]},
            "build": {"commands": [doing]},
        },
        "cache": {"paths": [f"{_CACHE}/**/*"]},
    }
    return codebuild.BuildSpec.from_object_to_yaml(spec | ({"artifacts": artifacts} if artifacts else {}))
