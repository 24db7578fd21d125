"""What an environment's file may not say. Each line of a refusal holds file, key, value and what is allowed."""

import json

import pytest

from tests.unit.settings.written import Written

FARGATE = "256, 512, 1024, 2048, 4096, 8192, 16384"
PRIVATE = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16"
SERVICES = "backend.web, backend.sidekiq, backend.kafka-consumer, backend.clockwork, client.web, engine.app"
CLOCKWORK = '[tasks."backend.clockwork"]\ncpu = 256\nmemory = 512\n'
DOMAIN = (
    '[domain]\nname = "exchange.example.com"\ncertificate_arn = "arn:aws:acm:us-west-2:111122223333:certificate/'
    '00000000-0000-0000-0000-000000000000"\n'
)
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-0000000…"
EXTERNAL = 'mode = "external"\nbootstrap_brokers = '
ECS_KEYS = 'service_name = "exchange-kafka"\nimage = "exchange-kafka" '
NINE = json.dumps([f"docs{number}/**" for number in range(9)])

WINDOW = 'days = ["tue", "wed"]\nopens = "22:00"\ncloses = "02:00"\n'


def windowed(old: str, new: str) -> tuple[str, str]:
    """A window that is sound but for one thing."""
    return "[logs]", f"[window]\n{WINDOW.replace(old, new)}\n[logs]"


