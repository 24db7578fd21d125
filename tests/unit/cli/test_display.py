"""How progress looks on a terminal."""

import io

from rich.console import Console

from release.display import Display
from release.progress import StateEntered


def test_a_terminal_shows_where_the_release_is_besides_the_lines() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100)
    display = Display(console, Console(stderr=True))
    with display.following("client"):
        display.enter("client", StateEntered("Lock", 0.0, 1))
        display.enter("client", StateEntered("Bake", 12.5, 1))
        console.file.flush()
    text = shown.getvalue()
    assert "12.5 s  Bake" in text
    assert "client Bake" in text


def test_a_log_gets_lines_alone() -> None:
    shown = io.StringIO()
    display = Display(Console(file=shown, width=100), Console(stderr=True))
    with display.following("client"):
        display.enter("client", StateEntered("Lock", 0.0, 1))
    assert shown.getvalue() == "client         0.0 s  Lock\n"
