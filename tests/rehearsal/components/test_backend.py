"""The four processes of the backend."""

import signal
import threading
import time

import pytest

from tests.rehearsal.components.conftest import Exchange
from tests.rehearsal.components.programs import wait_until

ORDER = {"market": "BTC-USD", "side": "buy", "price": 100, "quantity": 1}


def test_an_order_is_kept_and_goes_to_the_engine_and_to_the_workers(exchange: Exchange) -> None:
    web = exchange.start("backend", "web").wait_until_serving("/up")
    placed = web.post("/api/v1/orders", ORDER)
    assert placed.status == 201
    assert web.get(f"/api/v1/orders/{placed.body['id']}").body["status"] == "accepted"
    assert exchange.stream.fetch("orders", "test")[0]["value"] == placed.body
    (job,) = exchange.cache.command("LRANGE", "queue:default", "0", "-1")
    assert job.startswith(f"confirm {placed.body['id']} since ")


@pytest.mark.parametrize("wrong", [{"side": "hold"}, {"price": 0}, {"quantity": "many"}])
def test_what_is_not_an_order_is_refused(exchange: Exchange, wrong: dict[str, object]) -> None:
    web = exchange.start("backend", "web").wait_until_serving("/up")
    assert web.post("/api/v1/orders", ORDER | wrong).status == 400


def test_readiness_in_depth_names_the_running_digest_and_each_check(exchange: Exchange) -> None:
    web = exchange.start("backend", "web").wait_until_serving("/up")
    answer = web.get("/health/ready")
    assert answer.status == 200
    assert answer.headers["X-Release-Digest"] == answer.body["digest"] == web.digest
    assert answer.body["checks"] == {"database": "ok", "cache": "ok", "kafka": "ok"}


def test_f12_a_lost_data_service_fails_readiness_but_not_liveness(exchange: Exchange) -> None:
    web = exchange.start("backend", "web", REDIS_PORT="1").wait_until_serving("/up")
    answer = web.get("/health/ready")
    assert (answer.status, answer.body["status"]) == (503, "failing")
    assert answer.body["checks"]["cache"] != "ok"
    assert answer.body["checks"]["database"] == "ok"
    assert web.get("/up").status == 200


def test_f12_a_version_that_cannot_find_its_database_lives_and_is_not_ready(exchange: Exchange) -> None:
    web = exchange.start("backend", "web", fault="database-unreachable").wait_until_serving("/up")
    answer = web.get("/health/ready")
    assert (answer.status, answer.body["checks"]["cache"]) == (503, "ok")
    assert answer.body["checks"]["database"] != "ok"
    assert web.get("/api/v1/markets").status == 503


def test_a_request_under_way_is_finished_before_the_process_ends(exchange: Exchange) -> None:
    web = exchange.start("backend", "web", fault="slow").wait_until_serving("/up")
    statuses: list[int] = []
    asking = threading.Thread(target=lambda: statuses.append(web.get("/api/v1/markets").status))
    asking.start()
    time.sleep(0.3)
    assert web.terminate() == 0
    asking.join()
    assert statuses == [200]


def test_a_fifth_of_the_users_requests_fail_when_that_is_the_fault_and_health_does_not(exchange: Exchange) -> None:
    web = exchange.start("backend", "web", fault="errors-for-a-fifth").wait_until_serving("/up")
    statuses = [web.get("/api/v1/markets").status for _ in range(20)]
    assert statuses.count(500) == 4
    assert web.get("/health/ready").status == 200


def test_f22_no_job_is_lost_when_a_worker_is_told_to_stop(exchange: Exchange) -> None:
    web = exchange.start("backend", "web").wait_until_serving("/up")
    worker = exchange.start("backend", "sidekiq").wait_until_healthy()
    for number in range(40):
        web.post("/api/v1/orders", ORDER)
        if number == 20:
            assert worker.terminate() == 0
    exchange.start("backend", "sidekiq")
    wait_until(lambda: web.metrics()["jobs_done"] == 40)
    assert web.metrics()["orders_unconfirmed"] == 0


def test_f22_a_worker_that_drops_the_jobs_in_hand_shows_in_the_metrics(exchange: Exchange) -> None:
    web = exchange.start("backend", "web").wait_until_serving("/up")
    worker = exchange.start("backend", "sidekiq", fault="drops-jobs").wait_until_healthy()
    for _ in range(2):
        web.post("/api/v1/orders", ORDER)
    exchange.cache.command("LPUSH", "queue:default", "tick 1")
    wait_until(lambda: web.metrics()["jobs_done"] == 1)  # the tick; the confirmations are in hand
    assert worker.terminate() == 0
    found = web.metrics()
    assert (found["jobs_enqueued"], found["jobs_waiting"], found["orders_unconfirmed"]) == (2, 0, 2)


def test_f22_a_quiet_worker_takes_no_new_job(exchange: Exchange) -> None:
    worker = exchange.start("backend", "sidekiq").wait_until_healthy()
    worker.process.send_signal(signal.SIGTSTP)
    time.sleep(0.8)
    exchange.cache.command("LPUSH", "queue:default", "tick 1")
    time.sleep(0.8)
    assert exchange.cache.command("LLEN", "queue:default") == 1
    assert worker.healthy()
    assert worker.terminate() == 0


