/* Coordinate descent on a penalised quadratic model around a point.
 *
 * With H symmetric (q x q, row stride ld) the model of the parameters w is
 *     m(w) = slope . (step) + 1/2 step' H step + sum_j l1_j |w_j| + 1/2 sum_j l2_j w_j^2
 * on the box lower <= w <= upper. `slope` holds the quadratic's gradient at w and follows every change
 * of w (the covariance form): a coordinate costs one row of H, and nothing if it stays.
 * Each coordinate moves to its own minimiser
 *     w_j := clip(soft(H_jj w_j - slope_j, l1_j) / (H_jj + l2_j)),  soft(u, t) = sign(u) max(|u| - t, 0).
 * Needs    l1, l2 >= 0, lower <= upper; each may be NULL (0, 0, -inf, inf).
 * Source   Friedman, Hastie & Tibshirani, "Regularization paths for generalized linear models via
 *          coordinate descent" (2010), sec. 2.2; twin: reference.coordinate_sweep.
 */

/* Moves one coordinate; (H_jj + l2_j) (change of w_j)^2 is twice the model's decrease by that. */
FLR_INLINE double coordinate_step(const flr_quadratic *m, ptrdiff_t j, double *w, double *slope,
                                  double *pull)
{
    const double *row = m->H + j * m->ld;
    const double threshold = m->l1 ? m->l1[j] : 0.0, curvature = row[j] + (m->l2 ? m->l2[j] : 0.0);
    *pull = 0.0;
    if (!(curvature > 0.0)) return 0.0; /* nothing holds this coordinate: it stays */
    const double u = row[j] * w[j] - slope[j], shrunk = fabs(u) - threshold;
    double moved = shrunk > 0.0 ? (u > 0.0 ? shrunk : -shrunk) / curvature : 0.0;
    if (m->lower && moved < m->lower[j]) moved = m->lower[j];
    if (m->upper && moved > m->upper[j]) moved = m->upper[j];
    const double change = moved - w[j];
    if (change == 0.0) return 0.0;
    add_scaled(m->q, change, row, slope);
    w[j] = moved;
    *pull = curvature * fabs(change);
    return curvature * change * change;
}

/* One cycle; the largest of coordinate_step's values. */
static double coordinate_sweep(ptrdiff_t q, ptrdiff_t ld, const double *H, const double *l1,
                               const double *l2, const double *lower, const double *upper, double *w,
                               double *slope)
{
    const flr_quadratic model = {q, ld, H, l1, l2, lower, upper};
    double largest = 0.0, pull;
    for (ptrdiff_t j = 0; j < q; j++) {
        const double decrease = coordinate_step(&model, j, w, slope, &pull);
        if (decrease > largest) largest = decrease;
    }
    return largest;
}

/* The same model with H = X'KX - c c'/t never made (the residual form): t = K X step follows every change,
 * and a coordinate costs two walks along its column. For more columns than a Gram matrix can be kept of.
 * Without k the matrix holds the root of K times X already, and t = root(K) X step. */
FLR_INLINE void column_add(const flr_columns *m, ptrdiff_t j, double change)
{
    if (m->x->is_float)
        column_add_f32(m->x, j, change, m->k, m->t);
    else
        column_add_f64(m->x, j, change, m->k, m->t);
}

/* t += the columns times their steps */
static void columns_sum(const flr_columns *m, const double *step)
{
    for (ptrdiff_t j = 0; j < m->model.q; j++)
        if (step[j] != 0.0) column_add(m, j, step[j]);
}

static void scale_columns(const flr_matrix *x, ptrdiff_t lo, ptrdiff_t hi, const double *factor, int single,
                          void *out, double *squares, double *sums)
{
    if (x->is_float)
        scale_columns_f32(x, lo, hi, factor, single, out, squares, sums);
    else
        scale_columns_f64(x, lo, hi, factor, single, out, squares, sums);
}

FLR_INLINE double column_step(const flr_columns *m, ptrdiff_t j, double *w, double *sum, double *pull)
{
    const double own = m->curvature[j], curvature = own + m->model.l2[j];
    *pull = 0.0;
    if (!(curvature > 0.0)) return 0.0;
    const flr_matrix *x = m->x;
    const double product = x->is_float ? column_product_f32(x, j, m->t) : column_product_f64(x, j, m->t);
    const double slope = m->gradient[j] + product - m->cross[j] * *sum * m->scale;
    const double u = own * w[j] - slope, shrunk = fabs(u) - m->model.l1[j];
    double moved = shrunk > 0.0 ? (u > 0.0 ? shrunk : -shrunk) / curvature : 0.0;
    if (moved < m->model.lower[j]) moved = m->model.lower[j];
    if (moved > m->model.upper[j]) moved = m->model.upper[j];
    const double change = moved - w[j];
    if (change == 0.0) return 0.0;
    column_add(m, j, change);
    *sum += change * m->cross[j];
    w[j] = moved;
    *pull = curvature * fabs(change);
    return curvature * change * change;
}

/* Cycles over all coordinates, and in between over those off zero only, until one over all lowers the
 * model by no more than `loose` of what all did, `so_far` included, or no coordinate's slope was off by
 * more than `exact`; with `settle` one over those off zero is enough. Returns the number of cycles,
 * negated if max_cycles were not enough. list: q indices. */
#define CYCLES(step, settle)                                                                        \
    double total = so_far;                                                                          \
    int cycles = 0;                                                                                 \
    for (;;) {                                                                                      \
        double gain = 0.0, largest = 0.0, pull;                                                     \
        ptrdiff_t active = 0;                                                                       \
        for (ptrdiff_t j = 0; j < q; j++) {                                                         \
            gain += step(model, j, w, state, &pull);                                                \
            if (pull > largest) largest = pull;                                                     \
            if (w[j] != 0.0) list[active++] = j;                                                    \
        }                                                                                           \
        cycles++;                                                                                   \
        total += gain;                                                                              \
        if (gain <= loose * total || largest <= exact) return cycles;                               \
        while (cycles < max_cycles) {                                                               \
            gain = largest = 0.0;                                                                   \
            for (ptrdiff_t k = 0; k < active; k++) {                                                \
                gain += step(model, list[k], w, state, &pull);                                      \
                if (pull > largest) largest = pull;                                                 \
            }                                                                                       \
            cycles++;                                                                               \
            total += gain;                                                                          \
            if (gain <= 0.3 * loose * total || largest <= exact) break;                             \
        }                                                                                           \
        if (cycles >= max_cycles) return -cycles;                                                   \
        if (settle) return cycles;                                                                  \
    }

static int coordinate_cycles(const flr_quadratic *model, double *w, double *state, ptrdiff_t *list,
                             double so_far, double loose, double exact, int max_cycles)
{
    const ptrdiff_t q = model->q;
    CYCLES(coordinate_step, 0)
}

/* state: the sum of cross * step, one number */
static int column_cycles(const flr_columns *model, double *w, double *state, ptrdiff_t *list,
                         double so_far, double loose, double exact, int max_cycles)
{
    const ptrdiff_t q = model->model.q;
    CYCLES(column_step, loose > 0.0)
}
#undef CYCLES
