"""A pause in the signing, which makes a space."""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import check_above_0


@dataclass(frozen=True, slots=True)
class PauseConfig:
    """How long nobody signs before a space.

    pause_ms: longer than the way from one letter of a word to the next, by choice: people who spell
        slowly may want more.
    gap_ms: the most that the time between two frames may count, by choice: a camera that stalls is
        no pause.
    """

    pause_ms: float = 900.0
    gap_ms: float = 300.0

    def __post_init__(self) -> None:
        """Raises UsageError for a setting that makes no sense."""
        check_above_0("text", self, ("pause_ms", "gap_ms"))


class Pause:
    """Feed it every frame in order; it reports each pause once, when it has lasted long enough.

    Times are of the stream; this class reads no clock.
    """

    def __init__(self, config: PauseConfig = PauseConfig()) -> None:
        self._config = config
        self._t_ns: int | None = None  # of the last frame
        self._quiet_ms = 0.0
        self._over = False  # the pause has been reported

    def update(self, t_ns: int, signing: bool) -> bool:
        """Takes a frame; returns True on the one with which a pause has lasted long enough.

        signing: whether somebody signs. A time stamp that is not later than the one before adds
        nothing.
        """
        if signing:
            self._quiet_ms, self._over = 0.0, False
        elif self._t_ns is not None:
            self._quiet_ms += min(max(t_ns - self._t_ns, 0) / 1e6, self._config.gap_ms)
        self._t_ns = t_ns
        due = not self._over and self._quiet_ms >= self._config.pause_ms
        self._over = self._over or due
        return due
