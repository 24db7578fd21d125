"""Pipelines of a test's own: small ones, deployed by CloudFormation as the CDK writes them."""

import io
import json
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_aws.codepipeline import repositories
from local_aws.server import LocalAws
from tests.local_aws.cloudformation.sample_stacks import Stack
from tests.local_aws.contracts import call
from tests.local_aws.ecs.sample_services import wait_for

Record = dict[str, Any]
ROLE = "arn:aws:iam::000000000000:role/pipeline"
CONNECTION = "arn:aws:codeconnections:us-west-2:000000000000:connection/00000000-0000-0000-0000-000000000000"
KEY = "arn:aws:kms:us-west-2:000000000000:key/00000000-0000-0000-0000-000000000000"
SUCCEED = {"Done": {"Type": "Succeed"}}  # the states of a machine that does nothing
OVER = ("Succeeded", "Failed", "Stopped", "Cancelled")


@dataclass
class Monorepo:
    """A git repository with one commit on main, connected under a name of its own."""

    path: Path
    name: str = field(default_factory=lambda: f"exchange/{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self.path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("README.md", "The exchange")
        repositories.connect(self.name, self.path)

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
        return repositories.git(self.path, *who, *arguments).strip()

    def commit(self, *paths: str | Path, message: str = "A change") -> str:
        for path in paths:
            file = self.path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(uuid.uuid4().hex)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")


@dataclass
class Pipelines:
    """The API of CodePipeline, every answer held against its model."""

    aws: LocalAws
    stack: Stack
    repository: Monorepo

    @property
    def api(self) -> Any:
        return self.aws.client("codepipeline")

    def create(self, *stages: Record, first: bool = False, **more: Any) -> str:
        """Its name. The execution that every new pipeline begins is over, and not in the way, unless it is wanted."""
        name, bucket = self.stack.name, f"artifacts-{uuid.uuid4().hex[:8]}"
        self.aws.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
        )
        hold = {} if first else {"DisableInboundStageTransitions": [{"StageName": "Source", "Reason": "not yet"}]}
        sources = more.pop("source", [source(self.repository)])
        properties = {
            "Name": name,
            "RoleArn": ROLE,
            "PipelineType": "V2",
            "ExecutionMode": "QUEUED",
            "ArtifactStore": {"Type": "S3", "Location": bucket, "EncryptionKey": {"Id": KEY, "Type": "KMS"}},
            "Stages": [{"Name": "Source", "Actions": sources}, *stages],
            **hold,
            **more,
        }
        self.stack.create(resources(properties))
        self.properties = properties
        if not first:
            for execution in self.executions(name):
                self.stop(execution["pipelineExecutionId"], abandon=True)
            self.api.enable_stage_transition(pipelineName=name, stageName="Source", transitionType="Inbound")
        return name

    def change(self, **more: Any) -> None:
        self.properties = self.properties | more
        self.properties.pop("DisableInboundStageTransitions", None)
        self.stack.update(resources(self.properties))

    def start(self, **more: Any) -> str:
        return str(call(self.api, "StartPipelineExecution", name=self.stack.name, **more)["pipelineExecutionId"])

    def stop(self, execution: str, **more: Any) -> None:
        self.api.stop_pipeline_execution(**self.of(execution), **more)

    def retry(self, execution: str, stage: str, mode: str = "FAILED_ACTIONS") -> None:
        self.api.retry_stage_execution(**self.of(execution), stageName=stage, retryMode=mode)

    def of(self, execution: str) -> dict[str, str]:
        return {"pipelineName": self.stack.name, "pipelineExecutionId": execution}

    def status(self, execution: str) -> str:
        return str(call(self.api, "GetPipelineExecution", **self.of(execution))["pipelineExecution"]["status"])

    def ended(self, execution: str) -> str:
        return wait_for(lambda: self.status(execution), lambda status: status in OVER)

    def executions(self, name: str) -> list[Record]:
        listed: list[Record] = call(self.api, "ListPipelineExecutions", pipelineName=name)["pipelineExecutionSummaries"]
        return listed

    def actions(self, execution: str) -> list[Record]:
        """In the order in which they began."""
        request = {"pipelineName": self.stack.name, "filter": {"pipelineExecutionId": execution}}
        return list(reversed(call(self.api, "ListActionExecutions", **request)["actionExecutionDetails"]))

    def statuses(self, execution: str) -> list[tuple[str, str]]:
        return [(action["actionName"], action["status"]) for action in self.actions(execution)]

    def action(self, execution: str, name: str) -> Record:
        """The newest run of this name."""
        return next(run for run in reversed(self.actions(execution)) if run["actionName"] == name)

    def error(self, execution: str, name: str) -> str:
        return str(self.action(execution, name)["output"]["executionResult"]["errorDetails"]["message"])

    def stage(self, name: str) -> Record:
        states = call(self.api, "GetPipelineState", name=self.stack.name)["stageStates"]
        return next(dict(state) for state in states if state["stageName"] == name)

    def waits(self, execution: str, stage: str, action: str = "Approve") -> str:
        """The token of the approval that the execution now waits for."""

        def token() -> str:
            state = self.stage(stage)
            ours = state.get("latestExecution", {}).get("pipelineExecutionId") == execution
            latest = next(entry for entry in state["actionStates"] if entry["actionName"] == action).get(
                "latestExecution", {}
            )
            return str(latest.get("token", "")) if ours else ""

        return wait_for(token, bool)

    def approve(self, stage: str, token: str, status: str = "Approved", action: str = "Approve") -> None:
        result = {"summary": "looked at", "status": status}
        action_key = {"pipelineName": self.stack.name, "stageName": stage, "actionName": action}
        self.api.put_approval_result(**action_key, result=result, token=token)

    def artifact(self, execution: str, action: str) -> zipfile.ZipFile:
        where = self.action(execution, action)["output"]["outputArtifacts"][0]["s3location"]
        stored = self.aws.client("s3").get_object(Bucket=where["bucket"], Key=where["key"])
        return zipfile.ZipFile(io.BytesIO(stored["Body"].read()))


