"""Python's search for garbage while much is made that stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: How many more values there are before Python looks for garbage again.
SELDOM: Final = 50_000


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let Python look for garbage less often meanwhile, in all threads.

    Making DAGs, or reading a large plan, leaves little garbage, and each search goes through more and more values: it
    took a quarter of the time.
    """
    often, *rest = gc.get_threshold()
    gc.set_threshold(often and max(often, SELDOM), *rest)  # 0 is never
    try:
        yield
    finally:
        gc.set_threshold(often, *rest)
