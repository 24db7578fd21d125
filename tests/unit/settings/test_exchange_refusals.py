"""What `exchange.toml` may not say. Each line of a refusal holds the file, the key, the value and what is allowed."""

import pytest

from tests.unit.settings.written import Written

BACKEND_WEB = "components.backend.services.web"
ENGINE_CHECK = "[[components.engine.gate.checks]]\nkind = "
GATE_KEYS = "bake_minutes, canary, checks, interval_seconds, probes"
SERVICE_KEYS = (
    "assets_path, canary_minutes, canary_percent, command, drain_seconds, health_command, kind, "
    "listener_priority, liveness_path, name, path_patterns, port, readiness_path, sample_path, "
    "shift_bake_minutes, stop_timeout_seconds, strategy, work_volume_gb"
)
CLOCKWORK = 'health_command = ["bin/healthcheck", "clockwork"]\nstrategy = '
SIDEKIQ = 'health_command = ["bin/healthcheck", "sidekiq"]\n'
CANARY_MINUTES = "canary_minutes = 3                  # how long the canary step bakes before all traffic follows\n"

CASES = {
    "an unknown key at the top": (
        ('project = "exchange"', 'project = "exchange"\nproyect = 1'),
        "proyect = 1: unknown key; allowed are components, github, project, watch",
    ),
    "an unknown key of a component": (
        ('path = "client"', 'path = "client"\nfolder = "client"'),
        'components.client.folder = "client": unknown key; allowed are after, gate, path, services',
    ),
    "an unknown key of a gate": (
        ("bake_minutes = 3 ", "max_p99_ms = 2000\nbake_minutes = 3 "),
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
        "components.backend.gate.probes[0].min_samples: is missing; allowed is a whole number from 1",
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
        "components.backend.gate: probes: 'web' gets 6 rounds of 20 samples, 120 in all, which never reaches its "
        "min_samples = 121: raise bake_minutes or samples_per_round",
    ),
    "an error rate that nothing exceeds": (
        ("max_error_rate = 0.01", "max_error_rate = 1.0"),
        "components.backend.gate.probes[0].max_error_rate = 1.0: allowed is a number above 0 and below 1",
    ),
    "statuses from high to low": (
        ("# statuses = [200, 399] ", "statuses = [399, 200]"),
        "components.backend.gate.probes[0]: statuses go from 399 down to 200: the lower one comes first",
    ),
    "a probe of a service that listens nowhere": (
        ('service = "web"\nsamples_per_round = 20  ', 'service = "sidekiq"\nsamples_per_round = 20  '),
        "components.backend: gate.probes: sidekiq cannot be asked, allowed are web",
    ),
    "a service with a port that nobody asks": (
        ('[[components.engine.gate.probes]]\nservice = "app"\nsamples_per_round = 20\nmin_samples = 60\n'
         "max_error_rate = 0.01\nmax_ms = 1000\n", ""),
        "components.engine: gate.probes: 0 are for service app, every service with a port needs one",
    ),
    "targets where there are none": (
        (f'{ENGINE_CHECK}"alarms"', f'{ENGINE_CHECK}"unhealthy_targets"'),
        "components.engine: gate.checks: unhealthy_targets is for components with a web service: remove it",
    ),
    "a check that is there twice": (
        (f'{ENGINE_CHECK}"alarms"', f'{ENGINE_CHECK}"restarts"'),
        "components.engine.gate: checks: restarts is there twice: each needs a name of its own",
    ),
    "a kind of check that there is not": (
        (f'{ENGINE_CHECK}"alarms"', f'{ENGINE_CHECK}"alarm"'),
        'components.engine.gate.checks[3].kind = "alarm": '
        "allowed are metric, restarts, unhealthy_tasks, missing_tasks, unhealthy_targets, alarms",
    ),
    "a metric that is not named": (
        ('name = "consumer lag"               # how reasons call it\n', ""),
        "components.backend.gate.checks[5]: a metric needs name, metric and statistic",
    ),
    "a statistic of what is no metric": (
        ('kind = "restarts"                   #', 'statistic = "Sum"\nkind = "restarts"                   #'),
        "components.backend.gate.checks[0]: metric, statistic and max_rise are for the kind metric, this one is "
        "restarts: remove them",
    ),
    "a rise over what was usual without a limit": (
        ("max = 1000\nunit", "min = 1\nmax_rise = 0.5\nunit"),
        "components.engine.gate.checks[4]: "
        "max_rise goes with max, up to which nothing is a finding, whatever was usual",
    ),
    "a metric without a limit": (
        ("max = 1000\nunit", "unit"),
        "components.engine.gate.checks[4]: one limit is needed: max, the largest good value, or min, the smallest",
    ),
    "a metric with two limits": (
        ("max = 1000\nunit", "max = 1000\nmin = 1\nunit"),
        "components.engine.gate.checks[4]: one limit is needed: max, the largest good value, or min, the smallest",
    ),
    "a statistic that there is not": (
        ('metric = "SequenceGap"\nstatistic = "Maximum"', 'metric = "SequenceGap"\nstatistic = "max"'),
        'components.engine.gate.checks[4].statistic = "max": '
        "allowed are Average, Maximum, Minimum, Sum, p50, p90, p95, p99",
    ),
    "a metric that is read too seldom": (
        ("max = 1000\nunit", "max = 1000\ninterval_seconds = 90\nunit"),
        "components.engine.gate: checks: 'sequence gap' is read 2 times in a bake, which never reaches its "
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
    "a web service without a priority of its rule": (
        ("listener_priority = 100", ""),
        f"{BACKEND_WEB}: listener_priority is missing: every web service needs it",
    ),
    "a web service without a bake after the shift": (
        ("shift_bake_minutes = 5 ", "#"),
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
    "a worker that nobody tells when to give its work back": (
        ("drain_seconds = 110  ", "#"),
        "components.backend.services.sidekiq: drain_seconds is missing: every worker service needs it",
    ),
    "a worker that is killed before it gives its work back": (
        ("drain_seconds = 110  ", "drain_seconds = 116  "),
        "components.backend.services.sidekiq.drain_seconds = 116: allowed is a whole number from 1 to 115",
    ),
    "f22 a worker that drains until it is killed": (
        ("stop_timeout_seconds = 120  ", "stop_timeout_seconds = 114  "),
        "components.backend.services.sidekiq.drain_seconds = 110: the task is killed 114 s (stop_timeout_seconds) "
        "after it was told to stop, of which giving work back takes 5: allowed are up to 109",
    ),
    "a web service that drains as a worker does": (
        ("listener_priority = 100\n", "listener_priority = 100\ndrain_seconds = 10\n"),
        f"{BACKEND_WEB}: drain_seconds is for worker services only: remove it",
    ),
    "a canary's key without a canary": (
        ("shift_bake_minutes = 5 ", "canary_percent = 10\nshift_bake_minutes = 5 "),
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
    "assets at no folder": (
        ('assets_path = "/_next/static/"', 'assets_path = "/_next/static"'),
        'components.client.services.web.assets_path = "/_next/static": '
        "allowed is text that matches ^/([A-Za-z0-9_-][A-Za-z0-9._-]*/)+$",
    ),
    "assets at every path": (
        ('assets_path = "/_next/static/"', 'assets_path = "/"'),
        'components.client.services.web.assets_path = "/": '
        "allowed is text that matches ^/([A-Za-z0-9_-][A-Za-z0-9._-]*/)+$",
    ),
    "assets that nobody would ask this service for": (
        ('path_patterns = ["/api/*"', 'assets_path = "/packs/"\npath_patterns = ["/api/*"'),
        f"{BACKEND_WEB}: assets_path = /packs/ never comes here: allowed is a path within /api/*, /admin, /admin/*, "
        "/up, /cable",
    ),
    "assets of a worker": (
        (SIDEKIQ, f'{SIDEKIQ}assets_path = "/packs/"\n'),
        "components.backend.services.sidekiq: assets_path is for web services only: remove it",
    ),
    "more path patterns than a rule may have": (
        ('"/up", "/cable"]', '"/up", "/x", "/y"]'),
        f'{BACKEND_WEB}.path_patterns = ["/api/*", "/admin", "/admin/*", "/up", "/x", "/y"]: '
        "allowed is a list of 1 to 5",
    ),
    "a shift that the release machine does not wait for": (
        (f"{CANARY_MINUTES}shift_bake_minutes = 5", "canary_minutes = 23\nshift_bake_minutes = 23"),
        "components.client.services.web: shift_bake_minutes and canary_minutes come to 46, allowed are 40: the release "
        "machine waits 60 minutes for the stack, of which the start takes 10 and the gate up to 10",
    ),
    "a watch that never ends": (
        ("hours = 48  ", "hours = 1000"),
        "watch.hours = 1000: allowed is a whole number from 1 to 168",
    ),
    "a canary with too few samples for a verdict": (
        ("samples = 1000  ", "samples = 999  "),
        "components.client.gate.canary.samples = 999: allowed is a whole number from 1000 to 10000",
    ),
    "a canary that is compared with nothing": (
        ('strategy = "BLUE_GREEN"             # BLUE_GREEN | CANARY | ROLLING\n',
         'strategy = "CANARY"\ncanary_percent = 10\ncanary_minutes = 3\n'),
        "components.backend: gate.canary is missing: a CANARY service is compared with its former version",
    ),
    "a comparison without a canary": (
        ('strategy = "CANARY"\ncanary_percent = 10\n' + CANARY_MINUTES, 'strategy = "BLUE_GREEN"\n'),
        "components.client: gate.canary is for components with a CANARY service: remove it",
    ),
    "a bake that outlasts the way back": (
        ("shift_bake_minutes = 5 ", "shift_bake_minutes = 3 "),
        f"{BACKEND_WEB}.shift_bake_minutes = 3: the gate bakes for 3 minutes (gate.bake_minutes), and only while ECS "
        "keeps the former tasks is going back a flip of traffic: allowed are 4 and more",
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