STAGING = {
    "an unknown key": (
        ("nat_gateways = 1", "nat_gateways = 1\nnats = 1"),
        "network.nats = 1: unknown key; allowed are cidr, interface_endpoints, nat_gateways, test_cidrs",
    ),
    "an unknown key of a task's size": (
        ("max = 4", "max = 4\ndisk = 20"),
        'tasks."backend.web".disk = 20: unknown key; allowed are cpu, max, memory, min',
    ),
    "a table that is none": (
        ("[logs]\nretention_days = 30", "[logs]\nretention_days = 30\n\n[cloudfront]"),
        "cloudfront: unknown key; allowed are account, adopt, assets, availability_zones, cache, database, domain, "
        "kafka, logs, network, pipeline, production, region, tasks, window",
    ),
    "a window on no day": (
        windowed('["tue", "wed"]', "[]"),
        "window.days = []: allowed is a list",
    ),
    "a window on a day that there is not": (
        windowed('"wed"', '"holiday"'),
        'window.days[1] = "holiday": allowed are mon, tue, wed, thu, fri, sat, sun',
    ),
    "a window at an hour that there is not": (
        windowed('"22:00"', '"24:00"'),
        'window.opens = "24:00": allowed is text that matches ^([01]\\d|2[0-3]):[0-5]\\d$',
    ),
    "a window that never closes": (
        windowed('"02:00"', '"22:00"'),
        "window: opens and closes are both 22:00: leave the table out if it should never close",
    ),
    "a window without an hour": (
        windowed('closes = "02:00"\n', ""),
        "window.closes: is missing; allowed is text that matches ^([01]\\d|2[0-3]):[0-5]\\d$",
    ),
    "a window of an unknown component": (
        windowed("days", 'components = ["engin"]\ndays'),
        'window.components = "engin": unknown component; allowed are backend, client, engine',
    ),
    "a window of no component": (
        windowed("days", "components = []\ndays"),
        "window.components = []: allowed is a list",
    ),
    "neither production nor not": (
        ("production = false", 'production = "maybe"'),
        'production = "maybe": allowed is true or false',
    ),
    "an account that is none": (
        ("production = false", 'production = false\naccount = "1234"'),
        'account = "1234": allowed is text that matches ^\\d{12}$',
    ),
    "a CPU that Fargate has not": (
        ("cpu = 512\nmemory = 1024", "cpu = 500\nmemory = 1024"),
        f'tasks."backend.web": cpu = 500 is no size of Fargate: allowed are {FARGATE}',
    ),
    "memory that Fargate has not with this CPU": (
        ("cpu = 512\nmemory = 1024", "cpu = 512\nmemory = 512"),
        'tasks."backend.web": memory = 512 does not go with cpu = 512: allowed are 1024, 2048, 3072, 4096',
    ),
    "a network that is too small": (
        ("10.10.0.0/16", "10.10.0.0/21"),
        'network.cidr = "10.10.0.0/21": is /21: allowed are /16 to /20',
    ),
    "a network that is too large": (
        ("10.10.0.0/16", "10.0.0.0/8"),
        'network.cidr = "10.0.0.0/8": is /8: allowed are /16 to /20',
    ),
    "no network": (
        ("10.10.0.0/16", "10.10.0.1/16"),
        'network.cidr = "10.10.0.1/16": is no network: 10.10.0.1/16 has host bits set; '
        "allowed is the like of 10.20.0.0/16",
    ),
    "a number as a network": (('"10.10.0.0/16"', "10"), "network.cidr = 10: allowed is text"),
    "a public network": (
        ("10.10.0.0/16", "8.8.0.0/16"),
        f'network.cidr = "8.8.0.0/16": is not private: allowed are ranges within {PRIVATE}',
    ),
    "a network of loopback": (
        ("10.10.0.0/16", "127.0.0.0/16"),
        f'network.cidr = "127.0.0.0/16": is not private: allowed are ranges within {PRIVATE}',
    ),
    "a network that is another environment's": (
        ("10.10.0.0/16", "10.20.16.0/20"),
        'network.cidr = "10.20.16.0/20": overlaps 10.20.0.0/16 of config/prod2.toml: '
        "allowed is any range apart from it",
    ),
    "a test listener for everybody": (
        ("nat_gateways = 1", 'nat_gateways = 1\ntest_cidrs = ["0.0.0.0/0"]'),
        'network.test_cidrs = ["0.0.0.0/0"]: 0.0.0.0/0 is everybody: allowed are the networks of testers',
    ),
    "no NAT": (
        ("nat_gateways = 1", "nat_gateways = 0"),
        "network.nat_gateways = 0: allowed is a whole number from 1 to 3",
    ),
    "more NATs than zones": (
        ("nat_gateways = 1", "nat_gateways = 3"),
        "network.nat_gateways = 3: allowed are 1 to 2, one for each zone",
    ),
    "a single zone": (
        ('["us-west-2a", "us-west-2b"]', '["us-west-2a"]'),
        'availability_zones = ["us-west-2a"]: allowed is a list of 2 to 3',
    ),
    "a zone of another region": (
        ('"us-west-2b"', '"us-east-1b"'),
        'availability_zones = "us-east-1b": is no zone of region us-west-2; allowed are us-west-2a and its like',
    ),
    "a zone of a region whose name only begins alike": (
        ('"us-west-2b"', '"us-west-21b"'),
        'availability_zones = "us-west-21b": is no zone of region us-west-2; allowed are us-west-2a and its like',
    ),
    "a zone twice": (
        ('"us-west-2b"', '"us-west-2a"'),
        'availability_zones = "us-west-2a": is there 2 times: each zone is allowed once',
    ),
    "a service without a size": (
        (CLOCKWORK, ""),
        'tasks."backend.clockwork": is missing: every service needs the size of its tasks',
    ),
    "a size of no service": (
        (CLOCKWORK, f"{CLOCKWORK}\n{CLOCKWORK.replace('clockwork', 'cron')}"),
        f'tasks."backend.cron": is no service; allowed are {SERVICES}',
    ),
    "a minimum above the maximum": (
        ("min = 1\nmax = 4", "min = 5\nmax = 4"),
        'tasks."backend.web": min = 5 is above max = 4: allowed is min up to max',
    ),
    "a maximum of none": (
        ("max = 4", "max = 0"),
        'tasks."backend.web".max = 0: allowed is a whole number from 1',
    ),
    "a singleton that scales": (
        (CLOCKWORK, f"{CLOCKWORK}min = 1\nmax = 2\n"),
        'tasks."backend.clockwork": min and max are not for a singleton, of which there is one: remove them',
    ),
    "a worker that does not scale": (
        ("min = 1\nmax = 2", "min = 1"),
        'tasks."backend.sidekiq": min and max are missing: a worker scales between them',
    ),
    "a repository of no component": (
        ("[database]", '[adopt.repositories]\nkafka = "old-kafka"\n\n[database]'),
        'adopt.repositories.kafka = "old-kafka": unknown component; allowed are backend, client, engine',
    ),
    "a Kafka that has a service's name": (
        ('"exchange-kafka"', '"exchange-client-web"'),
        'kafka.service_name = "exchange-client-web": is the name of another service: each needs its own',
    ),
    "a Kafka that Fargate has not": (
        ('service_name = "exchange-kafka"', 'service_name = "exchange-kafka"\nmemory = 1024'),
        "kafka: memory = 1024 does not go with cpu = 1024: allowed are 2048, 3072, 4096, 5120, 6144, 7168, 8192",
    ),
    "a Kafka of a mode that there is not": (
        ('mode = "ecs"', 'mode = "kinesis"'),
        'kafka.mode = "kinesis": allowed are ecs, external, msk',
    ),
    "a Kafka of no mode": (('mode = "ecs"', "#"), "kafka.mode: is missing; allowed are ecs, external, msk"),
    "an unknown key of Kafka": (
        ('image = "exchange-kafka"', 'image = "exchange-kafka"\nbrokers = 3 '),
        "kafka.brokers = 3: unknown key; allowed are cpu, health_command, image, memory, mode, service_name",
    ),
    "an external Kafka without a port": (
        ('mode = "ecs"                        # one KRaft broker as an ECS service: ecs | msk | external\n'
         f"{ECS_KEYS}", f'{EXTERNAL}["kafka.example.com"]'),
        'kafka.bootstrap_brokers[0] = "kafka.example.com": allowed is text that matches ^[^:,\\s]+:\\d+$',
    ),
    "a retention that CloudWatch has not": (
        ("retention_days = 30", "retention_days = 31"),
        "logs.retention_days = 31: allowed are 1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 731",
    ),
    "assets that are gone before a page is closed": (
        ("kept_days = 30 ", "kept_days = 1 "),
        "assets.kept_days = 1: allowed is a whole number from 7 to 3650",
    ),
    "assets kept in words": (
        ("kept_days = 30 ", 'kept_days = "for ever" '),
        'assets.kept_days = "for ever": allowed is a whole number from 7 to 3650',
    ),
    "an environment that does not say how long assets are kept": (
        ("kept_days = 30 ", "#"),
        "assets.kept_days: is missing; allowed is a whole number from 7 to 3650",
    ),
    "any repository": (
        ('"exchange/exchange"', '"exchange/*"'),
        'pipeline.repository = "exchange/*": allowed is text that matches ^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$',
    ),
    "any branch": (('"main"', '"*"'), 'pipeline.branch = "*": allowed is text that matches ^[^\\s*]+$'),
    "commands in no repository": (
        ('"exchange/exchange-release"', '"exchange-release"'),
        'pipeline.commands_repository = "exchange-release": allowed is text that matches '
        "^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$",
    ),
    "commands of every branch": (
        ("connection_arn", 'commands_branch = "*"\nconnection_arn'),
        'pipeline.commands_branch = "*": allowed is text that matches ^[^\\s*]+$',
    ),
    "a pipeline without commands": (
        ("commands_repository", "# "),
        "pipeline.commands_repository: is missing; allowed is text that matches ^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$",
    ),
    "an approval that is neither": (
        ("connection_arn", 'approval = "sometimes"\nconnection_arn'),
        'pipeline.approval = "sometimes": allowed is true or false',
    ),
    "more ignored paths than a trigger takes": (
        ("connection_arn", f"ignored_paths = {NINE}\nconnection_arn"),
        f"pipeline.ignored_paths = {NINE[:79]}…: allowed is a list of 0 to 8",
    ),
    "an ignored path that begins nowhere": (
        ("connection_arn", 'ignored_paths = ["/docs/**"]\nconnection_arn'),
        'pipeline.ignored_paths[0] = "/docs/**": allowed is text that matches ^[^\\s/][^\\s]{0,254}$',
    ),
}  # fmt: skip

