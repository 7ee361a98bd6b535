/* exp and log1p on vectors: the two functions that logistic regression needs.
 *
 * exp(x), x <= 0:   k = rint(x / ln 2), r = x - k ln 2 with ln 2 in two parts (the first has 32
 *   trailing zero bits, so k times it is exact), exp(r) = 1 + r + r^2 P(r) with P of degree 9 (Chebyshev
 *   fit on |r| <= ln(2)/2 at 60 digits, error 1.1e-16), times 2^k.
 * log1p(e), 0 <= e <= 1:   1 + e is never formed.  For e < sqrt(2) - 1 let f = e, else f = (e - 1)/2 and
 *   ln 2 is added; s = f/(2 + f), log1p(f) = f - (f^2/2 - s (f^2/2 + R(s^2))), R of fdlibm's s_log1p.c
 *   (Sun Microsystems 1993).
 * Error: exp <= 1.1 ulp, log1p <= 2 ulp, sigmoid and cross-entropy <= 4 ulp (tests/test_elementwise.py).
 */
FLR_INLINE vd exp_core(vd x, vd *k_out)
{
    vd k = v_round(x * v_set1(0x1.71547652b82fep+0));
    vd r = v_fnma(k, v_set1(0x1.62e42fef00000p-1), x);
    r = v_fnma(k, v_set1(0x1.473de6af278edp-34), r);
    vd p = v_set1(0x1.af38d53857513p-26);
    p = v_fma(p, r, v_set1(0x1.2891a8c1d838dp-22));
    p = v_fma(p, r, v_set1(0x1.71de0d9c145d0p-19));
    p = v_fma(p, r, v_set1(0x1.a019b8ef67c6cp-16));
    p = v_fma(p, r, v_set1(0x1.a01a01a7c8d47p-13));
    p = v_fma(p, r, v_set1(0x1.6c16c17893833p-10));
    p = v_fma(p, r, v_set1(0x1.11111111109adp-7));
    p = v_fma(p, r, v_set1(0x1.5555555553d4fp-5));
    p = v_fma(p, r, v_set1(0x1.5555555555556p-3));
    p = v_fma(p, r, v_set1(0x1.0000000000001p-1));
    *k_out = k;
    return v_fma(p, r * r, r) + v_set1(1.0);
}

/* exp(x) for x <= 0; below -708 it stays at 3.3e-308, so that no denormal slows a pass */
FLR_INLINE vd v_exp_floored(vd x)
{
    vd k, m = exp_core(v_max(v_set1(-708.0), x), &k);
    return v_scale2_normal(m, k);
}

/* exp(x) for x <= 0 over the whole range, denormals and zero included */
FLR_INLINE vd v_exp(vd x)
{
    vd k, m = exp_core(v_max(v_set1(-750.0), x), &k);
    return v_scale2(m, k);
}

FLR_INLINE vd v_log1p(vd e)
{
    vmask far = v_gt(e, v_set1(0x1.a827999fcef34p-2)); /* sqrt(2) - 1 */
    vd f = v_select(far, (e - v_set1(1.0)) * v_set1(0.5), e);
    vd s = f / (f + v_set1(2.0)), z = s * s;
    vd R = v_set1(1.479819860511658591e-01);
    R = v_fma(R, z, v_set1(1.531383769920937332e-01));
    R = v_fma(R, z, v_set1(1.818357216161805012e-01));
    R = v_fma(R, z, v_set1(2.222219843214978396e-01));
    R = v_fma(R, z, v_set1(2.857142874366239149e-01));
    R = v_fma(R, z, v_set1(3.999999999940941908e-01));
    R = v_fma(R, z, v_set1(6.666666666666735130e-01)) * z;
    vd half = v_set1(0.5) * f * f;
    vd lo = v_select(far, v_set1(1.90821492927058770002e-10), v_set1(0.0));
    vd hi = v_select(far, v_set1(6.93147180369123816490e-01), v_set1(0.0));
    return hi - ((half - v_fma(s, half + R, lo)) - f);
}

/* log(1 + e) for any e >= 0: 1 + e = 2^k (1 + f), f in [0, 1), and e itself stays f where k = 0 */
FLR_INLINE vd v_log1p_any(vd e)
{
    const vd one = v_set1(1.0);
    vd k = v_exponent(one + e);
    vd f = v_scale2_normal(one + e, v_set1(0.0) - k) - one;
    return v_fma(k, v_set1(0x1.62e42fefa39efp-1), v_log1p(v_select(v_eq(k, v_set1(0.0)), e, f)));
}

/* Logistic loss of VL rows with score z and target y in [0, 1]:
 *   wrong = weight of the target on the wrong side of z, e = exp(-|z|), q = 1/(1 + e)
 *   loss = log1p(e) + wrong |z|, residual = sign(z) (wrong - e q), curvature = e q^2.
 * No cancellation where the answer is certain and right: the residual is then -+ e q. */
FLR_INLINE vd v_loss(vd z, vd y, vd *residual, vd *curvature)
{
    const vd zero = v_set1(0.0), one = v_set1(1.0);
    vd size = v_abs(z), e = v_exp_floored(zero - size);
    vmask positive = v_gt(z, zero);
    vd wrong = v_select(positive, one - y, y);
    vd q = one / (one + e), eq = e * q;
    vd miss = wrong - eq;
    *residual = v_select(positive, miss, zero - miss);
    *curvature = eq * q;
    /* 0 * inf would make nan of a certain, right answer */
    vd linear = v_select(v_eq(wrong, zero), zero, wrong * size);
    return v_log1p(e) + linear;
}
