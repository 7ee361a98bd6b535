/* Rows of a problem evaluated in blocks: scores, losses, and what is gathered from them.
 *
 * A block of rows is read from memory once: its scores, then its losses, residuals and curvatures
 * (arrays on the stack), then its part of the gradient and Hessian while it is still in cache.
 */
#define BY_TYPE(call)                                                                               \
    if (pb->x.is_float) {                                                                           \
        call(_f32);                                                                                 \
    } else {                                                                                        \
        call(_f64);                                                                                 \
    }

/* Rows of a block: 16 to 32 KB row-major; column-major long enough to stream, short enough for L2. */
static ptrdiff_t block_rows(const flr_problem *pb)
{
    const ptrdiff_t p = pb->x.p, size = pb->x.is_float ? 4 : 8;
    if (pb->x.layout == FLR_DENSE_C) return p <= 100 ? 64 : p <= 1000 ? 32 : p <= 3000 ? 16 : 8;
    if (pb->x.layout == FLR_DENSE_F) {
        ptrdiff_t rows = ((ptrdiff_t)1 << 18) / (p * size + 1) & ~(ptrdiff_t)63;
        return rows < 64 ? 64 : rows > 512 ? 512 : rows;
    }
    return 256;
}

static void block_scores(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m, ptrdiff_t ahead,
                         const double *w, double intercept, int with_offset, double *z)
{
#define SCORES(T)                                                                                   \
    switch (pb->x.layout) {                                                                         \
    case FLR_DENSE_C: scores_c##T(pb, lo, m, ahead, w, z); break;                                   \
    case FLR_DENSE_F: scores_f##T(pb, lo, m, w, z); break;                                          \
    default:                                                                                        \
        for (ptrdiff_t i = 0; i < m; i++) z[i] = gather_line##T(0, &pb->x, lo + i, w);              \
    }
    BY_TYPE(SCORES)
#undef SCORES
    if (with_offset && pb->offset)
        for (ptrdiff_t i = 0; i < m; i++) z[i] += intercept + pb->offset[lo + i];
    else if (intercept != 0.0)
        for (ptrdiff_t i = 0; i < m; i++) z[i] += intercept;
}

FLR_INLINE void block_collect(const int squared, const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m,
                              const double *r, double *g)
{
#define COLLECT(T)                                                                                  \
    switch (pb->x.layout) {                                                                         \
    case FLR_DENSE_C: collect_c##T(squared, pb, lo, m, r, g); break;                                \
    case FLR_DENSE_F: collect_f##T(squared, pb, lo, m, r, g); break;                                \
    default:                                                                                        \
        for (ptrdiff_t i = 0; i < m; i++) scatter_line##T(squared, &pb->x, lo + i, r[i], g);        \
    }
    BY_TYPE(COLLECT)
#undef COLLECT
}

/* Losses of m rows at scores z (padded to VL): weighted residuals and curvatures, their sum of
 * residuals, the summed loss. */
static double block_loss(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m, double *z, double *r,
                         double *h, double *residual_sum)
{
    double y[FLR_ROWS_MAX + 8], s[FLR_ROWS_MAX + 8];
    const ptrdiff_t end = (m + VL - 1) / VL * VL;
    if (pb->label)
        for (ptrdiff_t i = 0; i < m; i++) y[i] = pb->label[lo + i];
    else
        for (ptrdiff_t i = 0; i < m; i++) y[i] = pb->target[lo + i];
    if (pb->weight)
        for (ptrdiff_t i = 0; i < m; i++) s[i] = pb->weight[lo + i];
    else
        for (ptrdiff_t i = 0; i < m; i++) s[i] = 1.0;
    for (ptrdiff_t i = m; i < end; i++) z[i] = y[i] = s[i] = 0.0;
    vd loss = v_set1(0.0), total = v_set1(0.0);
    for (ptrdiff_t i = 0; i < end; i += VL) {
        vd residual, curvature, si = v_load(s + i);
        vd each = v_loss(v_load(z + i), v_load(y + i), &residual, &curvature);
        residual = residual * si;
        loss = v_fma(each, si, loss);
        total = total + residual;
        v_store(r + i, residual);
        v_store(h + i, curvature * si);
    }
    *residual_sum = v_sum(total);
    return v_sum(loss);
}

static void transform(ptrdiff_t n, const double *z, int form, void *out);

static void predict(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *coef,
                    double intercept, int form, void *out)
{
    double z[FLR_ROWS_MAX + 8];
    const ptrdiff_t rows = block_rows(pb);
    const size_t size = form == FLR_SCORE ? 8 : form == FLR_SCORE_F32 ? 4 : form == FLR_PROBA ? 16 : 8;
    for (ptrdiff_t i = lo; i < hi; i += rows) {
        const ptrdiff_t m = hi - i < rows ? hi - i : rows;
        block_scores(pb, i, m, rows, coef, intercept, 1, z);
        transform(m, z, form, (char *)out + (size_t)i * size);
    }
}

