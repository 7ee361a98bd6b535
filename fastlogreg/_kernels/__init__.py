"""Compiled kernels: `core` is the extension module, its instruction set chosen here, at import."""

import os

from fastlogreg._kernels import core


def _choose_level():
    wanted = os.environ.get("FASTLOGREG_ISA", "").strip().lower()
    core.select_level(wanted or core.available_levels()[-1])


_choose_level()
