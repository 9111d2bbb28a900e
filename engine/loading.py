"""Reads now what judging would read on its first use, so that the first batch takes no longer than others."""

import ctypes
import gc
import sys
from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any

from phonenumbers import PhoneMetadata

from text.tables import hand_over, keep, make_apart, recall

_ROOMS = ("models", "text", "rules")
_OBJECTS, _LOOKS = 100_000, 5
"""Garbage in cycles is looked for after so many objects more, and among older ones at every so many of these times. A batch
of 500 events holds some 60,000 at once, and leaves a thousand in cycles: with Python's own 700 and 10 a tenth of a worker's
time goes into looking, with 20,000 a twentieth.
"""


_HEAP_OPTIONS = {-8: 1, -3: 1 << 20, -1: 4 << 20}
"""Of glibc's `mallopt`: M_ARENA_MAX, so many heaps; M_MMAP_THRESHOLD, from so many bytes on an allocation is given back to the
system as soon as it is freed; M_TRIM_THRESHOLD, from so many unused bytes on the end of the heap is.
"""


def share_one_heap() -> None:
    """Let all threads of this process take memory from one heap; to be called before there are others than the first.

    The C library gives each thread a heap of its own, and what one has freed no other gets: what loading took in its thread is
    lost to judging, 35 MiB of a worker. Threads here wait for each other anyway, for Python lets one of them run at a time.
    Where the library has no such options nothing changes.
    """
    if set_option := getattr(ctypes.CDLL(None), "mallopt", None):
        for option, value in _HEAP_OPTIONS.items():
            set_option(option, value)


def load_tables() -> None:
    """Load all word lists, lexicons and tables of letters, addresses and numbers. Takes a second or a few; runs in any thread.

    Afterwards garbage is looked for less often, and not among what was loaded.

    Whatever a module of ours keeps in a `functools.cache` without parameters is such a table, and needs no mention here.
    """
    # nothing of it is garbage: looking for some meanwhile takes a third of the time, and again with each look of later
    gc.disable()
    try:
        at_hand = recall() or make_apart(_program())
        for load in _loaders():
            load()
        if not at_hand:
            keep()
        PhoneMetadata.load_all()
    finally:
        gc.freeze()
        gc.set_threshold(_OBJECTS, _LOOKS, _LOOKS)
        gc.enable()
    give_back_memory()


def hand_over_tables() -> None:
    """What the process does that makes tables for another one."""
    gc.disable()  # nothing of it is garbage
    for load in _loaders():
        load()
    hand_over()


def _program() -> str:
    modules = [name for name in sorted(sys.modules) if name.partition(".")[0] in _ROOMS]
    return f"import {', '.join(modules)}\nfrom engine.loading import hand_over_tables\nhand_over_tables()"


def give_back_memory() -> None:
    """Give the system what nobody uses between what is in use, where the C library does not do so by itself: twelve megabytes
    after loading, and ten of a worker after some seconds of judging. Takes some five milliseconds.
    """
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def _loaders() -> Iterator[Callable[[], Any]]:
    modules = [module for name, module in sorted(sys.modules.items()) if name.partition(".")[0] in _ROOMS]
    for module in modules:
        for found in list(vars(module).values()):
            if hasattr(found, "cache_parameters") and not signature(found).parameters:
                yield found
