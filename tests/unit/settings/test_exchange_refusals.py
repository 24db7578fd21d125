"""What `exchange.toml` may not say. Each line of a refusal holds the file, the key, the value and what is allowed."""

import pytest

from tests.unit.settings.written import Written

BACKEND_WEB = "components.backend.services.web"
GATE_KEYS = "bake_minutes, interval_seconds, max_error_rate, max_p95_ms, metrics, min_samples, samples_per_round"
SERVICE_KEYS = (
    "canary_minutes, canary_percent, command, health_command, kind, listener_priority, liveness_path, name, "
    "path_patterns, port, readiness_path, sample_path, shift_bake_minutes, stop_timeout_seconds, strategy, "
    "work_volume_gb"
)
CLOCKWORK = 'health_command = ["bin/healthcheck", "clockwork"]\nstrategy = '
SIDEKIQ = 'health_command = ["bin/healthcheck", "sidekiq"]\n'
CANARY_MINUTES = "canary_minutes = 3                  # how long the canary step bakes before all traffic follows\n"

CASES = {
    "an unknown key at the top": (
        ('project = "exchange"', 'project = "exchange"\nproyect = 1'),
        "proyect = 1: unknown key; allowed are components, project",
    ),
    "an unknown key of a component": (
        ('path = "client"', 'path = "client"\nfolder = "client"'),
        'components.client.folder = "client": unknown key; allowed are after, gate, path, services',
    ),
    "an unknown key of a gate": (
        ("max_p95_ms = 1000", "max_p95_ms = 1000\nmax_p99_ms = 2000"),
        f"components.backend.gate.max_p99_ms = 2000: unknown key; allowed are {GATE_KEYS}",
    ),
    "an unknown key of a service": (
        ("port = 3000", "port = 3000\nsticky = true"),
        f"{BACKEND_WEB}.sticky = true: unknown key; allowed are {SERVICE_KEYS}",
    ),
    "a component's name, which is its table's": (
        ('path = "client"', 'path = "client"\nname = "client"'),
        'components.client.name = "client": unknown key; allowed are after, gate, path, services',
    ),
    "a service's key, which is its table's": (
        ("port = 3000", 'port = 3000\nkey = "web"'),
        f'{BACKEND_WEB}.key = "web": unknown key; allowed are {SERVICE_KEYS}',
    ),
    "a missing number": (
        ("min_samples = 60 ", "#"),
        "components.backend.gate.min_samples: is missing; allowed is a whole number from 1",
    ),
    "a project that is no name": (
        ('project = "exchange"', 'project = "Exchange"'),
        'project = "Exchange": allowed is text that matches ^[a-z][a-z0-9-]{0,30}$',
    ),
    "a service that is no table": (
        ("[components.client.gate]", "[components.client.services]\nworker = 1\n\n[components.client.gate]"),
        f"components.client.services.worker = 1: allowed is a table with {SERVICE_KEYS}",
    ),
    "an unknown component in the chain": (
        ('after = ["backend"]', 'after = ["beckend"]'),
        'components.client.after = "beckend": unknown component; allowed are backend, client, engine',
    ),
    "a chain that goes round": (
        ("after = []  ", 'after = ["engine"]'),
        'components.*.after = "backend -> engine -> client -> backend": '
        "goes round in a circle: one of them must go out first",
    ),
    "a component that waits for itself": (
        ('after = ["backend"]', 'after = ["client"]'),
        'components.*.after = "client -> client": goes round in a circle: one of them must go out first',
    ),
    "a service name used twice": (
        ('"exchange-client-web"', '"exchange-backend-web"'),
        'components.client.services.web.name = "exchange-backend-web": '
        "is that of backend.web already: each needs its own",
    ),
    "a listener priority used twice": (
        ("listener_priority = 1000", "listener_priority = 100"),
        "components.client.services.web.listener_priority = 100: is that of backend.web already: each needs its own",
    ),
    "a bake of nothing": (
        ("\nbake_minutes = 3", "\nbake_minutes = 0"),
        "components.backend.gate.bake_minutes = 0: allowed is a whole number from 1 to 1440",
    ),
    "a bake of more than a day": (
        ("\nbake_minutes = 3", "\nbake_minutes = 1441"),
        "components.backend.gate.bake_minutes = 1441: allowed is a whole number from 1 to 1440",
    ),
    "a bake in words": (
        ("\nbake_minutes = 3", '\nbake_minutes = "long"'),
        'components.backend.gate.bake_minutes = "long": allowed is a whole number from 1 to 1440',
    ),
    "more rounds than a state machine can take": (
        ("interval_seconds = 30               # between two rounds of the bake gate\nbake_minutes = 3",
         "interval_seconds = 5\nbake_minutes = 120"),
        "components.backend.gate: 1440 rounds, allowed are 600: raise interval_seconds",
    ),
    "samples that are never reached": (
        ("min_samples = 60", "min_samples = 121"),
        "components.backend.gate: a bake takes 6 rounds of 20 samples, 120 in all, which never reaches "
        "min_samples = 121: raise bake_minutes or samples_per_round",
    ),
    "an error rate that nothing exceeds": (
        ("max_error_rate = 0.01", "max_error_rate = 1.0"),
        "components.backend.gate.max_error_rate = 1.0: allowed is a number above 0 and below 1",
    ),
    "a metric without a limit": (
        ("max = 1000\n", ""),
        "components.engine.gate.metrics[0]: one limit is needed: max, the largest good value, or min, the smallest",
    ),
    "a metric with two limits": (
        ("max = 1000\n", "max = 1000\nmin = 1\n"),
        "components.engine.gate.metrics[0]: one limit is needed: max, the largest good value, or min, the smallest",
    ),
    "a statistic that there is not": (
        ('metric = "SequenceGap"\nstatistic = "Maximum"', 'metric = "SequenceGap"\nstatistic = "max"'),
        'components.engine.gate.metrics[0].statistic = "max": '
        "allowed are Average, Maximum, Minimum, Sum, p50, p90, p95, p99",
    ),
    "a metric that is read too seldom": (
        ("max = 1000\n", "max = 1000\ninterval_seconds = 90\n"),
        "components.engine.gate: metrics: 'sequence gap' is read 2 times in a bake, which never reaches its "
        "min_samples = 3: raise bake_minutes, or lower its interval_seconds",
    ),
    "a blue/green singleton": (
        (f'{CLOCKWORK}"ROLLING"', f'{CLOCKWORK}"BLUE_GREEN"'),
        "components.backend.services.clockwork: strategy BLUE_GREEN is not for a singleton: allowed is ROLLING",
    ),
    "a blue/green worker": (
        (f'{SIDEKIQ}strategy = "ROLLING"', f'{SIDEKIQ}strategy = "BLUE_GREEN"'),
        "components.backend.services.sidekiq: strategy BLUE_GREEN is not for a worker: allowed is ROLLING",
    ),
    "a rolling web service": (
        ('"BLUE_GREEN" ', '"ROLLING" '),
        f"{BACKEND_WEB}: strategy ROLLING is not for a web: allowed is BLUE_GREEN or CANARY",
    ),
    "a strategy that there is not": (
        ('"BLUE_GREEN" ', '"LINEAR" '),
        f'{BACKEND_WEB}.strategy = "LINEAR": allowed are BLUE_GREEN, CANARY, ROLLING',
    ),
    "a kind that there is not": (
        ('kind = "web" ', 'kind = "batch" '),
        f'{BACKEND_WEB}.kind = "batch": allowed are web, worker, singleton',
    ),
    "a web service that nobody can ask whether it lives": (
        ('liveness_path = "/up" ', "#"),
        f"{BACKEND_WEB}: liveness_path is missing: every web service needs it",
    ),
    "a web service without paths": (
        ("path_patterns = ", "# "),
        f"{BACKEND_WEB}: path_patterns is missing: every web service needs it",
    ),
    "a web service without a bake after the shift": (
        ("shift_bake_minutes = 3 ", "#"),
        f"{BACKEND_WEB}: shift_bake_minutes is missing: every web service needs it",
    ),
    "a web service without a port": (
        ("port = 3000", ""),
        f"{BACKEND_WEB}: port is missing: every probed service needs it",
    ),
    "a worker behind the load balancer": (
        (SIDEKIQ, f"{SIDEKIQ}listener_priority = 7\n"),
        "components.backend.services.sidekiq: listener_priority is for web services only: remove it",
    ),
    "a probe of a service without a port": (
        (SIDEKIQ, f'{SIDEKIQ}readiness_path = "/ready"\n'),
        "components.backend.services.sidekiq: readiness_path is for probed services only: remove it",
    ),
    "a canary's key without a canary": (
        ("shift_bake_minutes = 3 ", "canary_percent = 10\nshift_bake_minutes = 3 "),
        f"{BACKEND_WEB}: canary_percent is for CANARY services only: remove it",
    ),
    "a canary of everybody": (
        ("canary_percent = 10", "canary_percent = 100"),
        "components.client.services.web.canary_percent = 100: allowed is a whole number from 1 to 99",
    ),
    "a path that is none": (
        ('"/up" ', '"up" '),
        f'{BACKEND_WEB}.liveness_path = "up": allowed is text that matches ^/',
    ),
    "more path patterns than a rule may have": (
        ('"/up", "/cable"]', '"/up", "/x", "/y"]'),
        f'{BACKEND_WEB}.path_patterns = ["/api/*", "/admin", "/admin/*", "/up", "/x", "/y"]: '
        "allowed is a list of 1 to 5",
    ),
    "a shift that the release machine does not wait for": (
        (f"{CANARY_MINUTES}shift_bake_minutes = 3", "canary_minutes = 23\nshift_bake_minutes = 23"),
        "components.client.services.web: shift_bake_minutes and canary_minutes come to 46, allowed are 45: the release "
        "machine waits 60 minutes for the stack, of which the start takes 10 and the gate up to 5",
    ),
    "a gate that ECS gives up before the gate does": (
        ("interval_seconds = 30               # between two rounds of the bake gate\nbake_minutes = 3",
         "interval_seconds = 181\nbake_minutes = 30"),
        "components.backend.gate.interval_seconds = 181: ECS is told to ask up to 10 times, 31 minutes in all, and "
        "gives its hook 30: allowed are up to 180 for a component with a web service",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "line"), CASES.values(), ids=CASES)
def test_the_exchange_does_not_take(config: Written, change: tuple[str, str], line: str) -> None:
    config.change("exchange", *change)
    assert config.refusal() == [f"config/exchange.toml: {line}"]


def test_a_component_whose_name_is_none_says_what_a_name_is(config: Written) -> None:
    config.change("exchange", "[components.engine]", "[components.Engine]")
    name = 'components.Engine = "Engine": allowed is a name that matches ^[a-z][a-z0-9-]{0,30}$'
    assert f"config/exchange.toml: {name}" in config.refusal()
