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

/* Per-row values of a block. Buffers next to each other differ in their address modulo 4096, lest a
 * load of one waits for a store to another (4K aliasing; 1.7 times slower losses were measured). */
typedef double row_buffer[FLR_ROWS_MAX + 136] FLR_ALIGN64;

/* Rows of a block where the processor alone fetches ahead: long enough for the memory to stream (it
 * starts anew with every block), short enough to stay in L2 meanwhile. */
static ptrdiff_t long_block(const flr_problem *pb)
{
    const ptrdiff_t p = pb->x.p, size = pb->x.is_float ? 4 : 8;
    if (pb->x.layout == FLR_DENSE_C) {
        ptrdiff_t rows = ((ptrdiff_t)1 << 18) / (p * size + 1) & ~(ptrdiff_t)31;
        return rows < 32 ? 32 : rows > FLR_ROWS_MAX ? FLR_ROWS_MAX : rows;
    }
    if (pb->x.layout == FLR_DENSE_F) {
        ptrdiff_t rows = ((ptrdiff_t)1 << 18) / (p * size + 1) & ~(ptrdiff_t)63;
        return rows < 64 ? 64 : rows > 512 ? 512 : rows;
    }
    return 256;
}

/* Rows of a block. Rows of few vectors are fetched ahead by request (fetch_row), evenly only where the
 * products that ask and those that do not follow each other quickly. */
static ptrdiff_t block_rows(const flr_problem *pb)
{
    const ptrdiff_t bytes = pb->x.p * (pb->x.is_float ? 4 : 8);
    if (pb->x.layout != FLR_DENSE_C || pb->x.p > FEW * VL) return long_block(pb);
    const ptrdiff_t rows = 4800 / (bytes + 1) & ~(ptrdiff_t)7;
    return rows < 8 ? 8 : rows > FLR_ROWS_MAX ? FLR_ROWS_MAX : rows;
}

