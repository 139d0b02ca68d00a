"""Time stamps that go on rising when a camera is opened again, and when its clock leaps."""

from __future__ import annotations

# After an opening: a stamp that differs from the time that has passed by no more than this comes
# from the same clock as before. Within one opening: a stamp that differs by more than this leapt.
_SAME_NS = 1_000_000_000
_LEAP_NS = 5_000_000_000


class Stamps:
    """Corrects the stamps of one source, so that they rise as time passes.

    A camera that was opened again may use another clock, and a driver's clock may leap. Letters are
    timed by stamps: after a stamp that is far ahead of all that follow, none would ever settle.
    """

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._last_s = 0.0  # when that frame came
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
