"""`python -m release`: the same command line as `exchange-release`."""

from release.app import main

if __name__ == "__main__":
    main()
