"""CodePipeline as a function meets it: jobs, and what may be said of them."""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.exceptions import ClientError
from botocore.model import ServiceModel, Shape
from botocore.session import get_session

from tests.unit.aws.answers import error

SECRET = "IQoJb3JpZ2luX2VjEA"  # noqa: S105 - the event's session token, which must reach no log


class CodePipeline:
    """A job takes one result; each call of an action is a job of its own. Requests are held to the service's model.

    `refuses` are the errors of the next answers, in order.
    """

    def __init__(self) -> None:
        self.results: dict[str, dict[str, Any] | None] = {}
        self.refuses: list[ClientError] = []

    def job(self, parameters: Mapping[str, Any] | str | None, token: str = "") -> dict[str, Any]:
        """The event of an invocation.

        https://docs.aws.amazon.com/lambda/latest/dg/services-codepipeline.html
        """
        id_ = str(uuid.uuid4())
        self.results[id_] = None
        configuration = {"FunctionName": "gate"}
        if parameters is not None:
            configuration["UserParameters"] = parameters if isinstance(parameters, str) else json.dumps(parameters)
        data = {
            "actionConfiguration": {"configuration": configuration},
            "inputArtifacts": [],
            "outputArtifacts": [],
            "artifactCredentials": {"accessKeyId": "ASIA", "secretAccessKey": "s", "sessionToken": SECRET},
            **({"continuationToken": token} if token else {}),
        }
        return {"CodePipeline.job": {"id": id_, "accountId": "111122223333", "data": data}}

    def result(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What was said of the event's job."""
        result = self.results[event["CodePipeline.job"]["id"]]
        assert result is not None, "the job hangs"
        return result

    def put_job_success_result(self, **request: Any) -> None:
        self._take("PutJobSuccessResult", request)

    def put_job_failure_result(self, **request: Any) -> None:
        self._take("PutJobFailureResult", request)

    def _take(self, operation: str, request: dict[str, Any]) -> None:
        if self.refuses:
            raise self.refuses.pop(0)
        problems = list(_problems(_model().operation_model(operation).input_shape, request, operation))
        if problems:
            raise error("ValidationException", "; ".join(problems))
        if request["jobId"] not in self.results:
            raise error("JobNotFoundException")
        if self.results[request["jobId"]] is not None:
            raise error("InvalidJobStateException")
        self.results[request["jobId"]] = request


@cache
def _model() -> ServiceModel:
    return get_session().get_service_model("codepipeline")


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """What the service would refuse, as far as these requests go: structures of texts."""
    if shape.type_name == "structure":
        yield from (f"{path}: {name} is missing" for name in shape.required_members if name not in value)
        yield from (f"{path}: {name} is unknown" for name in value if name not in shape.members)
        for name in value:
            yield from _problems(shape.members[name], value[name], f"{path}.{name}")
        return
    limits = shape.metadata
    if not limits.get("min", 0) <= len(value) <= limits.get("max", len(value)):
        yield f"{path}: {len(value)} characters"
    if not re.fullmatch(limits.get("pattern", ".*"), value, re.DOTALL):
        yield f"{path}: {value!r} is not of the pattern"
    if value not in limits.get("enum", [value]):
        yield f"{path}: {value!r} is not of the enumeration"
