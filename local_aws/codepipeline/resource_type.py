"""AWS::CodePipeline::Pipeline, by the local CodePipeline.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codepipeline-pipeline.html
"""

from uuid import uuid4

from local_aws.codepipeline import declarations, pipelines, triggers
from local_aws.codepipeline.pipelines import Pipeline
from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.resource_handlers import Created, in_place
from local_aws.ministack_parts.services import cloudformation


def install() -> None:
    cloudformation.handlers.update(HANDLERS)


def create(logical_id: str, properties: Record, stack: str) -> Created:
    """Create a pipeline and run it at once; transitions that are to be disabled are so before."""
    name = properties.get("Name") or f"{stack}-{logical_id}-{uuid4().hex[:12]}"
    _check(properties)
    pipeline = pipelines.create(declarations.from_template(properties, name))
    _switch(pipeline, {}, properties)
    triggers.remember(pipeline)
    pipeline.begin_by_itself({"triggerType": "CreatePipeline", "triggerDetail": "CreatePipeline"})
    return _created(pipeline)


def update(physical_id: str, old: Record, new: Record, stack: str, logical_id: str) -> Created:
    """Update a pipeline, or replace it when its name changes; one without a name keeps that which was made up."""
    if new.get("Name", physical_id) != physical_id:
        created = create(logical_id, new, stack)
        delete(physical_id, old)
        return created
    _check(new)
    pipeline = pipelines.update(declarations.from_template(new, physical_id))
    _switch(pipeline, old, new)
    triggers.remember(pipeline)
    return _created(pipeline)


def delete(physical_id: str, _properties: Record) -> None:
    pipelines.delete(physical_id)


def _check(properties: Record) -> None:
    if str(properties.get("RestartExecutionOnUpdate", False)).lower() == "true":
        raise ValueError("RestartExecutionOnUpdate is not imitated here")


def _switch(pipeline: Pipeline, old: Record, new: Record) -> None:
    """Switch the transitions that the template says differently now; what was disabled by hand stays so."""
    former, now = _disabled(old), _disabled(new)
    with pipeline.changed:
        for transition in pipeline.transitions:
            if (transition.name in former) is not (transition.name in now):
                transition.switch(
                    enabled=transition.name in former, reason=now.get(transition.name, ""), by="CloudFormation"
                )
        pipeline.changed.notify_all()


def _disabled(properties: Record) -> dict[str, str]:
    """Return the stages with a disabled transition, and why."""
    transitions = properties.get("DisableInboundStageTransitions", [])
    return {transition["StageName"]: transition["Reason"] for transition in transitions}


def _created(pipeline: Pipeline) -> Created:
    return pipeline.name, {"Version": str(pipeline.version)}


HANDLERS = {"AWS::CodePipeline::Pipeline": in_place(create, update, delete)}
