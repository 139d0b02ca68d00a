"""The time stamps of a camera: later and later, over all its reopenings and its clock's leaps."""

from __future__ import annotations

_SAME_NS = 1_000_000_000  # stamps this near to the time that has passed are of the same clock
_LEAP_NS = 5_000_000_000  # and of the same opening, those that are further off have leapt


class Stamps:
    """Makes stamps of one source go on with the time that has passed.

    A reopened camera's clock may be another, and a driver's may leap: letters, which are timed by
    stamps, would never settle after one that is far ahead of all that follow.
    """

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._last_s = 0.0  # when that was taken
        self._offset_ns = 0
        self._first = False

    def reopened(self) -> None:
        """The next stamp is the first of another opening."""
        self._first = self._last_ns is not None

    def take(self, stamp_ns: int, now_s: float, *, live: bool, recorded: bool) -> int:
        """The stamp (ns) of a frame that came at now_s (s, monotonic), later than the one before.

        live: its frames come as time passes. recorded: its stamps are the same in each opening.
        """
        if self._first:
            self._offset_ns = 0
        t_ns = stamp_ns + self._offset_ns
        if self._last_ns is not None:
            if live or (self._first and not recorded):
                due_ns = self._last_ns + round((now_s - self._last_s) * 1e9)
                if abs(t_ns - due_ns) > (_SAME_NS if self._first else _LEAP_NS):
                    t_ns, self._offset_ns = due_ns, due_ns - stamp_ns
            t_ns = max(t_ns, self._last_ns + 1)
        self._last_ns, self._last_s, self._first = t_ns, now_s, False
        return t_ns
