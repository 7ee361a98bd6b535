/* One cycle of coordinate descent on a penalised quadratic model around a point.
 *
 * With H symmetric (q x q, row stride ld) the model of the parameters w is
 *     m(w) = slope . (step) + 1/2 step' H step + sum_j l1_j |w_j| + 1/2 sum_j l2_j w_j^2
 * on the box lower <= w <= upper. `slope` holds the quadratic's gradient at w and follows every change
 * of w (the covariance form): a coordinate costs one row of H, and nothing if it stays.
 * Each coordinate moves to its own minimiser
 *     w_j := clip(soft(H_jj w_j - slope_j, l1_j) / (H_jj + l2_j)),  soft(u, t) = sign(u) max(|u| - t, 0).
 * Returns the largest (H_jj + l2_j) (change of w_j)^2, twice the model's decrease by that coordinate.
 * Needs    l1, l2 >= 0, lower <= upper; each may be NULL (0, 0, -inf, inf).
 * Source   Friedman, Hastie & Tibshirani, "Regularization paths for generalized linear models via
 *          coordinate descent" (2010), sec. 2.2; twin: reference.coordinate_sweep.
 */
static double coordinate_sweep(ptrdiff_t q, ptrdiff_t ld, const double *H, const double *l1,
                               const double *l2, const double *lower, const double *upper, double *w,
                               double *slope)
{
    double largest = 0.0;
    for (ptrdiff_t j = 0; j < q; j++) {
        const double *row = H + j * ld;
        const double threshold = l1 ? l1[j] : 0.0, curvature = row[j] + (l2 ? l2[j] : 0.0);
        if (!(curvature > 0.0)) continue; /* nothing holds this coordinate: it stays */
        const double u = row[j] * w[j] - slope[j], shrunk = fabs(u) - threshold;
        double moved = shrunk > 0.0 ? (u > 0.0 ? shrunk : -shrunk) / curvature : 0.0;
        if (lower && moved < lower[j]) moved = lower[j];
        if (upper && moved > upper[j]) moved = upper[j];
        const double change = moved - w[j];
        if (change == 0.0) continue;
        const vd by = v_set1(change);
        ptrdiff_t k = 0;
        for (; k + VL <= q; k += VL) v_store(slope + k, v_fma(by, v_load(row + k), v_load(slope + k)));
        for (; k < q; k++) slope[k] += change * row[k];
        w[j] = moved;
        if (curvature * change * change > largest) largest = curvature * change * change;
    }
    return largest;
}
