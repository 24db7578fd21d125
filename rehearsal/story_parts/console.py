"""What a person does in the CloudFormation console."""

from rehearsal.stage import Stage
from rehearsal.waiting import wait_until

PARAMETER = "ImageDigest"


def cancel_update(stage: Stage, component: str) -> None:
    """Stack actions > Cancel update stack."""
    stage.client("cloudformation").cancel_update_stack(StackName=stage.settings.stack_name(component))


def set_digest(stage: Stage, component: str, digest: str) -> None:
    """Update stack > Use existing template, and another digest; returns when it is done, well or not."""
    client, name = stage.client("cloudformation"), stage.settings.stack_name(component)
    parameters = client.describe_stacks(StackName=name)["Stacks"][0]["Parameters"]
    kept = [{"ParameterKey": key, "UsePreviousValue": True} for key in (one["ParameterKey"] for one in parameters)]
    client.update_stack(
        StackName=name,
        UsePreviousTemplate=True,
        Parameters=[
            *(one for one in kept if one["ParameterKey"] != PARAMETER),
            {"ParameterKey": PARAMETER, "ParameterValue": digest},
        ],
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    wait_until(lambda: not status(stage, component).endswith("_IN_PROGRESS"), f"{name} is updated", seconds=120)


def status(stage: Stage, component: str) -> str:
    found = stage.client("cloudformation").describe_stacks(StackName=stage.settings.stack_name(component))
    return str(found["Stacks"][0]["StackStatus"])


def reasons(stage: Stage, component: str) -> list[str]:
    """What the events of the stack's last update give as reasons, newest first."""
    name, found = stage.settings.stack_name(component), list[str]()
    for event in stage.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]:
        found.append(event.get("ResourceStatusReason", ""))
        if (event["LogicalResourceId"], event["ResourceStatus"]) == (name, "UPDATE_IN_PROGRESS"):
            break
    return [reason for reason in found if reason]
