"""Runs the command line of `exchange-release` as `python -m release`."""

from release.app import main

if __name__ == "__main__":
    main()
