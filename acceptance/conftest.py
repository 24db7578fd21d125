"""Names the exchange to test: `make acceptance URL=https://exchange.example.com`, or `pytest acceptance --url ...`."""

import os

import pytest

from acceptance.exchange import Exchange, NoAnswerError


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options. Choose a market in which two small orders trouble nobody."""
    parser.addoption("--url", default="", help="where users of the exchange come in")
    parser.addoption("--market", default="", help="where two orders are placed; the first market when left out")
    parser.addoption("--patience", default=30.0, type=float, help="seconds that a trade may take")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse an address where nobody answers before any test runs."""
    exchange = _exchange(session.config)
    try:
        exchange.reach()
    except NoAnswerError as error:
        raise pytest.UsageError(f"{error}. Is {exchange.url} where users of the exchange come in?") from error


@pytest.fixture(scope="session")
def exchange(request: pytest.FixtureRequest) -> Exchange:
    """Return the exchange at `--url`; ACCEPTANCE_TOKEN is the bearer token of its API, if it wants one."""
    return _exchange(request.config)


@pytest.fixture(scope="session")
def patience(request: pytest.FixtureRequest) -> float:
    """Return how many seconds a trade may take."""
    return float(request.config.getoption("--patience"))


@pytest.fixture(scope="session")
def market(request: pytest.FixtureRequest, exchange: Exchange) -> str:
    """Return the market of `--market`, else the first; fail if the exchange does not have it."""
    markets, named = exchange.markets(), str(request.config.getoption("--market"))
    if named and named not in markets:
        pytest.fail(f"--market {named}: {exchange.url} has {', '.join(markets) or 'no market'}", pytrace=False)
    return named or markets[0]


def _exchange(config: pytest.Config) -> Exchange:
    url = str(config.getoption("--url"))
    if not url.startswith(("http://", "https://")):
        raise pytest.UsageError(f"--url {url!r} is no address: say where users come in, https://exchange.example.com")
    return Exchange(url.rstrip("/"), token=os.environ.get("ACCEPTANCE_TOKEN", ""))