def resources(properties: Mapping[str, Any]) -> Record:
    return {"Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": dict(properties)}}


def stage(name: str, *actions: Record, **more: Any) -> Record:
    return {"Name": name, "Actions": list(actions), **more}


def action(name: str, category: str, provider: str, configuration: Mapping[str, Any], **more: Any) -> Record:
    kind = {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"}
    return {"Name": name, "ActionTypeId": kind, "Configuration": dict(configuration), "RunOrder": 1, **more}


def source(repository: Monorepo, name: str = "Push", *, artifact: str = "Source", **configuration: str) -> Record:
    origin = {"ConnectionArn": CONNECTION, "FullRepositoryId": repository.name, "BranchName": "main"}
    settings = origin | {"DetectChanges": "false"} | configuration
    more = {"OutputArtifacts": [{"Name": artifact}], "Namespace": name}
    return action(name, "Source", "CodeStarSourceConnection", settings, **more)


def approval(name: str = "Approve", **more: Any) -> Record:
    return action(name, "Approval", "Manual", {}, **more)


def machine(arn: str, name: str = "Release", *, input_: Any = None, **more: Any) -> Record:
    configuration = {"StateMachineArn": arn} | ({"Input": json.dumps(input_)} if input_ is not None else {})
    return action(name, "Invoke", "StepFunctions", configuration, **more)


def function(arn: str, name: str = "Ask", *, parameters: str = "", **more: Any) -> Record:
    configuration = {"FunctionName": arn.rpartition(":")[2]} | ({"UserParameters": parameters} if parameters else {})
    return action(name, "Invoke", "Lambda", configuration, **more)


def build(project: str, name: str = "Build", *, inputs: Sequence[str] = ("Source",), **more: Any) -> Record:
    configuration = {"ProjectName": project} | more.pop("configuration", {})
    artifacts = {"InputArtifacts": [{"Name": artifact} for artifact in inputs]}
    return action(name, "Build", "CodeBuild", configuration, **artifacts, **more)


def condition(provider: str, configuration: Mapping[str, str], result: str = "FAIL") -> Record:
    kind = {"Category": "Rule", "Owner": "AWS", "Provider": provider, "Version": "1"}
    rule = {"Name": "Rule", "RuleTypeId": kind, "Configuration": dict(configuration)}
    return {"Conditions": [{"Result": result, "Rules": [rule]}]}