PRODUCTION = {
    "production without a domain": (
        (DOMAIN, ""),
        "domain: is missing: production = true allows only HTTPS, with a name and a certificate",
    ),
    "a certificate of another region": (
        ("acm:us-west-2", "acm:us-east-1"),
        f'domain.certificate_arn = "{CERTIFICATE}: a load balancer in us-west-2 allows only a certificate of us-west-2',
    ),
    "more NATs than there may be": (
        ("nat_gateways = 3", "nat_gateways = 4"),
        "network.nat_gateways = 4: allowed is a whole number from 1 to 3",
    ),
    "brokers that do not spread over the zones": (
        ("brokers = 3", "brokers = 4"),
        "kafka.brokers = 4: Amazon MSK spreads them evenly: allowed are multiples of 3, the number of zones",
    ),
    "a single broker": (
        ("brokers = 3", "brokers = 1"),
        "kafka.brokers = 1: allowed is a whole number from 2 to 15",
    ),
}


@pytest.mark.parametrize(("change", "line"), STAGING.values(), ids=STAGING)
def test_an_environment_does_not_take(config: Written, change: tuple[str, str], line: str) -> None:
    config.change("staging", *change)
    assert config.refusal("staging") == [f"config/staging.toml: {line}"]


@pytest.mark.parametrize(("change", "line"), PRODUCTION.values(), ids=PRODUCTION)
def test_production_does_not_take(config: Written, change: tuple[str, str], line: str) -> None:
    config.change("prod2", *change)
    assert config.refusal("prod2") == [f"config/prod2.toml: {line}"]


def test_kafka_must_be_a_table(config: Written) -> None:
    config.change("staging", "[kafka]", "[stream]").change(
        "staging", "production = false", "production = false\nkafka = 1"
    )
    assert "config/staging.toml: kafka = 1: allowed is a table" in config.refusal()
