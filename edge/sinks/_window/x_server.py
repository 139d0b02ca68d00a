"""The end of the X server while the window is open.

Xlib ends the whole process when its server goes away, before any sink has got the end of the run.
From libX11 1.7 on (Debian 12), two handlers in place of its own have it return to SDL.
"""

from __future__ import annotations

import atexit
import ctypes
from typing import Any

import pygame

_LIBRARY = "libX11.so.6"  # the one that SDL has loaded
_ERROR_HANDLER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_EXIT_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


class XServer:
    """Whether the X server of the window that is open now has gone.

    gone: stays False on other displays, and where Xlib is older. Once it is True, the window must
    not be closed: SDL would wait for the server's answer for ever.
    """

    def __init__(self) -> None:
        self.gone = False
        # Kept for as long as Xlib may call them. The first is there in place of one that exits.
        self._on_error = _ERROR_HANDLER(self._take_note)
        self._on_exit = _EXIT_HANDLER(lambda display, data: None)
        if pygame.display.get_driver() != "x11":
            return
        try:
            xlib = ctypes.CDLL(_LIBRARY)
            set_exit_handler = xlib.XSetIOErrorExitHandler
        except (OSError, AttributeError):
            return
        set_exit_handler.restype = None
        set_exit_handler.argtypes = (ctypes.c_void_p, _EXIT_HANDLER, ctypes.c_void_p)
        display = _pointer(pygame.display.get_wm_info()["display"])
        set_exit_handler(display, self._on_exit, None)
        xlib.XSetIOErrorHandler.restype = ctypes.c_void_p
        xlib.XSetIOErrorHandler.argtypes = (_ERROR_HANDLER,)
        xlib.XSetIOErrorHandler(self._on_error)

    def _take_note(self, display: int) -> int:
        self.gone = True
        atexit.unregister(pygame.quit)  # it closes the window
        return 0


def _pointer(capsule: Any) -> int:
    """Returns the address in a PyCapsule, as pygame gives that of Xlib's Display."""
    name = ctypes.pythonapi.PyCapsule_GetName
    name.restype, name.argtypes = ctypes.c_char_p, (ctypes.py_object,)
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    address: int = pointer(capsule, name(capsule))
    return address