/* Packs blocks until FLR_GRAM_ROWS are there, then adds their tiles; flushes at m = 0. */
static void gram_add(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m, ptrdiff_t *filled,
                     const double *h, double *H, double *scratch)
{
    const ptrdiff_t Q = flr_padded(pb->x.p + pb->intercept);
    double *xp = scratch, *hp = scratch + (size_t)FLR_GRAM_ROWS * Q;
    if (pb->x.layout == FLR_CSR) {
        if (m && pb->x.is_float)
            gram_csr_f32(pb, lo, lo + m, h, H);
        else if (m)
            gram_csr_f64(pb, lo, lo + m, h, H);
        return;
    }
    for (ptrdiff_t done = 0; done < m;) {
        ptrdiff_t room = FLR_GRAM_ROWS - *filled, take = m - done < room ? m - done : room;
        const double *part = h ? h + done : 0;
        if (pb->x.is_float)
            pack_f32(pb, lo + done, take, *filled, part, xp, hp);
        else
            pack_f64(pb, lo + done, take, *filled, part, xp, hp);
        done += take;
        *filled += take;
        if (*filled == FLR_GRAM_ROWS) {
            tiles(*filled, Q, xp, hp, H);
            *filled = 0;
        }
    }
    if (m == 0 && *filled) {
        tiles(*filled, Q, xp, hp, H);
        *filled = 0;
    }
}

static void gram(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *h, double *H,
                 double *scratch)
{
    ptrdiff_t filled = 0;
    gram_add(pb, lo, hi - lo, &filled, h, H, scratch);
    gram_add(pb, hi, 0, &filled, h, H, scratch);
}

static void evaluate(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, flr_point *at, double *scratch)
{
    double z[FLR_ROWS_MAX + 8], r[FLR_ROWS_MAX + 8], h[FLR_ROWS_MAX + 8];
    ptrdiff_t rows = block_rows(pb), filled = 0;
    double loss = 0.0;
    for (ptrdiff_t i = lo; i < hi; i += rows) {
        const ptrdiff_t m = hi - i < rows ? hi - i : rows;
        const size_t bytes = (size_t)m * sizeof(double);
        double residual_sum;
        block_scores(pb, i, m, rows, at->coef, at->intercept, 1, z);
        if (at->score) memcpy(at->score + i, z, bytes);
        loss += block_loss(pb, i, m, z, r, h, &residual_sum);
        if (at->gradient) {
            block_collect(0, pb, i, m, r, at->gradient);
            at->gradient[pb->x.p] += residual_sum;
        }
        if (at->residual) memcpy(at->residual + i, r, bytes);
        if (at->curvature) memcpy(at->curvature + i, h, bytes);
        if (at->hessian) gram_add(pb, i, m, &filled, h, at->hessian, scratch);
    }
    if (at->hessian) gram_add(pb, hi, 0, &filled, 0, at->hessian, scratch);
    at->loss += loss;
}

static void curved_product(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *curvature,
                           const double *v, double v_b, double *out)
{
    double z[FLR_ROWS_MAX + 8];
    const ptrdiff_t rows = block_rows(pb);
    for (ptrdiff_t i = lo; i < hi; i += rows) {
        const ptrdiff_t m = hi - i < rows ? hi - i : rows;
        double sum = 0.0;
        block_scores(pb, i, m, rows, v, v_b, 0, z);
        for (ptrdiff_t k = 0; k < m; k++) {
            z[k] *= curvature[i + k];
            sum += z[k];
        }
        block_collect(0, pb, i, m, z, out);
        out[pb->x.p] += sum;
    }
}

static void collect(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *r, int squared,
                    double *out)
{
    const ptrdiff_t rows = block_rows(pb);
    double sum = 0.0;
    for (ptrdiff_t i = lo; i < hi; i += rows) {
        const ptrdiff_t m = hi - i < rows ? hi - i : rows;
        if (squared)
            block_collect(1, pb, i, m, r + i, out);
        else
            block_collect(0, pb, i, m, r + i, out);
    }
    for (ptrdiff_t i = lo; i < hi; i++) sum += r[i];
    out[pb->x.p] += sum;
}

