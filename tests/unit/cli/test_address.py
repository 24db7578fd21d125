"""`address`: what the pipeline's acceptance is told to ask."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from typer.testing import CliRunner, Result

from release.app import app
from release.cli_context import CliContext
from tests.unit.aws.answers import error


@dataclass
class Platform:
    """The stack of that name; None is one that is not deployed."""

    outputs: dict[str, str] | None = field(default_factory=lambda: {"LoadBalancerName": "door.example.com"})

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        assert StackName == "exchange-test-platform"
        if self.outputs is None:
            raise error("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": one} for key, one in self.outputs.items()]}]}


def address(platform: Platform, domain: str | None = None) -> Result:
    settings: Any = SimpleNamespace(
        environment="test",
        region="us-west-2",
        domain=SimpleNamespace(name=domain) if domain else None,
        stack_name=lambda stack: f"exchange-test-{stack}",
    )
    context = CliContext(settings_of=lambda _: settings, clients_in=lambda _: lambda _: platform)
    return CliRunner().invoke(app, ["-e", "test", "address"], obj=context, catch_exceptions=False)


def test_users_come_in_by_the_load_balancer_where_there_is_no_domain() -> None:
    done = address(Platform())
    assert (done.exit_code, done.output) == (0, "http://door.example.com\n")


def test_users_come_in_by_the_domain_where_there_is_one_and_nobody_is_asked() -> None:
    done = address(Platform(outputs=None), domain="exchange.example.com")
    assert (done.exit_code, done.output) == (0, "https://exchange.example.com\n")


def test_an_environment_that_is_not_deployed_has_no_address_and_it_says_how_to_deploy_it() -> None:
    done = address(Platform(outputs=None))
    assert done.exit_code == 2
    assert "stack exchange-test-platform is not deployed in us-west-2" in done.output
    assert "cdk deploy exchange-test-platform -c environment=test" in done.output


def test_a_platform_of_an_older_kind_is_told_from_one_that_is_not_there() -> None:
    done = address(Platform(outputs={}))
    assert done.exit_code == 2
    assert "has no output LoadBalancerName yet" in done.output
