"""Lambda: the environment that functions run in."""
