"""Every promise of every story."""

from pathlib import Path
from typing import Any

import pytest

from rehearsal.stage import Stage
from rehearsal.stories import STORIES, Played, assets

pytestmark = pytest.mark.timeout(3600)


def _require(played: Played) -> None:
    assert played.promises
    assert not [f"{promise.name}: {promise.seen}" for promise in played.promises if not promise.kept]


def test_what_is_deployed_is_byte_for_byte_what_cdk_synth_says(place: dict[str, Any]) -> None:
    assert len(place["stacks"]) == 11
    assert place["differing_templates"] == []


def test_f4_the_first_release_brings_every_service_to_life(first_release: Played) -> None:
    _require(first_release)


def test_f1_f22_f23_f24_f26_a_good_release_of_everything_under_traffic_harms_nobody(stage: Stage) -> None:
    _require(STORIES["good-release"].run(stage))


def test_a_release_of_what_runs_already_ends_at_once_with_nothing_touched(stage: Stage) -> None:
    _require(STORIES["unchanged"].run(stage))


def test_f12_a_client_that_fails_a_fifth_of_its_requests_is_refused_and_undone(stage: Stage) -> None:
    _require(STORIES["bad-client"].run(stage))


def test_f10_f20_a_second_release_while_one_is_under_way_is_refused(stage: Stage) -> None:
    _require(STORIES["busy"].run(stage))


def test_f35_killing_the_command_line_does_not_harm_the_release(stage: Stage) -> None:
    _require(STORIES["killed-command-line"].run(stage))


def test_f7_a_rollback_by_hand_puts_the_former_digest_back(stage: Stage) -> None:
    _require(STORIES["rollback-by-hand"].run(stage))


def test_f27_f35_an_alarm_after_a_good_release_undoes_it_once(stage: Stage) -> None:
    _require(STORIES["alarm-after-success"].run(stage))


def test_f27_the_watch_alone_undoes_a_bad_version_that_was_released(stage: Stage) -> None:
    _require(STORIES["net-watch"].run(stage))


def test_f1_ecs_lifecycle_hook_alone_undoes_a_bad_version(stage: Stage) -> None:
    _require(STORIES["net-hook"].run(stage))


def test_f1_the_deployments_alarms_alone_undo_a_bad_version(stage: Stage) -> None:
    _require(STORIES["net-alarms"].run(stage))


def test_f12_the_machines_bake_alone_undoes_a_bad_version(stage: Stage) -> None:
    _require(STORIES["net-bake"].run(stage))


def test_f2_ecs_circuit_breaker_alone_undoes_a_bad_version(stage: Stage) -> None:
    _require(STORIES["net-breaker"].run(stage))


def test_a_bad_canary_meets_no_more_users_than_its_percentage_and_not_for_long(stage: Stage) -> None:
    _require(STORIES["bad-canary"].run(stage))


def test_good_releases_of_web_and_client_fail_none_of_ten_thousand_requests(stage: Stage) -> None:
    _require(STORIES["many-users"].run(stage))


def test_f26_a_release_of_which_one_task_in_eight_keeps_the_old_code_is_not_called_released(stage: Stage) -> None:
    _require(STORIES["eighth-task"].run(stage))


def test_f8_a_digest_that_is_not_in_the_repository_is_refused_before_anything_is_touched(stage: Stage) -> None:
    _require(STORIES["missing-image"].run(stage))


def test_f13_a_release_is_refused_while_an_alarm_of_its_component_is_red(stage: Stage) -> None:
    _require(STORIES["red-alarm"].run(stage))


def test_f14_f34_a_release_without_users_passes_by_the_gates_own_samples_and_none_passes_without(stage: Stage) -> None:
    _require(STORIES["no-users"].run(stage))


def test_f12_a_client_that_is_correct_but_slow_is_refused_and_undone(stage: Stage) -> None:
    _require(STORIES["slow-client"].run(stage))


def test_f33_a_client_within_its_limits_but_slower_than_the_former_is_refused_and_undone(stage: Stage) -> None:
    _require(STORIES["slower-client"].run(stage))


def test_f2_a_backend_that_crashes_at_its_start_is_given_up_and_undone(stage: Stage) -> None:
    _require(STORIES["crashing-backend"].run(stage))


def test_f3_a_backend_that_crashes_when_users_are_on_it_already_is_undone(stage: Stage) -> None:
    _require(STORIES["crashing-later"].run(stage))


def test_f3_a_backend_whose_workers_start_well_and_crash_later_is_undone(stage: Stage) -> None:
    _require(STORIES["crashing-workers"].run(stage))


def test_f12_a_backend_that_lives_but_cannot_reach_its_database_is_refused_and_undone(stage: Stage) -> None:
    _require(STORIES["database-unreachable"].run(stage))


def test_f34_a_backend_that_reports_nothing_of_itself_is_refused_and_undone(stage: Stage) -> None:
    _require(STORIES["metrics-missing"].run(stage))


def test_f24_a_backend_whose_consumer_consumes_nothing_is_refused_and_undone(stage: Stage) -> None:
    _require(STORIES["growing-lag"].run(stage))


def test_f22_jobs_that_workers_drop_are_noticed_and_good_workers_drop_none(stage: Stage) -> None:
    _require(STORIES["dropped-jobs"].run(stage))


def test_f34_a_gate_that_raises_lets_nothing_through(stage: Stage) -> None:
    _require(STORIES["gate-throws"].run(stage))


def test_f34_a_gate_that_times_out_lets_nothing_through(stage: Stage) -> None:
    _require(STORIES["gate-times-out"].run(stage))


def test_f1_a_release_cancelled_in_the_console_goes_back_and_is_recorded(stage: Stage) -> None:
    _require(STORIES["cancelled-in-console"].run(stage))


def test_f1_a_digest_put_back_in_the_console_runs_and_status_tells_so(stage: Stage) -> None:
    _require(STORIES["console-rollback"].run(stage))


def test_f5_f8_a_rollback_that_fails_pages_and_the_runbooks_commands_mend_it(stage: Stage) -> None:
    _require(STORIES["failed-rollback"].run(stage))


def test_f31_pages_of_former_versions_find_their_assets_after_the_switch(stage: Stage) -> None:
    _require(STORIES["assets"].run(stage))


def test_f31_a_version_that_serves_its_own_assets_only_breaks_that_promise(stage: Stage) -> None:
    try:
        played = assets.play_releases(stage, ["forgets-former-assets"])
    finally:
        stage.release({"client": stage.build("client", stage.next_version())})
    broken = {promise.name for promise in played.promises if not promise.kept}
    assert assets.FOUND in broken
    assert f"releasing a {assets.WHAT} succeeds" not in broken


def test_every_story_is_played_here_or_with_an_environment_of_its_own() -> None:
    played = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parents[1].rglob("*.py"))
    assert [name for name in STORIES if f'STORIES["{name}"]' not in played] == []
