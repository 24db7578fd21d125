"""The pipeline releases in the order of the settings; GitHub's workflow too: tests/unit/workflows/test_chain.py."""

import pytest

from tests.infra.exchange import ENVIRONMENTS, exchange


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_pipeline_releases_in_the_order_of_the_settings(environment: str) -> None:
    known = exchange(environment)
    stages = [stage["Name"] for stage in known.only("pipeline", "CodePipeline::Pipeline")["Stages"]]
    names = {component.capitalize(): component for component in known.settings.chain}
    released = [name.removeprefix("Production").removeprefix("Staging") for name in stages]
    found = [names[name] for name in released if name in names]
    assert found
    rounds = len(found) // len(names)
    assert found == list(known.settings.chain) * rounds
