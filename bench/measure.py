"""Timing: alternating rounds, medians, ratios with their spread, and the goal beside each."""

import gc
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import ThreadpoolController

LONG = 2e-3  # seconds: a shorter call is repeated within a round until it lasts this long
WARM = 0.5  # seconds of a round up to which every call is made once untimed before it is timed
REST = 0.03  # seconds: other libraries' idle threads spin about this long after a call
PROCESSORS = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


@dataclass(frozen=True)
class Timed:
    """A call without arguments, under a limit on other libraries' threads (None: as they come)."""

    call: Callable
    threads: int | None = None


@dataclass(frozen=True)
class Goal:
    """What is wanted of one ratio.

    `at_most`: ours / theirs (seconds of ours where `against` is None).  `at_least`: theirs / ours.
    Either may be infinite or zero: measured without a goal.
    """

    against: str | None
    at_most: float | None = None
    at_least: float | None = None


@dataclass(frozen=True)
class Case:
    """Our call, the calls it is measured against, the goals, and the check of our answer.

    `check` raises AssertionError where our answer is wrong: a fast wrong answer has no time.
    """

    name: str
    ours: Callable
    theirs: dict[str, Timed]
    goals: list[Goal]
    check: Callable
    notes: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One line of the table.  `low`, `value`, `high`: quartiles of the ratios of single rounds."""

    case: str
    what: str
    value: float
    low: float
    high: float
    sense: str  # "at most" | "at least"
    goal: float | None
    ours: float = math.nan
    theirs: float = math.nan
    unit: str = "s"  # of ours and theirs: seconds or bytes ("B")
    note: str = ""

    @property
    def met(self):
        """True, False, or None without a goal."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.sense == "at most" else self.value >= self.goal


@dataclass
class Session:
    """One run of `python -m bench`.  `ladders`: the peers' climbs by problem, reused or new."""

    scale: str
    ladders: dict = field(default_factory=dict)
    log: Callable = print

    def rounds(self, budget):
        """How long to time: `budget` seconds a case, next to nothing in a smoke run."""
        if self.scale == "smoke":
            return {"budget": 0.05, "min_rounds": 3}
        return {"budget": budget}


def _seconds(timed, number, pools):
    if PROCESSORS:  # adelie's OpenMP binds the thread that loads it to one processor for good
        os.sched_setaffinity(0, PROCESSORS)
    limit = None if timed.threads is None else pools.limit(limits=timed.threads)
    start = time.perf_counter()
    for _ in range(number):
        timed.call()
    seconds = time.perf_counter() - start
    if limit is not None:
        limit.restore_original_limits()
    return seconds / number


def interleave(calls, *, budget=10.0, min_rounds=5, max_rounds=51):
    """Seconds of each call, arrays of one length: every round times every call once.

    The order is reversed every second round, one untimed call of each goes first, and the garbage
    collector waits.  Rounds end with `budget` seconds, but not before `min_rounds`.
    """
    for timed in calls.values():
        timed.call()  # pays for lazy imports and page faults
    pools = ThreadpoolController()
    number, cost = {}, 0.0
    for name, timed in calls.items():
        first = _seconds(timed, 1, pools)
        if first < LONG:
            first = _seconds(timed, 5, pools)
        number[name] = max(1, math.ceil(LONG / max(first, 1e-7)))
        cost += max(first, LONG)
    rest = REST if cost > LONG * 1.5 * len(calls) else 0.0
    rounds = int(np.clip(budget / (cost + rest * len(calls)), min_rounds, max_rounds))
    times = {name: np.empty(rounds) for name in calls}
    enabled = gc.isenabled()
    gc.disable()
    try:
        for k in range(rounds):
            for name in list(calls) if k % 2 == 0 else reversed(calls):
                time.sleep(rest)
                if cost < WARM:
                    calls[name].call()  # a processor that rested wakes up slowly
                times[name][k] = _seconds(calls[name], number[name], pools)
    finally:
        if enabled:
            gc.enable()
    return times


def rows_of(case, **rounds):
    """Check the case, time it, and return one row for each goal."""
    case.check()
    times = interleave({"ours": Timed(case.ours), **case.theirs}, **rounds)
    return [_row(case, goal, times) for goal in case.goals]


def timed_cases(builders, budget):
    """The table's cases of builders (scale) -> Case, by name, `budget` seconds each."""

    def rows_for(build):
        return lambda session: rows_of(build(session.scale), **session.rounds(budget))

    return {name: rows_for(build) for name, build in builders.items()}


def time_case(benchmark, case, group, scale):
    """Time our call by pytest-benchmark; ratios of alternating rounds go to its extra_info."""
    case.check()
    benchmark.group = group
    if benchmark.enabled:
        for row in rows_of(case, **Session(scale).rounds(1.0)):
            benchmark.extra_info[f"{row.sense} {row.what}"] = row.value
    benchmark(case.ours)


def _row(case, goal, times):
    ours = times["ours"]
    at_most = goal.at_most is not None
    limit = goal.at_most if at_most else goal.at_least
    theirs = np.ones_like(ours) if goal.against is None else times[goal.against]
    ratios = ours / theirs if at_most else theirs / ours
    low, value, high = np.percentile(ratios, [25, 50, 75])
    return Row(
        case=case.name,
        what="seconds" if goal.against is None else goal.against,
        value=float(value),
        low=float(low),
        high=float(high),
        sense="at most" if at_most else "at least",
        goal=limit if limit not in (0, math.inf) else None,
        ours=float(np.median(ours)),
        theirs=float(np.median(theirs)) if goal.against else math.nan,
        note=case.notes.get(goal.against, ""),
    )
