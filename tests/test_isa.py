"""Instruction sets: chosen by the environment, refused by name, equal to rounding."""

import numpy as np
import pytest
import scipy.sparse as sp

import fastlogreg
from fastlogreg import core
from fastlogreg._kernels import core as kernels

NAMES = ("baseline", "avx2", "avx512")
SAY = "from fastlogreg._kernels import core; print(core.level())"


def test_baseline_is_always_there():
    levels = kernels.available_levels()
    assert levels[0] == "baseline"
    assert levels == [name for name in NAMES if name in levels]
    assert kernels.level() in levels


def test_the_best_is_the_default(run_python):
    assert run_python(SAY).stdout.strip() == kernels.available_levels()[-1]
    assert run_python(SAY, FASTLOGREG_ISA="").stdout.strip() == kernels.available_levels()[-1]


@pytest.mark.parametrize("name", kernels.available_levels())
def test_environment_picks_the_level(run_python, name):
    assert run_python(SAY, FASTLOGREG_ISA=name).stdout.strip() == name
    assert run_python(SAY, FASTLOGREG_ISA=f" {name.upper()} ").stdout.strip() == name
    shown = run_python("import fastlogreg; fastlogreg.show_versions()", FASTLOGREG_ISA=name).stdout
    assert f"instruction set  {name} (available: baseline" in shown


@pytest.mark.parametrize("name", ["sse9", "avx", "0"])
def test_a_wrong_name_is_refused(run_python, name):
    done = run_python(SAY, check=False, FASTLOGREG_ISA=name)
    assert done.returncode == 1
    last = done.stderr.strip().split("\n")[-1]
    assert last.startswith(f"ValueError: instruction set '{name}' is not available here")
    assert str(kernels.available_levels()) in last
    with pytest.raises(ValueError, match=f"instruction set '{name}' is not available"):
        kernels.select_level(name)


def test_select_level_selects(level):
    assert kernels.level() == level


def on_every_level(function):
    before, results = kernels.level(), []
    try:
        for name in kernels.available_levels():
            kernels.select_level(name)
            results.append(function())
    finally:
        kernels.select_level(before)
    return results


@pytest.mark.parametrize(
    "kind", [np.ascontiguousarray, np.asfortranarray, sp.csr_array, sp.csc_array]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_levels_agree_to_rounding(kind, dtype):
    rng = np.random.default_rng(0)
    X = kind(rng.normal(size=(1003, 37)).astype(dtype))
    y, coef = rng.random(1003), rng.normal(size=37)

    def everything():
        loss, gradient, hessian = core.loss_gradient_hessian(X, y, coef, 0.3, alpha=0.1)
        product = core.hessian_vector_product(X, y, coef, 0.3, np.ones(38))
        fit = fastlogreg.fit(X, y, alpha=1e-3, tol=1e-14)
        scores = core.decision_function(X, coef, 0.3)
        return [loss, gradient, hessian, product, core.predict_proba(X, coef), scores, fit.coef]

    first, *others = on_every_level(everything)
    for other in others:
        for a, b in zip(first[:4], other[:4], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
        for a, b in zip(first[4:6], other[4:6], strict=True):
            eps = np.finfo(np.asarray(a).dtype).eps
            np.testing.assert_allclose(a, b, rtol=200 * eps, atol=200 * eps)
        np.testing.assert_allclose(first[6], other[6], atol=1e-7)


def test_levels_differ_in_their_last_bits():
    """They really are different kernels: fused multiply-adds round once, others twice."""
    if len(kernels.available_levels()) == 1:
        pytest.skip("one level here")
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1000, 30)), rng.random(1000)
    bits = on_every_level(lambda: core.loss_gradient(X, y, np.ones(30))[1].tobytes())
    assert len(set(bits)) > 1
