"""`running`: whether an environment runs what it is said to run, before anything is concluded from what it does."""

from collections.abc import Sequence

import typer

from release.arguments import parse_targets
from release.display import Display
from release.outcomes import NOT_RELEASED, refusing
from release.surroundings import Desk


def run(desk: Desk, display: Display, targets: Sequence[str]) -> None:
    """Ends normally only when each of the components was told to run what is named."""
    with refusing(display):
        settings = desk.settings()
        wanted = parse_targets(targets, settings.chain)
        stacks = desk.account(settings).stacks
        found = {component: stacks.describe(settings.stack_name(component)) for component in wanted}
    digests = {component: stack.digest if stack else None for component, stack in found.items()}
    others = [component for component, digest in wanted.items() if digests[component] != digest]
    for component in others:
        runs = digests[component] or "nothing"
        display.refuse(f"{component} runs {runs}, not {wanted[component]}: undone, or another release came since")
    if others:
        raise typer.Exit(NOT_RELEASED)
    display.say(f"{settings.environment} runs {', '.join(f'{name}={digest}' for name, digest in wanted.items())}")
