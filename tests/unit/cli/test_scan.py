"""`scan`: what the registry knows of an image decides, and what it does not know does, too.

`config/allowed_findings.toml` lets a critical finding out until a day, for a reason, and no longer.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
"""

import json
from typing import Any

import pytest

from tests.unit.aws.answers import NEW, OLD, error
from tests.unit.cli.scan_scene import PENDING, Scene, basic, done, enhanced, found


def test_an_image_without_findings_may_go_out(scene: Scene) -> None:
    result = scene.run(f"client={NEW}", f"backend={OLD}")
    assert (result.exit_code, result.stderr) == (0, "")
    assert scene.ecr.asked == [("exchange-test-backend", OLD), ("older-client", NEW)]
    assert [line.split() for line in result.stdout.splitlines()[1:]] == [
        ["backend", "all", "nothing", "may", "be", "released"],
        ["client", "all", "nothing", "may", "be", "released"],
    ]


@pytest.mark.parametrize(
    "answer",
    [
        done(basic("CVE-2", "HIGH"), basic("CVE-1", "CRITICAL")),
        done(enhanced("CVE-1", "CRITICAL"), enhanced("CVE-2", "HIGH"), status="ACTIVE", key="enhancedFindings"),
        [done(basic("CVE-2", "HIGH")), done(basic("CVE-1", "CRITICAL"))],
    ],
    ids=["basic", "enhanced", "two pages"],
)
def test_a_critical_finding_blocks(scene: Scene, answer: Any) -> None:
    scene.ecr.answers["older-client"] = [answer]
    result = scene.run()
    assert result.exit_code == 1
    assert "not to be released: client" in result.stderr
    rows = [line.split() for line in result.stdout.splitlines()]
    assert rows[1][:3] == ["client", "critical", "CVE-1"]
    assert rows[1][-1] == "blocks"
    assert " ".join(rows[2]) == "client all 1 critical, 1 high blocked"


def test_other_findings_do_not_block_and_are_counted(scene: Scene) -> None:
    found(scene, basic("CVE-1", "HIGH"), basic("CVE-2", "UNDEFINED"), basic("CVE-3", "HIGH"))
    result = scene.run()
    assert (result.exit_code, "2 high, 1 undefined" in result.stdout) == (0, True)


def test_what_inspector_calls_closed_is_none(scene: Scene) -> None:
    closed = done(enhanced("CVE-1", "CRITICAL", "CLOSED"), status="ACTIVE", key="enhancedFindings")
    scene.ecr.answers["older-client"] = [closed]
    assert scene.run().exit_code == 0


def test_what_inspector_suppresses_has_no_day_on_which_it_ends_and_blocks(scene: Scene) -> None:
    suppressed = done(enhanced("CVE-1", "CRITICAL", "SUPPRESSED"), status="ACTIVE", key="enhancedFindings")
    scene.ecr.answers["older-client"] = [suppressed]
    assert scene.run().exit_code == 1


def test_a_log_gets_whole_lines_however_long(scene: Scene) -> None:
    reason = "because " * 40
    scene.allow("2026-12-24", reason=reason.strip())
    found(scene, basic("CVE-1", "CRITICAL"))
    assert f"allowed until 2026-12-24: {reason.strip()}\n" in scene.run().stdout


def test_tools_get_every_finding(scene: Scene) -> None:
    found(scene, basic("CVE-1", "CRITICAL"), basic("CVE-2", "LOW"))
    result = scene.run(f"client={NEW}", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["blocked"]) == (1, True)
    client = told["images"]["client"]
    assert (client["digest"], client["problem"]) == (NEW, None)
    assert [(one["id"], one["package"], one["blocks"]) for one in client["findings"]] == [
        ("CVE-1", "openssl 3.0.1", True),
        ("CVE-2", "openssl 3.0.1", False),
    ]


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS"])
def test_a_scan_under_way_is_waited_for(scene: Scene, status: str) -> None:
    under_way = {"imageScanStatus": {"status": status}}
    active = {"imageScanStatus": {"status": "ACTIVE"}}
    scene.ecr.answers["older-client"] = [under_way, active, done()]
    assert (scene.run().exit_code, scene.waited) == (0, [5.0, 5.0])