static void block_scores(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m, const double *w,
                         double intercept, int with_offset, double *z)
{
#define SCORES(T)                                                                                   \
    switch (pb->x.layout) {                                                                         \
    case FLR_DENSE_C: scores_c##T(pb, lo, m, w, z); break;                                   \
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
FLR_INLINE double losses(const int labels, const int weighted, const flr_problem *pb, ptrdiff_t lo,
                         ptrdiff_t m, double *z, double *r, double *h, double *residual_sum)
{
    const ptrdiff_t whole = m - m % VL;
    vd loss = v_set1(0.0), total = v_set1(0.0);
    for (ptrdiff_t i = 0; i < whole; i += VL) {
        vd residual, curvature;
        vd y = labels ? v_load_label(pb->label + lo + i) : v_load(pb->target + lo + i);
        vd each = v_loss(v_load(z + i), y, &residual, &curvature);
        if (weighted) {
            vd s = v_load(pb->weight + lo + i);
            residual = residual * s;
            curvature = curvature * s;
            loss = v_fma(each, s, loss);
        } else {
            loss = loss + each;
        }
        total = total + residual;
        v_store(r + i, residual);
        v_store(h + i, curvature);
    }
    if (whole < m) {
        double y[8] = {0}, s[8] = {0};
        vd residual, curvature;
        for (ptrdiff_t i = whole; i < m; i++) {
            y[i - whole] = labels ? pb->label[lo + i] : pb->target[lo + i];
            s[i - whole] = weighted ? pb->weight[lo + i] : 1.0;
        }
        for (ptrdiff_t i = m; i < whole + VL; i++) z[i] = 0.0;
        vd each = v_loss(v_load(z + whole), v_load(y), &residual, &curvature);
        residual = residual * v_load(s);
        loss = v_fma(each, v_load(s), loss);
        total = total + residual;
        v_store(r + whole, residual);
        v_store(h + whole, curvature * v_load(s));
    }
    *residual_sum = v_sum(total);
    return v_sum(loss);
}

static double block_loss(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m, double *z, double *r,
                         double *h, double *residual_sum)
{
    if (pb->label)
        return pb->weight ? losses(1, 1, pb, lo, m, z, r, h, residual_sum)
                          : losses(1, 0, pb, lo, m, z, r, h, residual_sum);
    return pb->weight ? losses(0, 1, pb, lo, m, z, r, h, residual_sum)
                      : losses(0, 0, pb, lo, m, z, r, h, residual_sum);
}

static void transform(ptrdiff_t n, const double *z, int form, void *out);

static void predict(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *coef,
                    double intercept, int form, void *out)
{
    row_buffer z;
    const ptrdiff_t rows = block_rows(pb);
    const size_t size = form == FLR_SCORE ? 8 : form == FLR_SCORE_F32 ? 4 : form == FLR_PROBA ? 16 : 8;
    for (ptrdiff_t i = lo; i < hi; i += rows) {
        const ptrdiff_t m = hi - i < rows ? hi - i : rows;
        block_scores(pb, i, m, coef, intercept, 1, z);
        transform(m, z, form, (char *)out + (size_t)i * size);
    }
}

#if VL == 8
/* H (8 x 8, upper triangle) += sum over m row-major rows of h [x, 1] [x, 1]': one vector a row, met by each
 * of its own values; for so few columns packing costs as much as the products. */
FLR_INLINE void gram_tiny(const int p, const int intercept, const flr_problem *pb, ptrdiff_t lo,
                          ptrdiff_t m, const double *h, double *H)
{
    const int q = p + intercept; /* at most 8 */
    double one[8] = {0};
    vd acc[9];
    if (intercept) one[p & 7] = 1.0;
    const vd ones = v_load(one);
    FLR_UNROLL
    for (int k = 0; k < q; k++) acc[k] = v_load(H + 8 * k);
    for (ptrdiff_t i = 0; i < m; i++) {
        const double *x = row_f64(pb, lo + i);
        const vd hx = (ones + v_load_tail(x, p)) * v_set1(h ? h[i] : 1.0);
        FLR_UNROLL
        for (int k = 0; k < p; k++) acc[k] = v_fma(v_set1(x[k]), hx, acc[k]);
        if (intercept) acc[q - 1] = acc[q - 1] + hx;
    }
    FLR_UNROLL
    for (int k = 0; k < q; k++) v_store(H + 8 * k, acc[k]);
}
#endif

/* Packs blocks until FLR_GRAM_ROWS are there, then adds their tiles; flushes at m = 0. */
static void gram_add(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m, ptrdiff_t *filled,
                     ptrdiff_t from, const double *h, double *H, double *scratch)
{
    const ptrdiff_t Q = flr_padded(pb->x.p + pb->intercept);
    double *xp = scratch, *hp = scratch + (size_t)FLR_GRAM_ROWS * Q;
    if (pb->x.layout == FLR_CSR) {
        if (m && pb->x.is_float)
            gram_csr_f32(pb, lo, lo + m, from, h, H);
        else if (m)
            gram_csr_f64(pb, lo, lo + m, from, h, H);
        return;
    }
#if VL == 8
#define TINY(p)                                                                                     \
    if (pb->intercept)                                                                              \
        gram_tiny(p, 1, pb, lo, m, h, H);                                                           \
    else                                                                                            \
        gram_tiny(p, 0, pb, lo, m, h, H)
    if (Q == 8 && pb->x.p > 0 && pb->x.layout == FLR_DENSE_C && !pb->x.is_float) {
        switch (pb->x.p) { FEW_CASES(TINY) }
        return;
    }
#undef TINY
#endif
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
            tiles(*filled, from, Q, Q, xp, hp, H);
            *filled = 0;
        }
    }
    if (m == 0 && *filled) {
        tiles(*filled, from, Q, Q, xp, hp, H);
        *filled = 0;
    }
}

static void gram(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, ptrdiff_t from, const double *h,
                 double *H, double *scratch)
{
    ptrdiff_t filled = 0;
    gram_add(pb, lo, hi - lo, &filled, from, h, H, scratch);
    gram_add(pb, hi, 0, &filled, from, h, H, scratch);
}

static void gram_single(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, ptrdiff_t from,
                        const double *h, double *H, double *scratch)
{
    const ptrdiff_t Q = flr_padded(pb->x.p + pb->intercept);
    float *xp = (float *)scratch, *hp = xp + (size_t)FLR_GRAM_ROWS * (Q + 8);
    if (pb->x.layout == FLR_CSR) {
        gram(pb, lo, hi, from, h, H, scratch);
        return;
    }
    for (ptrdiff_t i = lo; i < hi; i += FLR_GRAM_ROWS) {
        const ptrdiff_t m = hi - i < FLR_GRAM_ROWS ? hi - i : FLR_GRAM_ROWS;
        const double *part = h ? h + (i - lo) : 0;
        if (pb->x.is_float)
            pack_f32_single(pb, i, m, 0, part, xp, hp);
        else
            pack_f64_single(pb, i, m, 0, part, xp, hp);
        tiles_single(m, from, Q, Q, xp, hp, H);
    }
}

