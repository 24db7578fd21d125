"""The form in which ministack's CloudFormation keeps a resource type, and calls into ministack's own services."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree

from local_aws.ministack_parts.answers import Action, Record, RefusedError, Response

Created = tuple[str, Record]
Create = Callable[[str, Record, str], Created]
Delete = Callable[[str, Record], None]
Update = Callable[[str, Record, Record, str, str], Created]
_FREE = ("Options", "DockerLabels", "DriverOpts", "Labels", "HookDetails")  # maps whose keys are the user's


def replaced(create: Create, delete: Delete) -> Record:
    """Return the handlers of a type whose every change is a replacement: the new one first, then the old one goes."""

    def update(physical_id: str, old: Record, new: Record, stack: str, logical_id: str) -> Created:
        created = create(logical_id, new, stack)
        if created[0] != physical_id:
            delete(physical_id, old)
        return created

    return in_place(create, update, delete)


def in_place(create: Create, update: Update, delete: Delete) -> Record:
    """Return the handlers of a type that is changed without interruption."""
    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}


def provisioned(action: Action, request: Record) -> Record:
    """Call an action of ours for a resource; a refusal becomes the reason of the resource's event."""
    try:
        return action(request)
    except RefusedError as refusal:
        raise ValueError(f"{refusal.code}: {refusal}") from refusal


def answer_of(response: Response) -> Record:
    """Return the body of a JSON API's response; an error becomes the reason of the resource's event."""
    status, _, body = response
    answer: Record = json.loads(body or b"{}")
    if status >= 400:
        raise ValueError(f"{answer.get('__type', status)}: {answer.get('message')}")
    return answer


def camel_case(value: Any) -> Any:
    """Return a template's keys as the API's, in camelCase at every depth; maps of free keys stay as they are.

    Stock stops at the first level, which silently loses secrets and health checks.
    """
    if isinstance(value, list):
        return [camel_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key[:1].lower() + key[1:]: item if key in _FREE else camel_case(item) for key, item in value.items()}


def query(
    action: Callable[[Record], Any], parameters: Mapping[str, Any], *, list_word: str = ""
) -> ElementTree.Element:
    """Call an action of ministack's query API; an error becomes the reason of the resource's event."""
    _, _, body = action(flat(parameters, list_word=list_word))
    answer = ElementTree.fromstring(re.sub(rb'\sxmlns="[^"]*"', b"", body))  # noqa: S314  (ministack wrote it)
    if (error := answer.find(".//Error")) is not None:
        raise ValueError(f"{error.findtext('Code')}: {error.findtext('Message')}")
    return answer


def flat(parameters: Mapping[str, Any], *, list_word: str = "") -> Record:
    """Return a nested request as a query API gets it: `Name.1.Key`, or `Name.member.1.Key` with the word "member"."""
    request: Record = {}

    def put_in(name: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                put_in(f"{name}.{key}" if name else key, inner)
        elif isinstance(value, list):
            for number, inner in enumerate(value, start=1):
                put_in(".".join(part for part in (name, list_word, str(number)) if part), inner)
        elif value is not None:
            request[name] = [str(value).lower() if isinstance(value, bool) else str(value)]

    put_in("", parameters)
    return request


def text(answer: ElementTree.Element, name: str) -> str:
    """Return the text of the first element of this name."""
    content = answer.findtext(f".//{name}")
    if content is None:
        raise ValueError(f"the answer has no {name}")
    return content
