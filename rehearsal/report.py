"""Writes the summary as one HTML file that needs no other file."""

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

STYLE = """
:root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --line: #8884; --bar: #0969da; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; } .dim { opacity: .65; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .35rem .8rem .35rem 0; }
tr { border-bottom: 1px solid var(--line); vertical-align: top; } .number { text-align: right; }
.good { color: var(--good); } .bad { color: var(--bad); } .aim { color: #bf8700; } code { font-size: .9em; }
.states { display: flex; height: 1.1rem; border-radius: 3px; overflow: hidden; margin: .4rem 0; }
.states span { background: var(--bar); border-right: 1px solid Canvas; min-width: 1px; }
.states span.undo { background: var(--bad); } pre { overflow-x: auto; background: #8881; padding: 1rem; }
"""


def write(summary: Mapping[str, Any], file: Path) -> None:
    """Write the page into `file`; `summary` is the content of summary.json."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(summary), encoding="utf-8")


def page(summary: Mapping[str, Any]) -> str:
    """Return the whole HTML document."""
    parts = [
        _head(summary),
        _failure(summary),
        _section("Promises", _promises(summary)),
        _section("Figures", _figures(summary["figures"])),
        _section("Releases", "".join(map(_release, summary["releases"]))),
        _section("Users' requests", _traffic(summary["traffic"])),
    ]
    return f"<!doctype html><meta charset=utf-8><title>Rehearsal</title><style>{STYLE}</style>{''.join(parts)}\n"


def _head(summary: Mapping[str, Any]) -> str:
    verdict = "<h1 class=good>It held</h1>" if summary["good"] else "<h1 class=bad>It did not hold</h1>"
    seconds = {"total": 0, "set_up": 0, "deploy": 0} | summary["seconds"]
    facts = (
        f"{summary['environment']}, {summary['speed']:g} times faster than in the cloud",
        f"{summary['stacks_deployed']} stacks, {summary['resources']} resources",
        f"{seconds['total']:.0f} s, of which set-up {seconds['set_up']:.0f} s, deploy {seconds['deploy']:.0f} s",
        f"peak memory {summary['peak_memory_mb']} MB ({summary['memory_measure']})",
    )
    broken = "".join(f"<p class=aim>{escape(aim)}</p>" for aim in summary["aims_broken"])
    return f"{verdict}<p class=dim>{escape(' · '.join(facts))}</p>{broken}"


def _failure(summary: Mapping[str, Any]) -> str:
    if not summary["failed_step"]:
        return ""
    tail = "\n".join(summary["tail"])
    return f"<p class=bad>{escape(summary['failed_step'])}</p><pre>{escape(tail)}</pre>"


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>{content or '<p class=dim>none</p>'}"


def _promises(summary: Mapping[str, Any]) -> str:
    rows = (
        (_mark(kept), escape(name), f"<span class=dim>{escape(summary['seen'][name])}</span>")
        for name, kept in summary["promises"].items()
    )
    return _table(("", "promise", "seen"), rows)


def _mark(kept: bool) -> str:
    return "<span class=good>✔</span>" if kept else "<span class=bad>✘</span>"


def _figures(figures: Iterable[Mapping[str, Any]]) -> str:
    rows = (
        (
            "<span class=good>✔</span>" if figure["holds"] else "<span class=aim>!</span>",
            escape(figure["name"]),
            _measured(figure),
            f"{figure['limit']:g}",
            f"<span class=dim>{escape(figure['seen'])}, {escape(figure['story'])}</span>",
        )
        for figure in figures
    )
    return _table(("", "figure", "measured", "aim", "seen"), rows)


def _measured(figure: Mapping[str, Any]) -> str:
    if figure["broken"]:
        return f"<span class=aim>{escape(figure['broken'])}</span>"
    return f"{figure['value']:g} {escape(figure['unit'])}"


def _release(release: Mapping[str, Any]) -> str:
    colour = "good" if release["outcome"] == "released" else "bad"
    title = (
        f"<b>{escape(release['component'])}</b> <code>{escape(release['digest'][7:19])}</code> "
        f"<span class={colour}>{escape(release['outcome'])}</span> "
        f"<span class=dim>{release['seconds']:.1f} s, {escape(release['story'])}</span>"
    )
    verdict = f"{release['verdict'] or 'no verdict'}: {release['reason'] or ''}"
    return f"<p>{title}<br>{escape(verdict)}</p>{_states(release['seconds_by_state'])}"


def _states(states: Mapping[str, float]) -> str:
    """Return a bar of the states, each as wide as it was long; a tooltip has its name and seconds."""
    bars = (
        f'<span class="{"undo" if "Roll" in name else ""}" style="flex:{seconds:.3f}" '
        f'title="{escape(name)}: {seconds:.2f} s"></span>'
        for name, seconds in states.items()
    )
    return f"<div class=states>{''.join(bars)}</div>"


def _traffic(phases: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    rows = (
        (
            escape(phase),
            escape(component),
            str(count["requests"]),
            f"<span class={'bad' if count['failures'] else 'good'}>{count['failures']}</span>",
            f"{count['p95_ms'] or 0:.0f} ms",
            " ".join(f"<code>{escape(digest[7:19] or digest)}</code> {n}" for digest, n in count["digests"].items()),
        )
        for phase, components in phases.items()
        for component, count in sorted(components.items())
    )
    return _table(("during", "component", "requests", "failures", "p95", "answered by"), rows)


def _table(columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{column}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>" if body else ""