static void evaluate(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, flr_point *at, double *scratch)
{
    row_buffer z, r, h;
    ptrdiff_t rows = block_rows(pb), filled = 0;
    double loss = 0.0;
    for (ptrdiff_t i = lo; i < hi; i += rows) {
        const ptrdiff_t m = hi - i < rows ? hi - i : rows;
        const size_t bytes = (size_t)m * sizeof(double);
        double residual_sum;
        block_scores(pb, i, m, at->coef, at->intercept, 1, z);
        if (at->score) memcpy(at->score + i, z, bytes);
        loss += block_loss(pb, i, m, z, r, h, &residual_sum);
        if (at->gradient) {
            block_collect(0, pb, i, m, r, at->gradient);
            at->gradient[pb->x.p] += residual_sum;
        }
        if (at->residual) memcpy(at->residual + i, r, bytes);
        if (at->curvature) memcpy(at->curvature + i, h, bytes);
        if (at->hessian) gram_add(pb, i, m, &filled, 0, h, at->hessian, scratch);
    }
    if (at->hessian) gram_add(pb, hi, 0, &filled, 0, 0, at->hessian, scratch);
    at->loss += loss;
}

static void curved_product(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *curvature,
                           const double *v, double v_b, double *along, double *out)
{
    row_buffer z;
    const ptrdiff_t rows = block_rows(pb);
    for (ptrdiff_t i = lo; i < hi; i += rows) {
        const ptrdiff_t m = hi - i < rows ? hi - i : rows;
        double sum = 0.0;
        block_scores(pb, i, m, v, v_b, 0, z);
        if (along) memcpy(along + i, z, (size_t)m * sizeof(double));
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
    const vd zero = v_set1(0.0), one = v_set1(1.0);
    vd cost = zero, fourth = zero, largest = v_set1(out[1]);
    for (ptrdiff_t i = 0; i < m; i += VL) {
        double buffer[5][8] = {{0}};
        vd zi, ui, hi, s = one, k = zero;
        if (i + VL <= m) {
            zi = v_load(z + i), ui = v_load(u + i), hi = v_load(h + i);
            if (weight) s = v_load(weight + i);
            if (moves) k = v_load(moves + i);
        } else {
            for (ptrdiff_t j = i; j < m; j++) {
                buffer[0][j - i] = z[j];
                buffer[1][j - i] = u[j];
                buffer[2][j - i] = h[j];
                buffer[3][j - i] = weight ? weight[j] : 1.0;
                if (moves) buffer[4][j - i] = moves[j];
            }
            zi = v_load(buffer[0]), ui = v_load(buffer[1]), hi = v_load(buffer[2]);
            s = v_load(buffer[3]), k = v_load(buffer[4]);
        }
        const vmask counts = v_gt(s, zero);
        const vd each = hi / v_select(counts, s, one);
        vd rho = ui;
        if (moves) rho = k * ui / v_select(counts, hi, one);
        rho = v_select(counts, rho, zero);
        const vd odd = one - v_set1(4.0) * each;
        const vd tilt = v_sqrt(v_select(v_gt(odd, zero), odd, zero));
        const vd c = v_fma(v_select(v_gt(zi, zero), tilt, zero - tilt), rho, each * rho * rho);
        const vd size = v_abs(c), quadratic = hi * rho * rho;
        const vd rest = c * c / (v_set1(12.0) * (one - size));
        cost = v_fma(quadratic, v_set1(0.5) + c * v_set1(1.0 / 6.0) + rest, cost);
        fourth = v_fma(quadratic, rest + rest, fourth);
        largest = v_max(largest, v_max(size, v_abs(rho)));
    }
    out[0] += v_sum(cost) * (1.0 + 1e-8); /* tilt of pi near 1/2 is known to 1e-8 */
    out[1] = v_hmax(largest);
    out[2] += v_sum(fourth);
    if (!(out[0] == out[0])) out[1] = (double)INFINITY; /* a nan must not pass as small */
}

static void dual_gap(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *coef,
                     double intercept, const double *v, double v_b, const double *moves, double *out)
{
    row_buffer z, u, r, h;
    double sum;
    const ptrdiff_t rows = block_rows(pb);
    for (ptrdiff_t i = lo; i < hi; i += rows) {
        const ptrdiff_t m = hi - i < rows ? hi - i : rows;
        block_scores(pb, i, m, coef, intercept, 1, z);
        block_scores(pb, i, m, v, v_b, 0, u);
        block_loss(pb, i, m, z, r, h, &sum);
        dual_terms(m, z, u, h, pb->weight ? pb->weight + i : 0, moves ? moves + i : 0, out);
    }
}

static void dual_gap_rows(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *z,
                          const double *u, const double *moves, double *out)
{
    row_buffer zb, r, h;
    double sum;
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
    row_buffer zb, r, h;
    double loss = 0.0, ignored;
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

static void collect_some(const flr_matrix *x, const double *r, ptrdiff_t count, const int64_t *columns,
                         double *out)
{
    if (x->is_float)
        collect_some_f32(x, r, count, columns, out);
    else
        collect_some_f64(x, r, count, columns, out);
}
