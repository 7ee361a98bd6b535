"""Binary fits to equal accuracy: the table's, and each of ours and its rivals by itself."""

import warnings

import numpy as np
import pytest

from .accuracy import yardstick
from .fits import checked, core, estimator, fit_cases
from .ladder import climb
from .peers import PEERS, SUBJECT
from .problems import SPECS, problem

CASES = fit_cases(SUBJECT, yardstick)


@pytest.fixture(scope="module")
def judged(scale):
    """Problems with their yardsticks, made once."""
    cache = {}

    def get(name):
        if name not in cache:
            cache.clear()
            task = problem(name, scale)
            cache[name] = task, yardstick(task)
        return cache[name]

    return get


@pytest.mark.parametrize("name", SPECS)
def bench_ours(benchmark, judged, name):
    task, stick = judged(name)
    accuracy = SPECS[name].accuracy
    checked(task, stick, accuracy)()
    benchmark.group = f"fit {name}"
    benchmark.extra_info["n"], benchmark.extra_info["p"] = task.shape
    benchmark(core(task, stick.our_tol(accuracy)))


@pytest.mark.parametrize("name", SPECS)
def bench_estimator(benchmark, judged, name):
    task, stick = judged(name)
    accuracy = SPECS[name].accuracy
    model = benchmark(estimator(task, stick.our_tol(accuracy)))
    benchmark.group = f"fit {name}"
    assert stick.suboptimality(task, model.coef_, model.intercept_) <= accuracy
    assert np.isfinite(model.coef_).all()


@pytest.mark.parametrize(
    ("name", "peer"), [(name, peer) for name, spec in SPECS.items() for peer in spec.rivals]
)
def bench_rival(benchmark, judged, name, peer):
    """The peers known to be fastest, at the first tolerance that is accurate enough."""
    peer = PEERS[peer]
    if not peer.installed:
        pytest.skip(f"{peer.package} is not installed")
    task, stick = judged(name)
    climbed = [rung for rung in climb(peer, task, stick, SPECS[name].accuracy) if rung]
    rung = min((r for r in climbed if r.reached), key=lambda r: r.seconds, default=climbed[-1])
    benchmark.group = f"fit {name}"
    benchmark.extra_info["suboptimality"] = rung.suboptimality
    data = peer.prepare(task)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        benchmark(peer.fit, task, data, **rung.arguments)
