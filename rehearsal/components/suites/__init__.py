"""What each component's engineers test before a build. In the monorepo it is `suite.py`, beside the sources."""
