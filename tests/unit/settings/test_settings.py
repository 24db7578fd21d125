"""The settings as they load, how several problems are told, and what two environments of one pipeline must say."""

import pytest

from settings.loading import CONFIG, NO_ENVIRONMENTS, TaskSize, load_settings
from settings.staging import Owner
from tests.unit.settings.written import Written

REGION = 'region = "us-west-2"\n'


@pytest.mark.parametrize("environment", sorted({file.stem for file in CONFIG.glob("*.toml")} - {*NO_ENVIRONMENTS}))
def test_every_shipped_environment_loads(environment: str) -> None:
    settings = load_settings(environment)
    assert settings.environment == environment
    assert settings.chain == ("backend", "client", "engine")


def test_production_is_as_large_as_its_file_says() -> None:
    settings = load_settings("prod2")
    assert (settings.production, settings.region) == (True, "us-west-2")
    assert settings.adopt.repositories["client"] == "exchange-client-59deea6"
    assert settings.task("client", "web") == TaskSize(cpu=1024, memory=2048, min=2, max=12)


def test_components_and_services_know_their_names() -> None:
    settings = load_settings("staging")
    assert {name: component.name for name, component in settings.components.items()} == {
        name: name for name in settings.chain
    }
    assert settings.components["backend"].services["kafka-consumer"].key == "kafka-consumer"


def test_a_gate_knows_how_often_it_asks() -> None:
    assert load_settings("staging").components["backend"].gate.rounds == 6


def test_stacks_are_named_after_project_and_environment() -> None:
    settings = load_settings("staging")
    assert settings.stack_name("client") == "exchange-staging-client"
    assert settings.stack_name("") == "exchange-staging-"


def test_components_go_out_after_what_they_need(config: Written) -> None:
    config.change("exchange", 'after = ["client"]', "after = []").change(
        "exchange", "after = []  ", 'after = ["engine"]'
    )
    assert config.loaded().chain == ("engine", "backend", "client")


def test_components_that_need_nothing_of_each_other_go_out_as_written(config: Written) -> None:
    config.change("exchange", 'after = ["backend"]', "after = []").change(
        "exchange", 'after = ["client"]', "after = []"
    )
    assert config.loaded().chain == ("backend", "client", "engine")


def test_what_waits_for_nobody_does_not_overtake_what_was_written_before_it(config: Written) -> None:
    config.change("exchange", 'after = ["client"]', "after = []")
    assert config.loaded().chain == ("backend", "client", "engine")


def test_the_files_region_comes_before_the_callers(config: Written) -> None:
    assert config.loaded(region="eu-central-1").region == "us-west-2"


def test_the_callers_region_counts_where_the_file_has_none(config: Written) -> None:
    assert config.change("staging", REGION, "").loaded(region="us-west-2").region == "us-west-2"


def test_zones_must_be_those_of_the_callers_region_too(config: Written) -> None:
    refusal = config.change("staging", REGION, "").refusal(region="eu-central-1")
    assert [line.partition(";")[0] for line in refusal] == [
        f'config/staging.toml: availability_zones = "us-west-2{letter}": is no zone of region eu-central-1'
        for letter in "ab"
    ]


def test_without_any_region_it_says_where_to_put_one(config: Written) -> None:
    assert config.change("staging", REGION, "").refusal() == [
        "config/staging.toml: region: is not set, and neither AWS_REGION nor a profile names one: "
        'add region = "us-west-2", say'
    ]


@pytest.mark.parametrize("environment", ["prod3", "exchange", "../config/staging"])
def test_an_unknown_environment_is_refused_with_those_that_exist(config: Written, environment: str) -> None:
    assert config.refusal(environment) == [
        f'config: environment = "{environment}": there is no such environment; allowed are prod2, staging'
    ]


def test_what_is_not_toml_is_refused_with_its_place(config: Written) -> None:
    config.change("staging", "production = false", "production = flase")
    assert config.refusal() == ["config/staging.toml: is not TOML: Invalid value (at line 2, column 14)"]


def test_a_file_in_another_encoding_is_refused(config: Written) -> None:
    (config.folder / "staging.toml").write_bytes('project = "Börse"'.encode("latin-1"))
    [line] = config.refusal()
    assert line.startswith("config/staging.toml: is not TOML: 'utf-8' codec can't decode byte")


def test_all_problems_of_a_file_are_told_at_once(config: Written) -> None:
    config.change("staging", '"us-west-2b"', '"us-east-1b"').change("staging", "nat_gateways = 1", "nat_gateways = 3")
    config.change("staging", '[tasks."engine.app"]', '[tasks."engine.application"]')
    assert [line.split(": ")[1] for line in config.refusal()] == [
        'availability_zones = "us-east-1b"',
        "network.nat_gateways = 3",
        'tasks."engine.app"',
        'tasks."engine.application"',
    ]


def test_problems_of_both_files_are_told_at_once(config: Written) -> None:
    config.change("exchange", "\nbake_minutes = 3", "\nbake_minutes = 0")
    config.change("staging", "retention_days = 30", "retention_days = 31")
    assert [line.partition(" = ")[0] for line in config.refusal()] == [
        "config/exchange.toml: components.backend.gate.bake_minutes",
        "config/staging.toml: logs.retention_days",
    ]


@pytest.mark.parametrize("network", ['"10.10.0.0/16"', "[]", '{ cidr = "nonsense" }', "{ nat_gateways = 1 }"])
def test_another_environment_that_is_not_whole_does_not_stop_this_one(config: Written, network: str) -> None:
    config.change("prod2", '[network]\ncidr = "10.20.0.0/16"\nnat_gateways = 3', "")
    config.change("prod2", "production = true", f"production = true\nnetwork = {network}")
    assert config.loaded("staging").network.cidr == "10.10.0.0/16"


def test_every_private_range_will_do(config: Written) -> None:
    config.change("staging", "10.10.0.0/16", "192.168.240.0/20")
    assert config.loaded().network.cidr == "192.168.240.0/20"


def test_testers_networks_may_reach_the_test_listener(config: Written) -> None:
    config.change("staging", "nat_gateways = 1", 'nat_gateways = 1\ntest_cidrs = ["203.0.113.0/24"]')
    assert list(config.loaded().network.test_cidrs) == ["203.0.113.0/24"]


def test_what_does_not_fit_a_line_is_cut(config: Written) -> None:
    config.change("staging", '"main"', f'"{"*" * 200}"')
    [line] = config.refusal()
    assert "***…: allowed is" in line
    assert len(line) < 200


def test_msk_and_other_peoples_kafka_load_too(config: Written) -> None:
    kafka = config.folder / "staging.toml"
    before, _, after = kafka.read_text(encoding="utf-8").partition("[kafka]")
    external = '[kafka]\nmode = "external"\nbootstrap_brokers = ["kafka.example.com:9094"]\n\n[logs]'
    kafka.write_text(before + external + after.partition("[logs]")[2], encoding="utf-8")
    assert config.loaded("staging").kafka.mode == "external"
    assert config.loaded("prod2").kafka.mode == "msk"


def test_releases_may_always_start_unless_a_window_says_when(config: Written) -> None:
    assert config.loaded("staging").window is None
    config.change("staging", "[logs]", '[window]\ndays = ["tue"]\nopens = "02:00"\ncloses = "05:00"\n\n[logs]')
    window = config.loaded("staging").window
    assert window is not None
    assert (window.components, window.days, window.opens, window.closes) == (("engine",), ("tue",), "02:00", "05:00")


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
