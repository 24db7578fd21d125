"""The workflows' own steps, run in the order of their jobs against the local AWS, from the examples' callers."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from rehearsal.commands import ROOT, wait_until
from rehearsal.stage import Stage
from release_engine.ledger import Kind, Outcome
from tests.rehearsal.workflows.conftest import COMMIT, Monorepo
from tests.rehearsal.workflows.workflow_runs import Ended

pytestmark = pytest.mark.timeout(300)
REGION = "us-west-2"


def results(jobs: dict[str, Ended]) -> dict[str, str]:
    return {name: one.result for name, one in jobs.items() if one.result != "skipped"}


@pytest.fixture(scope="module")
def released(stage: Stage, monorepo: Monorepo) -> tuple[str, str, dict[str, Ended]]:
    """The client's digest before, that of its build, and the jobs of the workflow that released it."""
    (former,) = stage.running("client").digests
    ended, jobs = monorepo.run("deploy-client", environment="prod2")
    assert ended.result == "success", ended.log
    return former, jobs["release / build"].outputs["digest"], jobs


def test_f1_f7_a_client_is_built_once_and_released_by_its_digest(
    stage: Stage, released: tuple[str, str, dict[str, Ended]]
) -> None:
    former, digest, jobs = released
    assert results(jobs) == dict.fromkeys(("release", "release / build", "release / build / build"), "success") | {
        "release / release": "success",
        "release / release / release": "success",
    }
    assert digest != former
    assert stage.running("client").digests == {digest}
    latest = stage.latest("client")
    assert latest is not None
    assert (latest.digest, latest.outcome, latest.kind) == (digest, Outcome.RELEASED, Kind.RELEASE)
    assert (latest.manifest or {})["commit"] == COMMIT
    assert latest.requested_by == "cli:alice"


def test_f7_an_image_goes_to_production_as_it_is_in_staging(stage: Stage, monorepo: Monorepo) -> None:
    ecr, role = stage.client("ecr"), monorepo.variables["PRODUCTION_BUILD_ROLE"]
    ecr.create_repository(repositoryName="exchange-staging-engine")
    given = {"component": "engine", "environment": "staging", "region": REGION, "role": role}
    ended = monorepo.call("build-image", **given, production="prod2", production_region=REGION, production_role=role)
    assert ended.result == "success", ended.log
    for repository in ("exchange-staging-engine", stage.repository("engine")):
        (found,) = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": COMMIT}])["imageDetails"]
        assert found["imageDigest"] == ended.outputs["digest"]


def test_f8_a_digest_that_nobody_has_pushed_fails_the_job(stage: Stage, monorepo: Monorepo) -> None:
    before = stage.running("client")
    ended, jobs = monorepo.run("deploy-client", environment="prod2", digest=f"sha256:{'0' * 64}")
    assert results(jobs)["release / release / release"] == "failure"
    assert "release / build" not in results(jobs)
    assert "not in repository" in ended.log
    assert "client    runs " in ended.log  # said although the release failed
    assert stage.running("client") == before


def test_a_component_is_rolled_back_as_the_plan_says_that_was_approved(
    stage: Stage, monorepo: Monorepo, released: tuple[str, str, dict[str, Ended]]
) -> None:
    former, digest, _ = released
    ended, jobs = monorepo.run("rollback", environment="prod2", component="client")
    assert ended.result == "success", ended.log
    assert list(results(jobs)) == ["rollback / plan", "rollback / approve", "rollback / act", "rollback"]
    plan = jobs["rollback / plan"].log
    assert f"from {digest}" in plan
    assert f"to   {former}" in plan
    assert stage.running("client").digests == {former}
    latest = stage.latest("client")
    assert latest is not None
    assert (latest.kind, latest.outcome) == (Kind.ROLLBACK, Outcome.RELEASED)


def test_what_was_undone_already_is_not_unwound_again(
    stage: Stage, monorepo: Monorepo, released: tuple[str, str, dict[str, Ended]]
) -> None:
    """Of digests that run no more; that all go back in the reverse order: tests/unit/cli/test_unwind.py."""
    before = {component: stage.running(component) for component in stage.settings.chain}
    digests = dict.fromkeys(stage.settings.chain, f"sha256:{'0' * 64}")
    role = monorepo.variables["PRODUCTION_RELEASE_ROLE"]
    ended = monorepo.call("unwind", environment="prod2", region=REGION, role=role, **digests)
    assert ended.result == "success", ended.log
    assert "nothing is left to be undone" in ended.log
    assert {component: stage.running(component) for component in before} == before


def test_a_plan_that_nobody_would_be_asked_about_is_not_made(stage: Stage, monorepo: Monorepo) -> None:
    """`staging-approval` is none of the repository's environments."""
    ended, jobs = monorepo.run("rollback", environment="staging", component="client")
    assert results(jobs) == {"rollback": "failure", "rollback / plan": "failure"}
    assert "environment staging-approval: there is none of this name" in ended.log


def test_f30_a_workflow_on_another_branch_becomes_nobody(monorepo: Monorepo) -> None:
    with pytest.raises(AssertionError, match="does not trust this job"):
        monorepo.run("rollback", branch="mine", environment="prod2", component="client")


def test_the_acceptance_passes_at_the_door_of_production(monorepo: Monorepo) -> None:
    ended, _ = monorepo.run("integration-tests", environment="prod2")
    assert ended.result == "success", ended.log
    assert "5 passed" in ended.log


def test_the_acceptance_of_a_wrong_address_says_so(monorepo: Monorepo) -> None:
    ended, _ = monorepo.run("integration-tests", environment="staging")
    assert ended.result == "failure"
    assert "GET http://127.0.0.1:9/ was not answered: [Errno 111] Connection refused" in ended.log


@pytest.fixture
def stopped_engine(stage: Stage) -> Iterator[None]:
    """Its service is told to run no task."""
    name = stage.settings.components["engine"].services["app"].name
    ecs = stage.client("ecs")
    ecs.update_service(cluster=stage.cluster, service=name, desiredCount=0)
    wait_until(lambda: not stage.running("engine").tasks, "the engine is gone")
    yield
    ecs.update_service(cluster=stage.cluster, service=name, desiredCount=1)
    wait_until(lambda: bool(stage.running("engine").tasks), "the engine is back", seconds=30)


@pytest.mark.usefixtures("stopped_engine")
def test_the_acceptance_says_when_orders_do_not_come_back(url: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "acceptance"]
    asked = [*command, "--url", url, "--patience", "3"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 1
    assert "1 failed, 4 passed" in done.stdout
    assert "no trade of theirs has come back: the engine does not match, or the backend's kafka-consumer" in done.stdout
