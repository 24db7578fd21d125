"""What a pipeline works with: the commit that was pushed, and the commands of this project."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam


@dataclass(frozen=True)
class Branch:
    """Of a repository, `owner/name`."""

    repository: str
    name: str


class PipelineSources:
    """The stage Source, and what starts it: a push to `monorepo`, unless nothing but `ignored` has changed.

    The monorepo comes with its history, which tells a component's version; what is newest of `commands` is taken, and a
    push there starts nothing.
    """

    def __init__(
        self,
        pipeline: codepipeline.Pipeline,
        *,
        connection_arn: str,
        monorepo: Branch,
        commands: Branch,
        ignored: Sequence[str] = (),
    ) -> None:
        self.monorepo, self.commands = codepipeline.Artifact("Source"), codepipeline.Artifact("Commands")
        # CDK grants the former name of this action alone, and the two must agree with the ARN:
        # https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html
        use = iam.PolicyStatement(actions=["codeconnections:UseConnection"], resources=[connection_arn])
        pipeline.add_to_role_policy(use)
        push = _source("Push", connection_arn, monorepo, self.monorepo, with_history=True)
        fetched = _source("Commands", connection_arn, commands, self.commands, with_history=False)
        pipeline.add_stage(stage_name="Source", actions=[push, fetched])
        # https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-filter.html
        excluded = list(ignored) or None
        pushed = codepipeline.GitPushFilter(branches_includes=[monorepo.name], file_paths_excludes=excluded)
        pipeline.add_trigger(
            provider_type=codepipeline.ProviderType.CODE_STAR_SOURCE_CONNECTION,
            git_configuration=codepipeline.GitConfiguration(source_action=push, push_filter=[pushed]),
        )
        self.commit = push.variables.commit_id


def _source(
    name: str, connection_arn: str, branch: Branch, output: codepipeline.Artifact, *, with_history: bool
) -> actions.CodeStarConnectionsSourceAction:
    """Neither detects changes by itself: a trigger says what starts the pipeline, and disables the rest.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineTriggerDeclaration.html
    """
    owner, _, repository = branch.repository.partition("/")
    return actions.CodeStarConnectionsSourceAction(
        action_name=name,
        connection_arn=connection_arn,
        owner=owner,
        repo=repository,
        branch=branch.name,
        output=output,
        trigger_on_push=False,
        code_build_clone_output=with_history,
        variables_namespace="Source" if with_history else None,
    )
