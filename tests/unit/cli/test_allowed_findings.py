"""`config/allowed_findings.toml`: a critical finding may go out until a day, for a reason, and no longer."""

import pytest

from tests.unit.cli.scan_scene import Scene, basic, found


@pytest.mark.parametrize("until", ["2026-11-24", "2026-12-24", "2027-02-22"])
def test_a_finding_is_allowed_through_the_day_that_its_entry_names(scene: Scene, until: str) -> None:
    scene.allow(until)
    found(scene, basic("CVE-1", "CRITICAL"))
    result = scene.run()
    assert (result.exit_code, f"allowed until {until}: not reached" in result.stdout) == (0, True)


@pytest.mark.parametrize(("until", "since"), [("2026-11-23", "one day ago"), ("2026-11-01", "23 days ago")])
def test_an_entry_that_has_expired_does_not_count_and_says_since_when(scene: Scene, until: str, since: str) -> None:
    scene.allow(until)
    found(scene, basic("CVE-1", "CRITICAL"))
    result = scene.run()
    assert result.exit_code == 1
    assert f"blocks: it was allowed until {until}, which is {since}" in result.stdout


def test_of_two_entries_the_later_one_counts(scene: Scene) -> None:
    scene.allow("2026-12-01")
    scene.allow("2026-11-01")
    found(scene, basic("CVE-1", "CRITICAL"))
    assert scene.run().exit_code == 0


@pytest.mark.parametrize("other", [{"id_": "CVE-2"}, {"components": '["backend"]'}])
def test_an_entry_is_for_what_it_names_alone(scene: Scene, other: dict[str, str]) -> None:
    scene.allow("2026-12-24", **other)
    found(scene, basic("CVE-1", "CRITICAL"))
    assert scene.run().exit_code == 1


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (
            {"until": "2027-02-23"},
            'allowed[0].until = "2027-02-23": is more than 90 days ahead: allowed is a day up to 2027',
        ),
        ({"until": '"2026-12-24"'}, 'allowed[0].until = "2026-12-24": allowed is a day without quotes and time'),
        (
            {"until": "2026-12-24", "components": '["web"]'},
            'components = ["web"]: web is no component: allowed are backend',
        ),
        ({"until": "2026-12-24", "components": "[]"}, "config/allowed_findings.toml: allowed[0].components = []: "),
        ({"until": "2026-12-24", "id_": "*"}, 'allowed[0].id = "*": allowed is text that matches'),
        ({"until": "2026-12-24", "reason": ""}, 'allowed[0].reason = "": allowed is text that matches'),
        (
            {"until": "2026-12-24\nhow = 1"},
            "allowed[0].how = 1: unknown key; allowed are components, id, reason, until",
        ),
        ({"until": "never"}, "config/allowed_findings.toml: is not TOML"),
    ],
)
def test_an_allow_list_that_is_wrong_is_refused_before_anything_is_asked(
    scene: Scene, entry: dict[str, str], says: str
) -> None:
    scene.allow(**entry)
    result = scene.run()
    assert (result.exit_code, scene.ecr.asked) == (2, [])
    assert says in result.stderr


def test_the_allow_list_that_is_shipped_allows_nothing_by_itself(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    found(scene, basic("CVE-1", "CRITICAL"))
    assert scene.run().exit_code == 1
