"""How many threads a pass over the data may use; the pool itself is in _kernels/pool.c."""

import operator
import os

WORTH = 20_000  # entries of X from which on a pass may be shared
_limit = None  # set by set_num_threads; None: environment, then the processors we may run on


def _positive(text, name):
    try:
        number = int(text) if isinstance(text, str) else operator.index(text)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise ValueError(f"{name} must be a positive integer, got {text!r}")
    return number


def _asked():
    """What set_num_threads or else FASTLOGREG_NUM_THREADS says, or None."""
    if _limit is not None:
        return _limit
    own = os.environ.get("FASTLOGREG_NUM_THREADS")
    return _positive(own, "FASTLOGREG_NUM_THREADS") if own else None


def _processors():
    """The processors of this process, at most OMP_NUM_THREADS."""
    try:
        processors = len(os.sched_getaffinity(0))
    except AttributeError:
        processors = os.cpu_count() or 1
    shared = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return min(processors, int(shared)) if shared.isdigit() and int(shared) else processors


def set_num_threads(n: int | None) -> None:
    """Bound the threads of every later call in this process.

    Parameters
    ----------
    n : int or None
        At least 1; None goes back to ``FASTLOGREG_NUM_THREADS``, or to the number of processors
        this process may run on (at most ``OMP_NUM_THREADS`` where that is set).

    Raises
    ------
    ValueError
        If n is not a positive integer.

    Notes
    -----
    Results do not depend on it: sums are taken over fixed blocks of rows in a fixed order.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.set_num_threads(2)
    >>> fastlogreg.get_num_threads()
    2
    >>> fastlogreg.set_num_threads(None)
    """
    global _limit
    _limit = None if n is None else _positive(n, "n")


def get_num_threads() -> int:
    """Threads that a call uses when it is not told otherwise.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> import fastlogreg
    >>> fastlogreg.get_num_threads() >= 1
    True
    """
    return _asked() or _processors()


def resolve(n_threads, entries=WORTH):
    """The n_threads argument of a call as a number; None and -1 mean the default.

    Where nothing is asked for, fewer `entries` of X than it is worth to wake a thread for get one:
    finding the processors would cost a tenth of such a fit.
    """
    if n_threads is None or n_threads == -1:
        return _asked() or (_processors() if entries >= WORTH else 1)
    return _positive(n_threads, "n_threads")
