"""fingerspell: reads American Sign Language fingerspelling from a camera.

`from edge import Fingerspeller` is what programs use (docs/python.md). It is imported only when it
is used: `import edge` loads no other module.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.fingerspeller import Fingerspeller

__all__ = ["Fingerspeller"]


def __getattr__(name: str) -> object:
    if name != "Fingerspeller":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from edge.fingerspeller import Fingerspeller

    return Fingerspeller
