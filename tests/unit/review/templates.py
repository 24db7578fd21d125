"""Small templates, before and after: what each case changes, and nothing else."""

from copy import deepcopy
from typing import Any

from release.review.cdk_diff import TemplatePair
from release.review.changes import Change, Impact, Json, StackChange

Template = dict[str, Any]


def template(**resources: Template) -> Template:
    return {"Resources": resources}


def resource(kind: str, path: str = "", /, *, keep: str | None = None, **properties: Any) -> Template:
    """`keep` is what becomes of it when it goes or is replaced."""
    made: Template = {"Type": f"AWS::{kind}", "Properties": properties}
    if path:
        made["Metadata"] = {"aws:cdk:path": f"{path}/Resource"}
    if keep:
        made |= {"DeletionPolicy": keep, "UpdateReplacePolicy": keep}
    return made


def changed(before: Template, logical_id: str, **properties: Any) -> Template:
    """`before` with other properties of one resource; None takes one away."""
    after = deepcopy(before)
    held = after["Resources"][logical_id].setdefault("Properties", {})
    held |= properties
    after["Resources"][logical_id]["Properties"] = {name: one for name, one in held.items() if one is not None}
    return after


def without(before: Template, logical_id: str) -> Template:
    return {"Resources": {id_: one for id_, one in before["Resources"].items() if id_ != logical_id}}


def pair(stack: str, old: Json | None, new: Json | None) -> TemplatePair:
    return TemplatePair(stack, old, new)


def policy(*statements: Template) -> Template:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return resource("IAM::Policy", PolicyName="P", PolicyDocument=document, Roles=[{"Ref": "Role"}])


def allow(action: Any, on: Any, **more: Any) -> Template:
    return {"Effect": "Allow", "Action": action, "Resource": on, **more}


def ingress(cidr: str, port: int, description: str = "") -> Template:
    return {"CidrIp": cidr, "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "Description": description}


def service(task: str, *, name: str, least: int = 100, most: int = 200, **deployment: Any) -> Template:
    configuration = {"MinimumHealthyPercent": least, "MaximumPercent": most, **deployment}
    made = resource("ECS::Service", LaunchType="FARGATE", TaskDefinition={"Ref": task}, ServiceName=name)
    made["Properties"]["DeploymentConfiguration"] = configuration
    return made


def task(cpu: int = 512, memory: int = 1024, *, stop: int = 120, **more: Any) -> Template:
    container = {"Name": "main", "Image": "image", "StopTimeout": stop}
    processor = {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}
    made = resource("ECS::TaskDefinition", ContainerDefinitions=[container], RuntimePlatform=processor)
    made["Properties"] |= {"Cpu": str(cpu), "Memory": str(memory), **more}
    return made


def updated(kind: str, before: Template, after: Template) -> StackChange:
    """A stack with one resource that is updated, as the engine would say it."""
    old, new = resource(kind, **before), resource(kind, **after)
    change = Change("stack", "One", f"AWS::{kind}", Impact.UPDATE, False, (), (), old, new)
    return StackChange("stack", template(One=old), template(One=new), (change,))
