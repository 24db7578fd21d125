"""The pipeline releases in the order of the settings; GitHub's workflow too: tests/unit/workflows/test_chain.py."""

import pytest

from tests.infra.exchange import PIPELINE, exchange


@pytest.mark.parametrize("half", ["Staging", "Production"])
def test_the_pipeline_releases_in_the_order_of_the_settings(half: str) -> None:
    known = exchange(PIPELINE)
    stages = [stage["Name"] for stage in known.only("pipeline", "CodePipeline::Pipeline")["Stages"]]
    names = {f"{half}{component.capitalize()}": component for component in known.settings.chain}
    assert [names[stage] for stage in stages if stage in names] == list(known.settings.chain)
