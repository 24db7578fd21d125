"""One pipeline, two environments: what their files must say of each other, and how a contradiction is told."""

import pytest

from settings.staging import Owner
from tests.unit.settings.written import Written

STAGING = 'staging = "staging"  '
OWN = "config/prod2.toml: pipeline.staging"
TABLE = '[pipeline]\nrepository = "exchange/exchange"    # owner/name on GitHub\n'


def another(config: Written, name: str, cidr: str = "10.30.0.0/16") -> Written:
    """One more environment, as production is."""
    text = (config.folder / "prod2.toml").read_text(encoding="utf-8").replace("10.20.0.0/16", cidr)
    (config.folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return config


def test_production_knows_its_staging_and_staging_whose_it_is(config: Written) -> None:
    production, staging = config.loaded("prod2"), config.loaded("staging")
    assert production.staging == staging
    assert production.owner is None
    assert (staging.staging, staging.owner) == (None, Owner("prod2", None))


def test_an_environment_without_a_staging_is_its_own_and_leaves_the_other_alone(config: Written) -> None:
    config.change("prod2", STAGING, "# ")
    for environment in ("staging", "prod2"):
        settings = config.loaded(environment)
        assert (settings.staging, settings.owner) == (None, None)


def test_in_two_accounts_staging_knows_whose_account_the_pipeline_is_in(config: Written) -> None:
    config.change("prod2", "production = true", 'production = true\naccount = "111122223333"')
    config.change("staging", "production = false", 'production = false\naccount = "444455556666"')
    assert config.loaded("staging").owner == Owner("prod2", "111122223333")
    staging = config.loaded("prod2").staging
    assert staging is not None
    assert staging.account == "444455556666"


def test_somebody_approves_and_nothing_is_ignored_unless_the_settings_say_otherwise(config: Written) -> None:
    pipeline = config.loaded("prod2").pipeline
    assert (pipeline.approval, pipeline.ignored_paths, pipeline.commands_branch) == (True, (), "main")


def test_a_staging_that_is_not_there_is_refused_with_those_that_are(config: Written) -> None:
    config.change("prod2", STAGING, 'staging = "stageing"  ')
    assert config.refusal("prod2") == [f'{OWN} = "stageing": there is no such environment; allowed are staging']


def test_an_environment_is_not_its_own_staging(config: Written) -> None:
    config.change("prod2", STAGING, 'staging = "prod2"  ')
    what = "is this environment itself: leave it out to release to this one alone"
    assert config.refusal("prod2") == [f'{OWN} = "prod2": {what}']


def test_a_staging_of_a_staging_is_refused_on_either_side(config: Written) -> None:
    another(config, "lab")
    config.change("lab", STAGING, "# ")
    config.change("staging", TABLE, f'{TABLE}staging = "lab"\n')
    what = "has a staging of its own, lab: a pipeline releases to two environments"
    assert config.refusal("prod2") == [f'{OWN} = "staging": {what}']
    what = "prod2 names this environment as its staging: a pipeline releases to two environments"
    assert config.refusal("staging") == [f'config/staging.toml: pipeline.staging = "lab": {what}']


def test_two_environments_cannot_both_have_the_same_staging(config: Written) -> None:
    another(config, "prod3")
    what = "is the staging of {} already: each environment has one pipeline"
    assert config.refusal("prod2") == [f'{OWN} = "staging": {what.format("prod3")}']
    assert config.refusal("prod3") == [f'config/prod3.toml: pipeline.staging = "staging": {what.format("prod2")}']
    assert config.refusal("staging") == [
        "config/staging.toml: pipeline: the pipelines of prod2 and prod3 name this environment as their staging: "
        "allowed is one"
    ]


def test_both_are_in_one_region(config: Written) -> None:
    config.change("staging", 'region = "us-west-2"', 'region = "eu-west-1"')
    config.change("staging", '["us-west-2a", "us-west-2b"]', '["eu-west-1a", "eu-west-1b"]')
    what = "is in eu-west-1, this environment in us-west-2: one pipeline releases within one region"
    assert config.refusal("prod2") == [f'{OWN} = "staging": {what}']


def test_a_region_that_only_the_caller_names_counts(config: Written) -> None:
    config.change("staging", 'region = "us-west-2"\n', "")
    staging = config.loaded("prod2", region="us-west-2").staging
    assert staging is not None
    assert staging.region == "us-west-2"


@pytest.mark.parametrize("file", ["staging", "prod2"])
def test_an_account_that_one_of_them_names_alone_is_refused(config: Written, file: str) -> None:
    config.change(file, 'region = "us-west-2"', 'region = "us-west-2"\naccount = "111122223333"')
    what = "only one of the two files names its account: allowed are both, or neither where it is the same"
    assert config.refusal("prod2") == [f'{OWN} = "staging": {what}']


def test_what_is_wrong_with_the_staging_is_wrong_with_production_which_releases_there(config: Written) -> None:
    config.change("staging", "retention_days = 30", "retention_days = 31")
    [line] = config.refusal("prod2")
    assert line.startswith("config/staging.toml: logs.retention_days = 31:")


@pytest.mark.parametrize("table", ["pipeline = 1", "[pipeline]\nstaging = 3", "[pipeline]"])
def test_another_environment_whose_pipeline_is_not_whole_does_not_stop_this_one(config: Written, table: str) -> None:
    (config.folder / "prod2.toml").write_text(f"{table}\n", encoding="utf-8")
    assert config.loaded("staging").owner is None
