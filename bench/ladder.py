"""Time to a given accuracy: every peer climbs its ladder of tolerances until it is good enough.

Each peer climbs in a process of its own, which is ended once a rung takes far longer than the best
peer's time so far: a solver that does not converge must not hold up the rest.
"""

import multiprocessing
import os
import signal
import time
import warnings
from dataclasses import asdict, dataclass
from importlib import import_module

from threadpoolctl import threadpool_limits

HOPELESS = 3.0  # times the best peer's time: what is slower is given up
PATIENCE = 5.0  # seconds that any rung may take
SETUP = 120.0  # seconds to make and convert the data


@dataclass(frozen=True)
class Rung:
    """One timed fit of a peer: the fastest of its repeats."""

    peer: str
    threads: int
    arguments: dict
    seconds: float
    suboptimality: float
    reached: bool


def run_rung(peer, task, data, arguments, threads, yardstick, accuracy):
    """Fit until 0.3 s have gone or ten times; score the result by our own objective."""
    seconds, spent = [], 0.0
    with threadpool_limits(threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while spent < 0.3 and len(seconds) < 10:
            start = time.perf_counter()
            model = peer.fit(task, data, **arguments)
            seconds.append(time.perf_counter() - start)
            spent += seconds[-1]
    score = yardstick.suboptimality(task, *peer.read_out(model), own=peer.own)
    return Rung(peer.name, threads, arguments, min(seconds), float(score), bool(score <= accuracy))


def climb(peer, task, yardstick, accuracy, once=False):
    """Yield rungs up to the first that reaches `accuracy`, and that one on two threads as well.

    `once`: no further than the first rung.
    """
    data = peer.prepare(task)
    yield None  # ready
    for arguments in peer.ladder:
        rung = run_rung(peer, task, data, arguments, 1, yardstick, accuracy)
        yield rung
        if rung.reached or once:
            yield run_rung(peer, task, data, arguments, 2, yardstick, accuracy)
            return


def _climb_in_child(pipe, home, name, scale, peer_name, yardstick):
    os.setsid()  # a group of its own, so that an R at work ends with it
    try:
        module, constant = home.split(":")
        subject = getattr(import_module(module), constant)
        peer, accuracy = subject.peer(peer_name), subject.specs[name].accuracy
        task = subject.problem(name, scale)
        for rung in climb(peer, task, yardstick, accuracy, peer is subject.default):
            pipe.send(rung)
        pipe.send("done")
    except Exception as error:  # a peer's failure is a finding to print, not ours to fix
        pipe.send(f"failed: {type(error).__name__}: {error}")


def climb_apart(subject, name, scale, peer_name, yardstick, best):
    """(rungs, verdict) of one peer, climbing in its own process; `best`: seconds to beat."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.peers", "sklearn.linear_model", "glum"])
    pipe, far_end = context.Pipe(duplex=False)
    arguments = (far_end, subject.home, name, scale, peer_name, yardstick)
    child = context.Process(target=_climb_in_child, args=arguments, daemon=True)
    child.start()
    far_end.close()
    rungs, patience = [], SETUP
    try:
        while pipe.poll(patience):
            message = pipe.recv()
            if isinstance(message, str):
                return rungs, message
            patience = PATIENCE + HOPELESS * best
            if message is not None:
                rungs.append(message)
                if message.seconds > HOPELESS * best and not message.reached:
                    return rungs, f"given up: slower than {HOPELESS:g} x the best peer"
        return rungs, f"given up: a rung took over {patience:.0f} s"
    except EOFError:
        return rungs, "failed: the process died"
    finally:
        _end(child)


def _end(child):
    """Kill the child and what it started: an R left at work would disturb all later timings."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:  # not yet a group of its own, or gone
        child.kill()
    child.join()


def climb_all(subject, name, scale, task, yardstick, log=print):
    """Every installed peer on one problem, and the default settings; plain data for JSON."""
    families, best = subject.specs[name].families, float("inf")
    found = {"rungs": [], "verdicts": {}}
    for peer in (*subject.peers.values(), *filter(None, [subject.default])):
        if not peer.installed:
            log(f"  {name}: {peer.name}: skipped, {peer.package} is not installed")
            continue
        if not peer.suits(task):
            continue
        limit = 60.0 if peer is subject.default else min(best, 60.0)
        rungs, verdict = climb_apart(subject, name, scale, peer.name, yardstick, limit)
        reached = min((r.seconds for r in rungs if r.reached), default=None)
        if reached and peer.family in families and peer is not subject.default:
            best = min(best, reached)
        found["rungs"] += [asdict(rung) for rung in rungs]
        found["verdicts"][peer.name] = verdict
        log(f"  {name}: {peer.name}: {_summary(rungs)} ({verdict})")
    return found


def _summary(rungs):
    if not rungs:
        return "no result"
    end = min((r for r in rungs if r.reached), key=lambda r: r.seconds, default=rungs[-1])
    reached = "reached" if end.reached else "not reached"
    return f"{end.seconds:.3g} s on {end.threads}t, {reached}, at {end.suboptimality:.1e}"


def fastest(subject, name, found, count=3, near=1.5):
    """Up to `count` peers within `near` times the shortest time to the accuracy, best first."""
    peers, families = subject.peers, subject.specs[name].families
    best = {}
    for rung in (Rung(**r) for r in found["rungs"]):
        counts = rung.reached and rung.peer in peers and peers[rung.peer].family in families
        if counts and (rung.peer not in best or rung.seconds < best[rung.peer].seconds):
            best[rung.peer] = rung
    ranked = sorted(best.values(), key=lambda rung: rung.seconds)[:count]
    return [rung for rung in ranked if rung.seconds <= near * ranked[0].seconds]


def default_rung(subject, found):
    """The default settings with the better number of threads, or None."""
    if subject.default is None:
        return None
    rungs = [Rung(**r) for r in found["rungs"] if r["peer"] == subject.default.name]
    return min(rungs, key=lambda rung: rung.seconds, default=None)
