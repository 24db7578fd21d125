"""One CodeBuild project: its role and its log, what it runs, and the store for its artifacts.

It runs commands of this project, in its own checkout, so that they can be run by hand. Lines that belong together are
one command, which ends with the first error. https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct, IConstruct

from exchange_constructs.keys import encryption_key
from exchange_constructs.nag import acknowledge, wildcard_finding
from exchange_constructs.values import arn_scope, hours, principal

_READING = ("s3:GetBucket*", "s3:GetObject*", "s3:List*")
_WRITING = ("s3:Abort*", "s3:DeleteObject*")
_KEY = ("kms:GenerateDataKey*", "kms:ReEncrypt*")


class ArtifactStore(Construct):
    """An encrypted bucket whose content is deleted after `kept`: everything in it can be built again."""

    def __init__(self, scope: Construct, id_: str, *, kept: Duration) -> None:
        super().__init__(scope, id_)
        self.key = encryption_key(self, "Key", removal_policy=RemovalPolicy.DESTROY)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            lifecycle_rules=[s3.LifecycleRule(expiration=kept, noncurrent_version_expiration=kept)],
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(
            self.bucket,
            {
                "AwsSolutions-S1": "only the pipeline reads and writes here, and CodePipeline's history tells of it",
                "NIST.800.53.R5-S3BucketLoggingEnabled": "only the pipeline reads and writes here; see its history",
                "NIST.800.53.R5-S3BucketReplicationEnabled": "everything in it can be built again from the source",
            },
        )

    def acknowledge_use(self, user: IConstruct, *, writes: bool) -> None:
        """Accept the wildcards in actions that CDK grants, since the only resources are this bucket and its key."""
        granted = (*_READING, *(_WRITING if writes else ()), *_KEY)
        findings = [*(f"AwsSolutions-IAM5[Action::{action}]" for action in granted), self._content]
        acknowledge(user, dict.fromkeys(findings, "CDK's own grant, on the pipeline's bucket and its key only"))

    @cached_property
    def _content(self) -> str:
        return wildcard_finding(Stack.of(self), self.bucket.arn_for_objects("*"))


@dataclass(frozen=True)
class BuildContext:
    """What all projects of a pipeline have in common; `connection_arn` is that of its sources."""

    store: ArtifactStore
    retention: logs.RetentionDays
    connection_arn: str


class BuildProject(Construct):
    """A project that runs `spec`; if it `builds_images`, it has a Docker daemon, which needs privileged mode.

    `role_name` is for a role that others trust by name. CodeBuild itself fetches a source `with_history`. A build may
    take an hour, unless `longest` says otherwise.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        context: BuildContext,
        spec: codebuild.BuildSpec,
        environment: Mapping[str, str] | None = None,
        role_name: str | None = None,
        with_history: bool = False,
        builds_images: bool = False,
        longest: Duration | None = None,
    ) -> None:
        super().__init__(scope, id_)
        log_group = logs.LogGroup(self, "Logs", retention=context.retention, encryption_key=context.store.key)
        self.role = iam.Role(self, "Role", role_name=role_name, assumed_by=principal("codebuild.amazonaws.com"))
        self.project = codebuild.PipelineProject(
            self,
            "Project",
            role=self.role,
            build_spec=spec,
            cache=_cache(builds_images),
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0,
                privileged=builds_images,
            ),
            environment_variables={
                name: codebuild.BuildEnvironmentVariable(value=value) for name, value in (environment or {}).items()
            },
            encryption_key=context.store.key,
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log_group)),
            grant_report_group_permissions=False,
            timeout=longest or hours(1),
        )
        if with_history:
            # CDK grants the former name of this action alone.
            self.allow(["codeconnections:UseConnection"], context.connection_arn)
        context.store.acknowledge_use(self, writes=builds_images)  # an image's manifest, its only output
        usual = arn_scope(Stack.of(self)).arn("logs", f"log-group:/aws/codebuild/{self.project.project_name}:*")
        acknowledge(self, {wildcard_finding(Stack.of(self), usual): "CDK grants the project's usual log group, too"})

    def allow(self, actions: Sequence[str], *resources: str) -> None:
        """Allow what the commands of the buildspec do besides."""
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=list(resources)))


def _cache(builds_images: bool) -> codebuild.Cache:
    """Keep downloads and layers of images on the host of the build, for the next build there.

    https://docs.aws.amazon.com/codebuild/latest/userguide/caching-local.html
    """
    layers = [codebuild.LocalCacheMode.DOCKER_LAYER] if builds_images else []
    return codebuild.Cache.local(codebuild.LocalCacheMode.CUSTOM, *layers)


DIGEST, VERSION = "IMAGE_DIGEST", "VERSION"  # what a build exports, to later stages as variables ...
MANIFEST = "MANIFEST"  # ... and its release.json, in base64: a variable is put into JSON as it is
OUTPUT = "build/pipeline"  # where a build leaves its manifest and its SBOM
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
  --commit "$COMMIT" "${{repositories[@]}}" --manifest {OUTPUT}/release.json --sbom {OUTPUT}/sbom.spdx.json)
{MANIFEST}=$(base64 < {OUTPUT}/release.json | tr -d '\n')
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
    """Build COMPONENT of the commit COMMIT for all environments in PLACES, unless an image of its version exists."""
    return _spec(
        _BUILD,
        before=[_BUILDER],
        exported=[VERSION, DIGEST, MANIFEST],
        artifacts={"base-directory": OUTPUT, "files": ["**/*"]},
    )


def scan() -> codebuild.BuildSpec:
    """Look at what the registry has found in DIGESTS, each as component=digest."""
    return _spec(_SCAN)


def infrastructure() -> codebuild.BuildSpec:
    """Deploy what differs in ENVIRONMENT."""
    return _spec(_INFRASTRUCTURE)


def acceptance() -> codebuild.BuildSpec:
    """Ask ENVIRONMENT as a user does; if its components do not work together, undo what EXECUTION released there.

    This is done only while DIGESTS run, each as component=digest: after an undoing, the former digests would pass.
    """
    return _spec(_ACCEPTANCE)


def _spec(
    commands: str, *, before: Sequence[str] = (), exported: Sequence[str] = (), artifacts: dict[str, Any] | None = None
) -> codebuild.BuildSpec:
    spec: dict[str, Any] = {
        "version": "0.2",
        "env": {"shell": "bash"} | ({"exported-variables": list(exported)} if exported else {}),
        "phases": {
            "install": {"runtime-versions": {"python": _PYTHON}, "commands": [_SET_UP, *before]},
            "build": {"commands": [commands]},
        },
        "cache": {"paths": [f"{_CACHE}/**/*"]},
    }
    return codebuild.BuildSpec.from_object_to_yaml(spec | ({"artifacts": artifacts} if artifacts else {}))
