"""`python -m release`."""

from release.app import app

if __name__ == "__main__":
    app(prog_name="python -m release")
