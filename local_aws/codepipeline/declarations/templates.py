"""From a template's AWS::CodePipeline::Pipeline to the pipeline declaration of the API.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codepipeline-pipeline.html and
https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-pipeline-structure.html
"""

from typing import Any

Record = dict[str, Any]
NOT_OF_THE_DECLARATION = ("DisableInboundStageTransitions", "RestartExecutionOnUpdate", "Tags")
_FREE = ("Configuration",)  # its keys are the provider's, its values texts
_NUMBERS = ("RunOrder", "TimeoutInMinutes")


def from_template(properties: Record, name: str) -> Record:
    """Return the API's declaration, whose names begin with a small letter; unknown ones are left for the checks."""
    kept = {key: value for key, value in properties.items() if key not in NOT_OF_THE_DECLARATION}
    declared: Record = _lowered(kept) | {"name": name}
    if stores := kept.get("ArtifactStores"):
        declared["artifactStores"] = {one["Region"]: _lowered(one["ArtifactStore"]) for one in stores}
    return declared


def store(declared: Record, region: str) -> Record:
    """Return the artifact store of this region; nothing if there is none."""
    artifact_store: Record = declared.get("artifactStore") or declared.get("artifactStores", {}).get(region, {})
    return artifact_store


def _lowered(value: Any) -> Any:
    if isinstance(value, list):
        return [_lowered(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {key[:1].lower() + key[1:]: _inner(key, inner) for key, inner in value.items()}


def _inner(key: str, value: Any) -> Any:
    if key in _FREE and isinstance(value, dict):
        return {name: _text(inner) for name, inner in value.items()}
    if key in _NUMBERS:
        return int(value)
    return _text(value) if key in ("DefaultValue", "Version") else _lowered(value)


def _text(value: Any) -> str:
    """Return a text where a template may have written a number or a truth value."""
    return str(value).lower() if isinstance(value, bool) else str(value)
