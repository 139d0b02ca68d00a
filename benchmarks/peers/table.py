"""The figures of a result of kind "peers", for people to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.peers.contract import KINDS

RULES = ("own", *(f"same for {n}" for n in (5, 10, 15, 20, 25, 30)))  # of those that were scored
CLIPS = "clips with letters"
_COUNTS = ("letters", "edits", "held", "missed", "wrong", "false", "free_s")


def table(result: dict[str, Any]) -> str:
    """Returns it as text: conditions, times, cost, letters, and what did not run."""
    rows = [row for row in result["peers"] if "frames" in row]
    failed = [row for row in result["peers"] if row["error"]]
    return "\n".join(
        [
            f"{result['machine']['processor']}; {result['settings']['threads']} thread(s) each; "
            f"{result['frames_each']} frames in {result['seconds']:.0f} s"
            f" (ended: {result['ended']})",
            *(f"warning: {line}" for line in result["conditions"]["warnings"]),
            *_times(rows),
            "",
            *_empty_rooms(rows),
            *_costs(rows),
            *_letters(rows),
            *([""] if failed else []),
            *(
                f"{row['name']}: {'failed' if 'frames' in row else 'not measured'}: {row['error']}"
                for row in failed
            ),
        ]
    )


def _times(rows: list[dict[str, Any]]) -> Iterator[str]:
    for kind in KINDS:
        yield ""
        yield (
            f"{kind + ' frames':<24}{'count':>7}{'p50':>8}{'p90':>8}{'p99':>8}{'CPU':>8}  ms"
            f"{'' if kind == 'idle' else '   times as long, on the same frames [95 %]'}"
        )
        for row in rows:
            figures = row["frames"][kind]
            if not figures["count"]:
                why = "searches instead" if kind == "idle" else "none"
                yield f"  {row['name']:<22}{'-':>7}  {why:<38}{_ratios(row, kind)}"
                continue
            wall, cpu = figures["wall_ms"], figures["cpu_ms"]
            yield (
                f"  {row['name']:<22}{figures['count']:>7}{wall['p50']:>8.2f}{wall['p90']:>8.2f}"
                f"{wall['p99']:>8.2f}{cpu['p50']:>8.2f}     {_ratios(row, kind)}"
            )


def _ratios(row: dict[str, Any], kind: str) -> str:
    found = [r for r in row["ratios"] if r["kind"] == kind != "idle"]
    parts = []
    for measure in ("wall", "cpu"):
        for r in (r for r in found if r["measure"] == measure):
            parts.append(f"{measure} {_ratio(r)}")
    return ", ".join(parts) + (f" of {found[0]['against']}" if parts else "")


def _ratio(r: dict[str, Any]) -> str:
    interval = f"[{r['low']:.2f}, {r['high']:.2f}]" if r["low"] else "[too few]"
    return f"{r['ratio']:.2f} {interval}"


def _empty_rooms(rows: list[dict[str, Any]]) -> Iterator[str]:
    found = {row["name"]: row["empty_rooms"] for row in rows if row.get("empty_rooms")}
    if not found:
        return
    recordings = max(each["recordings"] for each in found.values())
    yield (
        f"{'a room without a hand':<24}{'CPU ms':>10}  a second of video, every frame of it"
        f" ({recordings} recordings)   times as much [95 %]"
    )
    for name, figures in found.items():
        ratio = f"   {_ratio(figures)} of {figures['against']}" if figures["ratio"] else ""
        yield f"  {name:<22}{figures['cpu_ms_a_s']:>10.1f}{ratio}"
    yield ""


def _costs(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield f"{'cost':<24}{'first letter s':>15}{'peak RSS MB':>13}{'PSS MB':>9}{'on disk MB':>12}"
    for row in rows:
        starts = row["startup_s"]
        letters = starts.get("letters", [])  # none in older results, of starts on an empty room
        start = "-" if not letters else "reads none"
        if letters and all(letters):
            start = _number(starts["median"], 2)
        memory = row["memory_mb"]
        yield (
            f"  {row['name']:<22}{start:>15}{_number(memory.get('peak_rss'), 0):>13}"
            f"{_number(memory.get('pss'), 0):>9}{_number(row['installed_mb'], 0):>12}"
        )


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _letters(rows: list[dict[str, Any]]) -> Iterator[str]:
    for title, groups in _pools(rows).items():
        yield ""
        yield (
            f"{title:<24}{'rule':<14}{'letter errors':>16}{'held missed':>14}{'wrong':>7}"
            f"{'false (an hour)':>17}{'frames right':>16}"
        )
        for row in rows:
            found = [row["letters"][group] for group in groups if group in row["letters"]]
            for rule in [rule for rule in RULES if found and rule in found[0]]:
                s = {name: sum(each[rule][name] for each in found) for name in _COUNTS}
                hour = (
                    f"{s['false']} ({3600 * s['false'] / s['free_s']:.0f})" if s["free_s"] else ""
                )
                right = _share(
                    *(sum(each[n] for each in found) for n in ("frames_right", "frames"))
                )
                yield (
                    f"  {row['name']:<22}{rule:<14}{_share(s['edits'], s['letters']):>16}"
                    f"{_share(s['missed'], s['held']):>14}{s['wrong']:>7}{hour:>17}{right:>16}"
                )


def best(row: dict[str, Any]) -> dict[str, Any]:
    """Returns rule, letters and edits of clips with letters, by the rule that served a peer best.

    {} where it read none of them.
    """
    groups = [row["letters"][name] for name in _pools([row]).get(CLIPS, ())]
    found = [
        {"rule": rule} | {n: sum(group[rule][n] for group in groups) for n in ("letters", "edits")}
        for rule in RULES
        if groups and rule in groups[0]
    ]
    return min(found, key=lambda each: each["edits"], default={})


def _pools(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Returns title -> groups: the drawn signer, real clips with letters, and without."""
    letters: dict[str, int] = {}
    for row in rows:
        for group, found in row["letters"].items():
            rule = next(rule for rule in RULES if rule in found)
            letters[group] = found[rule]["letters"]
    pools = {
        "the signer": [group for group in letters if group == "signer"],
        CLIPS: [g for g, count in letters.items() if count and g != "signer"],
        "no letter is shown": [group for group, count in letters.items() if not count],
    }
    return {title: groups for title, groups in pools.items() if groups}


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} {100 * part / whole:.0f}%" if whole else "-"