def test_f22_a_job_under_way_when_a_worker_is_told_to_stop_ends_and_no_other_is_begun(exchange: Exchange) -> None:
    worker = exchange.start("backend", "sidekiq", DRAIN_SECONDS="8").wait_until_healthy()
    exchange.cache.command("LPUSH", "queue:default", "report 1.5")
    wait_until(lambda: exchange.cache.command("LLEN", "queue:default") == 0)
    exchange.cache.command("LPUSH", "queue:default", "report 0")
    assert worker.terminate() == 0
    assert exchange.cache.number("jobs:done") == 1
    assert exchange.cache.command("LRANGE", "queue:default", "0", "-1") == ["report 0"]


def test_f22_a_job_that_outlasts_the_drain_goes_back_as_the_next_and_is_done_by_another_worker(
    exchange: Exchange,
) -> None:
    worker = exchange.start("backend", "sidekiq", DRAIN_SECONDS="0.3").wait_until_healthy()
    exchange.cache.command("LPUSH", "queue:default", "report 5")
    wait_until(lambda: exchange.cache.command("LLEN", "queue:default") == 0)
    exchange.cache.command("LPUSH", "queue:default", "report 0")
    assert worker.terminate() == 0
    assert exchange.cache.number("jobs:done") == 0
    assert exchange.cache.command("LRANGE", "queue:default", "0", "-1") == ["report 0", "report 5"]
    exchange.start("backend", "sidekiq")
    wait_until(lambda: exchange.cache.number("jobs:done") == 2)


def test_f24_a_batch_that_outlasts_the_drain_is_committed_as_far_as_it_is_written(exchange: Exchange) -> None:
    web = exchange.start("backend", "web").wait_until_serving("/up")
    consumer = exchange.start("backend", "kafka-consumer", DRAIN_SECONDS="0")
    trade = {"market": "BTC-USD", "price": 100, "quantity": 1, "buy_order": "a", "sell_order": "b", "writer": "one"}
    for sequence in range(1, 1501):
        exchange.stream.produce("trades", trade | {"sequence": sequence, "at": time.time()})
    wait_until(lambda: web.metrics()["trades"] > 0)
    assert consumer.terminate() == 0
    found = web.metrics()
    assert found["trades"] + found["trades_lag"] == 1500
    exchange.start("backend", "kafka-consumer")
    wait_until(lambda: web.metrics()["trades"] == 1500)
    assert web.metrics()["trades_missing"] == 0


def test_f23_two_schedulers_at_once_show_in_the_metrics_and_one_after_the_other_do_not(exchange: Exchange) -> None:
    web = exchange.start("backend", "web").wait_until_serving("/up")
    first = exchange.start("backend", "clockwork")
    wait_until(lambda: web.metrics()["clock_ticks"] >= 2)
    first.terminate()
    exchange.start("backend", "clockwork")
    wait_until(lambda: web.metrics()["clock_ticks"] >= 5)
    assert web.metrics()["schedulers_at_once"] == 0
    exchange.start("backend", "clockwork")
    wait_until(lambda: web.metrics()["schedulers_at_once"] == 1)


def test_f24_a_trade_that_comes_twice_is_written_once_and_a_second_writer_is_noticed(exchange: Exchange) -> None:
    web = exchange.start("backend", "web").wait_until_serving("/up")
    trade = {"sequence": 1, "market": "BTC-USD", "price": 100, "quantity": 1, "buy_order": "a", "sell_order": "b"}
    for writer in ("one", "one", "two"):
        exchange.stream.produce("trades", trade | {"writer": writer})
    exchange.start("backend", "kafka-consumer")
    wait_until(lambda: web.metrics()["trades_lag"] == 0 and web.metrics()["trades"] == 1)
    assert web.metrics()["trades_in_conflict"] == 1


@pytest.mark.parametrize("service", ["web", "sidekiq", "kafka-consumer", "clockwork"])
def test_a_version_that_crashes_at_its_start_ends_with_an_error(exchange: Exchange, service: str) -> None:
    assert exchange.start("backend", service, fault="crash-at-start").process.wait(timeout=120) == 1


def test_f3_workers_that_crash_later_start_well_and_end_with_an_error(exchange: Exchange) -> None:
    web = exchange.start("backend", "web", fault="workers-crash-later").wait_until_serving("/up")
    worker = exchange.start("backend", "sidekiq", fault="workers-crash-later").wait_until_healthy()
    assert worker.process.wait(timeout=120) == 1
    assert web.get("/up").status == 200


@pytest.mark.parametrize("service", ["web", "sidekiq", "kafka-consumer", "clockwork"])
def test_every_process_is_small_and_ends_cleanly(exchange: Exchange, service: str) -> None:
    running = exchange.start("backend", service).wait_until_healthy()
    assert running.memory_mb() < 25
    assert running.terminate() == 0
