"""Compiled kernels: `core` is the extension module, its instruction set chosen here, at import."""

import os

try:
    import fastlogreg._kernels.core as core
except ModuleNotFoundError as error:
    if error.name != f"{__name__}.core":
        raise  # it is there, and lacks something else
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    raise ImportError(
        f"{folder} holds the source of fastlogreg, not compiled: leave it for another folder, "
        "where the installed package is found, or compile it in place, pip install -e ."
    ) from None


def _choose_level():
    wanted = os.environ.get("FASTLOGREG_ISA", "").strip().lower()
    core.select_level(wanted or core.available_levels()[-1])


_choose_level()
