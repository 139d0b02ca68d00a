"""What every benchmark's command does with an error, and with Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from edge.errors import FingerspellError

INTERRUPTED = 130  # exit status after Ctrl-C, as shells have it

Arguments = ParamSpec("Arguments")


def command(name: str) -> Callable[[Callable[Arguments, int]], Callable[Arguments, int]]:
    """Makes a command's errors one line on stderr, after its name, and an exit code."""

    def of(main: Callable[Arguments, int]) -> Callable[Arguments, int]:
        @wraps(main)
        def run(*arguments: Arguments.args, **options: Arguments.kwargs) -> int:
            try:
                return main(*arguments, **options)
            except FingerspellError as error:
                print(f"{name}: {error}", file=sys.stderr)
                return error.exit_code
            except KeyboardInterrupt:
                print(f"{name}: stopped; nothing was written", file=sys.stderr)
                return INTERRUPTED

        return run

    return of
