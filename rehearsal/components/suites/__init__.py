"""The tests of each component's engineers, which a build runs first. In the monorepo each is `suite.py`."""
