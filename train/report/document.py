"""Documents: headings, text, tables and pictures, as Markdown and as one HTML page."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;"
    "color:#1c2733}table{border-collapse:collapse;margin:1rem 0;font-size:13px;display:block;"
    "overflow-x:auto}th,td{padding:.2rem .6rem;border-bottom:1px solid #dde2e8;text-align:right;"
    "white-space:nowrap}th:first-child,td:first-child{text-align:left}img{max-width:100%}"
    "figure{margin:1rem 0}figcaption{color:#5b6875;font-size:13px}"
)


@dataclass(frozen=True)
class Text:
    """A paragraph, or a heading where `level` is not 0; *emphasis* and **weight** as Markdown."""

    text: str
    level: int = 0


@dataclass(frozen=True)
class Table:
    """Rows of cells below a row of headings."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """A PNG picture; `file` is its name beside the Markdown, "" where only the page shows it."""

    png: bytes
    caption: str
    file: str = ""


Block = Text | Table | Picture


def markdown(parts: Sequence[Block]) -> str:
    """Renders blocks as Markdown; pictures without a file of their own are left to the page."""
    out = []
    for part in parts:
        if isinstance(part, Text):
            out.append(f"{'#' * part.level} {part.text}".strip())
        elif isinstance(part, Table):
            lines = [part.head, ["---"] * len(part.head), *part.rows]
            out.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
        elif part.file:
            out.append(f"![{part.caption}]({part.file})")
    return "\n\n".join(out) + "\n"


def page(title: str, parts: Sequence[Block]) -> str:
    """Renders blocks as one HTML page that needs no other file."""
    body = []
    for part in parts:
        if isinstance(part, Text):
            tag = f"h{part.level}" if part.level else "p"
            body.append(f"<{tag}>{_inline(part.text)}</{tag}>")
        elif isinstance(part, Table):
            rows = [_row("th", part.head), *(_row("td", cells) for cells in part.rows)]
            body.append(f"<table>{''.join(rows)}</table>")
        else:
            data, name = base64.b64encode(part.png).decode(), html.escape(part.caption)
            picture = f'<img src="data:image/png;base64,{data}" alt="{name}">'
            body.append(f"<figure>{picture}<figcaption>{name}</figcaption></figure>")
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + (
        "\n".join(body) + "\n</body></html>\n"
    )


def percent(part: Mapping[str, Any]) -> str:
    """Returns an accuracy with its interval: "96.1 % [95.0, 97.0]"."""
    low, high = part["interval"]
    return f"{100 * part['accuracy']:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def _row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{_inline(cell)}</{tag}>' for cell in cells)}</tr>\n"


def _inline(text: str) -> str:
    bold = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html.escape(text))
    return re.sub(r"\*(.+?)\*", r"<em>\1</em>", bold)
