"""`address`: where the users of an environment come in."""

import typer
from botocore.exceptions import ClientError
from rich.console import Console

from release.display import Display
from release.machines import NotDeployedError
from release.outcomes import refusing
from release_aws.clients import AwsClient
from settings.loading import Settings

_OUTPUT = "LoadBalancerName"


def address(context: typer.Context) -> None:
    """Print the URL of the environment: that of its domain, or of its load balancer where it has none."""
    display = Display(Console(highlight=False), Console(stderr=True, highlight=False))
    with refusing(display):
        settings = context.obj.settings()
        display.raw(_address(settings, context.obj.around.clients(settings.region)("cloudformation")))


def add_to(app: typer.Typer) -> None:
    """The one command, to the command line."""
    app.command("address")(address)


def _address(settings: Settings, cloudformation: AwsClient) -> str:
    if settings.domain:
        return f"https://{settings.domain.name}"
    stack = settings.stack_name("platform")
    remedy = f"deploy it: cdk deploy {stack} -c environment={settings.environment}"
    try:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise NotDeployedError(f"stack {stack} is not deployed in {settings.region}; {remedy}") from error
    names = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
    if _OUTPUT not in names:
        raise NotDeployedError(f"stack {stack} has no output {_OUTPUT} yet; {remedy}")
    return f"http://{names[_OUTPUT]}"
