"""Projects: what ministack drops of them is kept.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codebuild-project.html
https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Project.html
"""

from copy import deepcopy
from typing import Any

from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.resource_handlers import Created
from local_aws.ministack_parts.services import cloudformation, codebuild

TYPE = "AWS::CodeBuild::Project"
# In a template -> in the API.
DROPPED = {
    "Cache": "cache",
    "ConcurrentBuildLimit": "concurrentBuildLimit",
    "LogsConfig": "logsConfig",
    "QueuedTimeoutInMinutes": "queuedTimeoutInMinutes",
    "SecondaryArtifacts": "secondaryArtifacts",
    "SecondarySources": "secondarySources",
    "SecondarySourceVersions": "secondarySourceVersions",
    "VpcConfig": "vpcConfig",
}
DEFAULT_TIMEOUT = 60  # minutes


def install() -> None:
    """Let the actions on projects and the resource type keep what ministack drops."""
    codebuild.create_project.wrap(_keeping)
    codebuild.update_project.wrap(_keeping)
    codebuild.project_view.wrap(_shaped)
    stock = cloudformation.handlers[TYPE]

    def create(logical_id: str, properties: Record, stack: str) -> Created:
        return _kept(stock["create"](logical_id, properties, stack), properties)

    def update(physical_id: str, old: Record, new: Record, stack: str) -> Created:
        return _kept(stock["update"](physical_id, old, new, stack), new)

    cloudformation.handlers[TYPE] = stock | {"create": create, "update": update}


def copy_of(name: str) -> Record:
    """Return a copy of the project; LookupError when there is none of this name."""
    project = codebuild.projects.get(name)
    if project is None:
        raise LookupError(f"Project cannot be found: {codebuild.project_arn(name)}")
    return deepcopy(dict(project))


def _kept(created: Created, properties: Record) -> Created:
    """Keep what ministack drops; an update says all of a project, so what it leaves out is gone."""
    project = codebuild.projects[created[0]]
    for name, key in DROPPED.items():
        if name in properties:
            project[key] = _numbers(cloudformation.codebuild_properties(properties[name]))
        else:
            project.pop(key, None)
    project["timeoutInMinutes"] = int(properties.get("TimeoutInMinutes", DEFAULT_TIMEOUT))
    return created


def _numbers(value: Any) -> Any:
    """Return a number that a template wrote as text."""
    return int(value) if isinstance(value, str) and value.isdigit() else value


def _keeping(stock: Any) -> Any:
    def handler(request: Record) -> Any:
        answer = stock(request)
        if answer[0] == 200:
            kept = {key: request[key] for key in DROPPED.values() if key in request}
            codebuild.projects[request["name"]].update(kept)
        return answer

    return handler


def _shaped(stock: Any) -> Any:
    def shape(project: Record) -> Record:
        kept: Record = stock(project)
        return kept | {key: project[key] for key in DROPPED.values() if key in project}

    return shape
