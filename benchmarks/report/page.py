"""The page of benchmarks/report: one HTML file that needs no other."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from benchmarks.measure.result import KINDS, QUANTILES, Result
from benchmarks.models.table import bounds, ratio
from benchmarks.peers import table as peers
from benchmarks.report import scaling

STYLE = """
:root { --ink: #1f3a5f; --pale: #9db4d0; --mark: #c0392b; --line: #e3e6ea; }
body { font: 16px/1.55 system-ui, sans-serif; color: #222; max-width: 58rem;
       margin: 0 auto; padding: 2rem 1rem 4rem; }
h1, h2, h3 { color: var(--ink); line-height: 1.2; }
h1 { margin-bottom: .2rem; } h2 { margin-top: 2.6rem; } h3 { margin: 1.6rem 0 .4rem; }
figure { margin: 1rem 0; } img { max-width: 100%; height: auto; display: block; }
figcaption { color: #5c6672; font-size: .9rem; margin-top: .3rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .9rem 0;
        font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; white-space: nowrap;
         text-align: right; border-bottom: 1px solid var(--line); }
th { color: var(--ink); } th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr.whole td { font-weight: 600; }
pre, code { font: .85rem/1.5 ui-monospace, monospace; background: #f5f7fa; }
pre { padding: .7rem .9rem; overflow-x: auto; border-radius: 4px; } code { padding: 0 .2rem; }
.note { border-left: 4px solid var(--mark); padding: .3rem .9rem; background: #fdf3f2; }
.quote { border-left: 4px solid var(--pale); padding: .3rem .9rem; background: #f5f7fa; }
.facts { color: #5c6672; font-size: .9rem; }
"""
TITLES = {
    "latency": ("Times of each stage", "By kind of frame. No figure is of all kinds together."),
    "fps": ("Frames a second", "What the loop could take, if every frame were of that kind."),
    "models": ("Models alone", "Each in a process of its own, random inputs."),
    "accuracy": (
        "Accuracy against cost",
        "As the models' manifests say. Models read different alphabets and were measured on"
        " different photographs: compare a model's own points first. All of them need the hand to"
        " be found before, which is the same for all and is not in their time.",
    ),
    "scaling": ("What makes a frame dearer", "With its slope, and an interval of 95 %."),
    "peers": (
        "Other ways of reading the same frames",
        "The same frames by turns, each in a process and an environment of its own. Of those that"
        " settle no letters themselves, the rule that served them best.",
    ),
}


def html(
    found: Sequence[Result],
    labels: Sequence[str],
    pictures: Mapping[str, bytes],
    differ: Sequence[str],
    whose: Mapping[str, str],
) -> str:
    """Returns the page.

    differ: what results are not alike in, to be marked. whose: the label of pictures of one result.
    """
    return "\n".join(_lines(found, labels, pictures, differ, whose)) + "\n"


def _lines(
    found: Sequence[Result],
    labels: Sequence[str],
    pictures: Mapping[str, bytes],
    differ: Sequence[str],
    whose: Mapping[str, str],
) -> Iterator[str]:
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>fingerspell, measured</title><style>{STYLE}</style></head><body>"
    yield "<h1>fingerspell, measured</h1>"
    dates = sorted(each["date"][:10] for each in found)
    span = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    yield f'<p class="facts">{escape(span)}; drawn by <code>python -m benchmarks.report</code></p>'
    if differ:
        yield '<div class="note"><b>Not of the same</b>, and not to be compared as if they were:'
        yield "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in differ) + "</ul></div>"
    for name, content in pictures.items():
        title, caption = TITLES[name.partition("-")[0]]
        data = base64.b64encode(content).decode()
        head = f"{title}: {escape(whose[name])}" if name in whose else title
        yield f'<h2>{head}</h2><figure><img alt="{title}" src="data:image/png;base64,{data}">'
        yield f"<figcaption>{escape(caption)}</figcaption></figure>"
    yield "<h2>Figures</h2>"
    for label, each in zip(labels, found, strict=True):
        yield f"<h3>{escape(each['kind'])}: {escape(label)}</h3>"
        yield from _facts(each)
        yield from FIGURES[each["kind"]](each)
    yield "</body></html>"


def _facts(found: Result) -> Iterator[str]:
    machine = found["machine"]
    parts = [
        machine["board"] or machine["processor"],
        machine["kernel"],
        machine["system"],
        f"governor {machine['governor']}" if machine["governor"] else "",
        ", ".join(f"{name} {version}" for name, version in found.get("versions", {}).items()),
        found["date"],
    ]
    yield f'<p class="facts">{escape("; ".join(filter(None, parts)))}</p>'
    yield f"<pre>{escape(found['command'])}</pre>"
    for line in found["conditions"]["warnings"]:
        yield f'<p class="note">{escape(line)}</p>'


def _latency(found: Result) -> Iterator[str]:
    if found.get("quote"):
        yield f'<p class="quote">{escape(found["quote"])}</p>'
    for kind in KINDS:
        figures = found["frames"][kind]
        if figures["count"]:
            stages = {**figures["stages_ms"], "whole frame": figures["frame_ms"]}
            heads = [f"{kind}, {figures['count']} frames; ms", *QUANTILES]
            yield from _table(
                heads, [[s, *(f"{of[q]:.2f}" for q in QUANTILES)] for s, of in stages.items()]
            )


def _models(found: Result) -> Iterator[str]:
    heads = ["model", "kB", "MMAC", "threads", "init", "first", "p50", "p90", "min", "int8 / float"]
    rows = []
    for model in found["models"]:
        turns = {turn["threads"]: turn for turn in model["against_float"].get("turns", ())}
        for each in model["alone"]:
            steady, turn = each["steady_ms"], turns.get(each["threads"])
            times = (each["init_ms"], each["first_ms"], *(steady[q] for q in ("p50", "p90", "min")))
            rows.append(
                [
                    f"{model['name']} ({model['precision']})",
                    f"{model['size_bytes'] / 1000:.0f}",
                    f"{sum(model['macs'].values()) / 1e6:.1f}",
                    str(each["threads"]),
                    *(f"{ms:.3f}" for ms in times),
                    ratio(turn) if turn else "",
                ]
            )
    yield from _table(heads, rows)
    for name, why in found.get("missing", {}).items():
        yield f'<p class="note">{escape(f"missing: {name}: {why}")}</p>'
    yield '<p class="note"><b>Estimates, not measured:</b> the time of the arithmetic, ms, by what'
    yield " others published of XNNPACK on these boards.</p>"
    boards = [(e["board"], e["threads"]) for e in _first_estimates(found)]
    heads = ["model", *(f"{b.partition(',')[0]}, {_cores(n)}" for b, n in boards), ""]
    estimated = [
        [
            model["name"],
            *(bounds(each) for each in model["estimates"]),
            model["estimates_lack"],
        ]
        for model in found["models"]
        if model["estimates"]
    ]
    yield from _table(heads, estimated)
    yield "<ul class='facts'>"
    for rate in found["rates"]:
        yield (
            f"<li>{escape(rate['board'])}, {escape(rate['precision'])}: {rate['low_gmacs']:g} to"
            f" {rate['high_gmacs']:g} GMAC/s on four cores, from"
            f" {escape('; '.join(rate['from']))}</li>"
        )
    yield "</ul>"


def _first_estimates(found: Result) -> list[dict[str, str]]:
    return next((model["estimates"] for model in found["models"] if model["estimates"]), [])


def _cores(number: int | str) -> str:
    return "one core" if number == 1 else "four cores"


def _scaling(found: Result) -> Iterator[str]:
    yield f"<pre>{escape(chr(10).join(scaling.lines(found)))}</pre>"


def _peers(found: Result) -> Iterator[str]:
    yield f"<pre>{escape(peers.table(found))}</pre>"


FIGURES = {"latency": _latency, "models": _models, "scaling": _scaling, "peers": _peers}


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield '<div class="wide"><table><thead><tr>'
    yield "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr></thead><tbody>"
    for row in rows:
        mark = ' class="whole"' if row[0] == "whole frame" else ""
        yield f"<tr{mark}>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
    yield "</tbody></table></div>"