def test_a_scan_is_started_once_where_there_is_none(scene: Scene) -> None:
    none = error("ScanNotFoundException")
    scene.ecr.answers["older-client"] = [none, none, PENDING, done()]
    assert (scene.run().exit_code, scene.ecr.starts) == (0, ["older-client"])


def test_where_inspector_scans_its_first_scan_is_waited_for(scene: Scene) -> None:
    scene.ecr.refusal = error("ValidationException", "This feature is disabled")
    scene.ecr.answers["older-client"] = [error("ScanNotFoundException"), done(status="ACTIVE", key="enhancedFindings")]
    assert scene.run().exit_code == 0


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (PENDING, "has no findings after 15 minutes: PENDING"),
        ({"imageScanStatus": {"status": "COMPLETE"}}, "has no findings after 15 minutes: COMPLETE"),
        (error("ScanNotFoundException"), "has no findings after 15 minutes: no scan can be started by hand"),
    ],
)
def test_f34_what_never_ends_is_no_pass(scene: Scene, answer: Any, says: str) -> None:
    scene.ecr.refusal = error("ValidationException", "This feature is disabled")
    scene.ecr.answers["older-client"] = [answer]
    result = scene.run()
    assert (result.exit_code, sum(scene.waited)) == (1, 900)
    assert says in result.stdout


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("FAILED", "is FAILED because: push the image again under another version"),
        ("UNSUPPORTED_IMAGE", "is UNSUPPORTED_IMAGE because: its base is none that ECR can look into"),
        ("SCAN_ELIGIBILITY_EXPIRED", "Inspector looks at images of this age no more"),
        ("FINDINGS_UNAVAILABLE", "see whether the account's scanning is switched on"),
        ("LIMIT_EXCEEDED", "one image can be scanned by hand once a day"),
        ("IMAGE_ARCHIVED", "restore it in the ECR console"),
        ("SOMETHING_NEW", "look at the image in the ECR console"),
    ],
)
def test_f34_a_scan_that_tells_nothing_is_no_pass(scene: Scene, status: str, says: str) -> None:
    scene.ecr.answers["older-client"] = [{"imageScanStatus": {"status": status, "description": "because"}}]
    result = scene.run(f"client={NEW}", f"backend={OLD}")
    assert (result.exit_code, scene.waited) == (1, [])
    assert f"older-client@{NEW}" in result.stdout
    assert says in result.stdout
    assert "backend    all" in result.stdout


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("LimitExceededException", "cannot be scanned again today"),
        ("UnsupportedImageTypeException", "cannot be scanned"),
        ("ImageNotFoundException", "is not in the registry"),
    ],
)
def test_f34_a_scan_that_cannot_be_started_is_no_pass(scene: Scene, code: str, says: str) -> None:
    scene.ecr.refusal = error(code)
    scene.ecr.answers["older-client"] = [error("ScanNotFoundException")]
    result = scene.run()
    assert (result.exit_code, f"older-client@{NEW} {says}" in result.stdout) == (1, True)


def test_an_image_that_is_not_there_is_no_pass(scene: Scene) -> None:
    scene.ecr.answers["older-client"] = [error("ImageNotFoundException")]
    result = scene.run(f"client={NEW}", "--json")
    assert result.exit_code == 1
    assert "is not in the registry" in json.loads(result.stdout)["images"]["client"]["problem"]


def test_missing_permissions_are_told(scene: Scene) -> None:
    scene.ecr.answers["older-client"] = [error("AccessDeniedException", "not authorized")]
    result = scene.run()
    assert (result.exit_code, "these credentials may not do this" in result.stderr) == (2, True)


def test_tags_are_not_scanned(scene: Scene) -> None:
    result = scene.run("client=v1")
    assert (result.exit_code, scene.ecr.asked) == (2, [])


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