/* The certificate's sums over m rows with scores z, score changes u and weighted curvatures h.
 *
 * Moving the i-th mean pi_i by (curvature) * rho_i costs a divergence of at most
 *     weight * curvature * rho^2 (1/2 + c/6 + c^2 / (12 (1 - |c|))),  c = (2 pi - 1) rho + curvature rho^2,
 * for |c|, |rho| < 1 (proof: reference.duality_gap).  rho = u, or moves * u / h where other moves than
 * those of the present curvature make up the dual point.
 *   out[0] += these costs    out[1] = max(|c|, |rho|)    out[2] += the costs' fourth-order part, doubled
 */
static void dual_terms(ptrdiff_t m, const double *z, const double *u, const double *h,
                       const double *weight, const double *moves, double *out)
{
    double cost = 0.0, largest = out[1], fourth = 0.0;
    for (ptrdiff_t i = 0; i < m; i++) {
        const double s = weight ? weight[i] : 1.0;
        if (s == 0.0) continue;
        const double each = h[i] / s, rho = moves ? moves[i] * u[i] / h[i] : u[i];
        const double odd = 1.0 - 4.0 * each, tilt = odd > 0.0 ? sqrt(odd) : 0.0;
        const double c = (z[i] > 0.0 ? tilt : -tilt) * rho + each * rho * rho, size = fabs(c);
        const double quadratic = h[i] * rho * rho, rest = c * c / (12.0 * (1.0 - size));
        cost += quadratic * (0.5 + c / 6.0 + rest);
        fourth += 2.0 * quadratic * rest;
        if (!(size <= largest)) largest = size == size ? size : (double)INFINITY;
        if (!(fabs(rho) <= largest)) largest = rho == rho ? fabs(rho) : (double)INFINITY;
    }
    out[0] += cost;
    out[1] = largest;
    out[2] += fourth;
}

static void dual_gap(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *coef,
                     double intercept, const double *v, double v_b, const double *moves, double *out)
{
    double z[FLR_ROWS_MAX + 8], u[FLR_ROWS_MAX + 8], r[FLR_ROWS_MAX + 8], h[FLR_ROWS_MAX + 8], sum;
    const ptrdiff_t rows = block_rows(pb);
    for (ptrdiff_t i = lo; i < hi; i += rows) {
        const ptrdiff_t m = hi - i < rows ? hi - i : rows;
        block_scores(pb, i, m, rows, coef, intercept, 1, z);
        block_scores(pb, i, m, 0, v, v_b, 0, u);
        block_loss(pb, i, m, z, r, h, &sum);
        dual_terms(m, z, u, h, pb->weight ? pb->weight + i : 0, moves ? moves + i : 0, out);
    }
}

static void dual_gap_rows(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *z,
                          const double *u, const double *moves, double *out)
{
    double zb[FLR_ROWS_MAX + 8], r[FLR_ROWS_MAX + 8], h[FLR_ROWS_MAX + 8], sum;
    for (ptrdiff_t i = lo; i < hi; i += 256) {
        const ptrdiff_t m = hi - i < 256 ? hi - i : 256;
        memcpy(zb, z + i, (size_t)m * sizeof(double));
        block_loss(pb, i, m, zb, r, h, &sum);
        dual_terms(m, zb, u + i, h, pb->weight ? pb->weight + i : 0, moves ? moves + i : 0, out);
    }
}

static double loss_rows(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *z,
                        double *residual, double *curvature)
{
    double zb[FLR_ROWS_MAX + 8], r[FLR_ROWS_MAX + 8], h[FLR_ROWS_MAX + 8], loss = 0.0, ignored;
    for (ptrdiff_t i = lo; i < hi; i += 256) {
        const ptrdiff_t m = hi - i < 256 ? hi - i : 256;
        memcpy(zb, z + i, (size_t)m * sizeof(double));
        loss += block_loss(pb, i, m, zb, r, h, &ignored);
        if (residual) memcpy(residual + i, r, (size_t)m * sizeof(double));
        if (curvature) memcpy(curvature + i, h, (size_t)m * sizeof(double));
    }
    return loss;
}

static void csc_matvec(const flr_matrix *x, ptrdiff_t lo, ptrdiff_t hi, const double *w, double *z)
{
    for (ptrdiff_t j = lo; j < hi; j++)
        if (x->is_float)
            scatter_line_f32(0, x, j, w[j], z);
        else
            scatter_line_f64(0, x, j, w[j], z);
}

static void csc_rmatvec(const flr_matrix *x, ptrdiff_t lo, ptrdiff_t hi, const double *r, int squared,
                        double *g)
{
    for (ptrdiff_t j = lo; j < hi; j++)
        if (x->is_float)
            g[j] = squared ? gather_line_f32(1, x, j, r) : gather_line_f32(0, x, j, r);
        else
            g[j] = squared ? gather_line_f64(1, x, j, r) : gather_line_f64(0, x, j, r);
}
