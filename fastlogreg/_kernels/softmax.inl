/* Many classes: softmax losses of row blocks, and what is gathered from them.
 *
 * Row i has scores z_ik = x_i . w_k + b_k + offset_ik and a label y_i (or probabilities y_ik).  With
 * m = max_k z_ik, attained first by class t, and rest = sum_{k != t} exp(z_ik - m):
 *   pi_ik = exp(z_ik - m) / (1 + rest)
 *   loss  = log1p(rest) + m - z_iy            (or log1p(rest) + sum_k y_ik (m - z_ik))
 *   residual_ik = pi_ik - y_ik, and - rest / (1 + rest) for k = y = t: no digit is lost on sure rows
 *   Hessian-vector product: rows r_ik = pi_ik (u_ik - sum_l pi_il u_il) of u = X v, then X' r.
 * A block of rows is read from memory once.  Its scores lie in one padded line a class, so that VL rows
 * share every step.  Weighted, raw sums.
 */

enum { TURN_CLASSES = 16 }; /* from here on, turned rows cost less than the row sums of dot */
enum { TURN_ROWS = 3 * VL, TURN_COLUMNS = 128 }; /* a strip of outer, at most 24 KiB: it stays in L1 */

#define BY_VALUE(call)                                                                              \
    if (sm->rows.x.is_float) {                                                                      \
        call(_f32, float);                                                                          \
    } else {                                                                                        \
        call(_f64, double);                                                                         \
    }

static ptrdiff_t class_rows(const flr_softmax *sm)
{
    const flr_matrix *x = &sm->rows.x;
    ptrdiff_t rows = ((ptrdiff_t)1 << 18) / (x->p * (x->is_float ? 4 : 8) + 1), most = 16384 / (sm->K + 1);
    if (x->layout == FLR_CSR) rows = 64;
    if (rows > most) rows = most;
    rows &= ~(ptrdiff_t)31;
    return rows < 32 ? 32 : rows > FLR_CLASS_ROWS ? FLR_CLASS_ROWS : rows;
}

/* Whole cache lines: an unaligned vector spans two. */
static double *class_aligned(double *scratch) { return (double *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63); }

/* Values between the lines of a block: not a multiple of 4096 bytes apart */
static ptrdiff_t class_line(ptrdiff_t rows) { return rows + 8; }

/* z (K lines) = X b' + b_0 (+ offset), lanes up to a multiple of VL filled; `wide`: scratch */
static void class_scores(const flr_softmax *sm, ptrdiff_t lo, ptrdiff_t m, const double *b,
                         const double *b_0, int with_offset, double *z, ptrdiff_t ldz, double *wide)
{
    const flr_matrix *x = &sm->rows.x;
    const ptrdiff_t K = sm->K, ldb = flr_class_stride(sm), full = (m + VL - 1) / VL * VL;
    for (ptrdiff_t k = 0; k < K; k++)
        for (ptrdiff_t i = 0; i < full; i++) z[k * ldz + i] = b_0[k];
    if (with_offset && sm->offset)
        for (ptrdiff_t i = 0; i < m; i++)
            for (ptrdiff_t k = 0; k < K; k++) z[k * ldz + i] += sm->offset[(lo + i) * K + k];
#define SCORES(S, T)                                                                                \
    if (x->layout == FLR_CSR) {                                                                     \
        for (ptrdiff_t i = 0; i < m; i++) {                                                         \
            sparse_scores##S(x, lo + i, b, ldb, wide);                                              \
            for (ptrdiff_t k = 0; k < K; k++) z[k * ldz + i] += wide[k];                            \
        }                                                                                           \
    } else if (x->layout == FLR_DENSE_C && K < TURN_CLASSES) {                                      \
        const int64_t *pick = sm->rows.rows;                                                        \
        lines##S rows = {(const T *)x->values + (pick ? 0 : lo * x->ld), x->ld, pick ? pick + lo : 0}; \
        if (x->p) dot##S(&rows, m, x->p, b, ldb, K, z, ldz);                                        \
    } else if (x->layout == FLR_DENSE_C) {                                                          \
        double turned[TURN_COLUMNS * TURN_ROWS];                                                    \
        const lines_f64 columns = {turned, TURN_ROWS, 0};                                           \
        for (ptrdiff_t i = 0; i < m; i += TURN_ROWS) {                                              \
            const ptrdiff_t some = m - i < TURN_ROWS ? m - i : TURN_ROWS;                           \
            for (ptrdiff_t j = 0; j < x->p; j += TURN_COLUMNS) {                                    \
                const ptrdiff_t part = x->p - j < TURN_COLUMNS ? x->p - j : TURN_COLUMNS;           \
                turn##S(&sm->rows, lo + i, some, j, part, TURN_ROWS, turned);                       \
                outer_f64(&columns, part, some, b + j, ldb, K, z + i, ldz, 0);                      \
            }                                                                                       \
        }                                                                                           \
    } else {                                                                                        \
        lines##S columns = {(const T *)x->values + lo, x->ld, 0};                                   \
        outer##S(&columns, x->p, m, b, ldb, K, z, ldz, 0);                                             \
    }
    BY_VALUE(SCORES)
#undef SCORES
}

/* out += X' r of K lines r, sums += their sums; rows up to hi will be wanted next */
static void class_collect(const flr_softmax *sm, ptrdiff_t lo, ptrdiff_t m, ptrdiff_t hi, const double *r,
                          ptrdiff_t ldr, double *out, double *sums, double *wide)
{
    const flr_matrix *x = &sm->rows.x;
    const ptrdiff_t K = sm->K, ldo = flr_class_stride(sm), next = hi - lo - m < m ? hi - lo - m : m;
    for (ptrdiff_t k = 0; k < K; k++) {
        vd sum = v_set1(0.0);
        for (ptrdiff_t i = 0; i < m; i += VL) sum = sum + v_load(r + k * ldr + i);
        sums[k] += v_sum(sum);
    }
#define COLLECT(S, T)                                                                               \
    if (x->layout == FLR_CSR) {                                                                     \
        for (ptrdiff_t i = 0; i < m; i++) {                                                         \
            for (ptrdiff_t k = 0; k < K; k++) wide[k] = r[k * ldr + i];                             \
            for (ptrdiff_t k = K; k < ldo; k++) wide[k] = 0.0;                                      \
            sparse_collect##S(x, lo + i, wide, ldo, out);                                           \
        }                                                                                           \
    } else if (x->layout == FLR_DENSE_C) {                                                          \
        const int64_t *pick = sm->rows.rows;                                                        \
        lines##S rows = {(const T *)x->values + (pick ? 0 : lo * x->ld), x->ld, pick ? pick + lo : 0}; \
        outer##S(&rows, m, x->p, r, ldr, K, out, ldo, pick ? 0 : next);                                            \
    } else {                                                                                        \
        lines##S columns = {(const T *)x->values + lo, x->ld, 0};                                   \
        if (x->p) dot##S(&columns, x->p, m, r, ldr, K, out, ldo);                                   \
    }
    BY_VALUE(COLLECT)
#undef COLLECT
}

/* VL weights from row i of m on; 0 beyond the end */
FLR_INLINE vd class_weights(const flr_softmax *sm, ptrdiff_t lo, ptrdiff_t m, ptrdiff_t i)
{
    const double *weight = sm->rows.weight;
    double s[VL];
    if (i + VL <= m) return weight ? v_load(weight + lo + i) : v_set1(1.0);
    for (int c = 0; c < VL; c++) s[c] = i + c >= m ? 0.0 : weight ? weight[lo + i + c] : 1.0;
    return v_load(s);
}

/* z becomes weighted residuals, lanes beyond m zero; probabilities go to proba if asked */
static double class_losses(const flr_softmax *sm, ptrdiff_t lo, ptrdiff_t m, double *z, ptrdiff_t ldz,
                           double *proba)
{
    const ptrdiff_t K = sm->K, ldp = flr_padded(sm->rows.n);
    const vd zero = v_set1(0.0), one = v_set1(1.0);
    vd total = zero;
    for (ptrdiff_t i = 0; i < m; i += VL) {
        const int lanes = m - i < VL ? (int)(m - i) : VL;
        const vd s = class_weights(sm, lo, m, i);
        vd most = v_load(z + i), rest = zero, likeliest = zero, linear = zero;
        double own[VL] = {0}, target[VL] = {0}; /* of the lanes: the label's score below the likeliest */
        for (ptrdiff_t k = 1; k < K; k++) most = v_max(most, v_load(z + k * ldz + i));
        if (sm->label) {
            for (int c = 0; c < lanes; c++) own[c] = z[sm->label[lo + i + c] * ldz + i + c];
            linear = v_load(own) - most;
            v_store(own, linear);
        }
        for (ptrdiff_t k = 0; k < K; k++) {
            const vd below = v_load(z + k * ldz + i) - most, e = v_exp_floored(below);
            const vmask is_likeliest = v_eq(below, zero);
            rest = rest + v_select(is_likeliest, zero, e);
            likeliest = likeliest + v_select(is_likeliest, one, zero);
            if (!sm->label) {
                for (int c = 0; c < lanes; c++) target[c] = sm->target[(lo + i + c) * K + k];
                linear = v_fma(v_load(target), v_max(v_set1(-1e300), below), linear);
            }
            v_store(z + k * ldz + i, e);
        }
        rest = rest + (likeliest - one); /* all but one of the likeliest */
        const vd inverse = one / (one + rest), scale = s * inverse;
        double sure[VL];
        v_store(sure, zero - rest * scale);
        total = v_fma(s, v_log1p_any(rest) - linear, total);
        if (proba)
            for (ptrdiff_t k = 0; k < K; k++)
                v_store(proba + k * ldp + lo + i, v_load(z + k * ldz + i) * inverse);
        for (ptrdiff_t k = 0; k < K; k++) {
            const vd e = v_load(z + k * ldz + i);
            if (sm->label) {
                v_store(z + k * ldz + i, scale * e);
                continue;
            }
            for (int c = 0; c < lanes; c++) target[c] = sm->target[(lo + i + c) * K + k];
            v_store(z + k * ldz + i, s * (e * inverse - v_load(target)));
        }
        if (sm->label) {
            double weight[VL];
            v_store(weight, s);
            for (int c = 0; c < lanes; c++) {
                double *at = z + sm->label[lo + i + c] * ldz + i + c;
                *at = own[c] == 0.0 ? sure[c] : *at - weight[c];
            }
        }
    }
    return v_sum(total);
}

static void softmax_evaluate(const flr_softmax *sm, ptrdiff_t lo, ptrdiff_t hi, flr_softmax_point *at,
                             double *scratch)
{
    const ptrdiff_t rows = class_rows(sm), ldz = class_line(rows);
    double *z = class_aligned(scratch), *wide = z + ldz * sm->K;
    for (ptrdiff_t i = lo; i < hi; i += rows) {
        const ptrdiff_t m = hi - i < rows ? hi - i : rows;
        class_scores(sm, i, m, at->coef, at->intercept, 1, z, ldz, wide);
        at->loss += class_losses(sm, i, m, z, ldz, at->proba);
        if (at->gradient) class_collect(sm, i, m, hi, z, ldz, at->gradient, at->sums, wide);
    }
}

/* u_k becomes t_k = u_k - sum_l pi_l u_l of VL rows, from differences to the likeliest class: on sure rows
 * these keep the digits that pi_k (1 - pi_k) has, and differences to the mean lose. */
FLR_INLINE void class_turn(ptrdiff_t K, const double *pi, ptrdiff_t ldp, double *u, ptrdiff_t ldu)
{
    vd most = v_load(pi), top = v_load(u), mean = v_set1(0.0);
    for (ptrdiff_t k = 1; k < K; k++) {
        const vd pi_k = v_load(pi + k * ldp);
        top = v_select(v_gt(pi_k, most), v_load(u + k * ldu), top);
        most = v_max(most, pi_k);
    }
    for (ptrdiff_t k = 0; k < K; k++) {
        const vd apart = v_load(u + k * ldu) - top;
        mean = v_fma(v_load(pi + k * ldp), apart, mean);
        v_store(u + k * ldu, apart);
    }
    for (ptrdiff_t k = 0; k < K; k++) v_store(u + k * ldu, v_load(u + k * ldu) - mean);
}

static void softmax_curved(const flr_softmax *sm, ptrdiff_t lo, ptrdiff_t hi, const double *proba,
                           const double *v, const double *v_b, double *out, double *sums, double *scratch)
{
    const ptrdiff_t K = sm->K, rows = class_rows(sm), ldz = class_line(rows), ldp = flr_padded(sm->rows.n);
    double *u = class_aligned(scratch), *wide = u + ldz * K;
    for (ptrdiff_t at = lo; at < hi; at += rows) {
        const ptrdiff_t m = hi - at < rows ? hi - at : rows;
        class_scores(sm, at, m, v, v_b, 0, u, ldz, wide);
        for (ptrdiff_t i = 0; i < m; i += VL) {
            const double *pi = proba + at + i;
            const vd s = class_weights(sm, at, m, i);
            class_turn(K, pi, ldp, u + i, ldz);
            for (ptrdiff_t k = 0; k < K; k++) {
                double *uk = u + k * ldz + i;
                v_store(uk, s * v_load(pi + k * ldp) * v_load(uk));
            }
        }
        class_collect(sm, at, m, hi, u, ldz, out, sums, wide);
    }
}

/* The certificate's sums for the step v: the means move to pi_k (1 + t_k), t_k = u_k - sum_l pi_l u_l,
 * which costs KL <= sum_k pi_k (t_k^2 / 2 + |t_k|^3 / 2 where t_k < 0), see reference.softmax_duality_gap;
 * they stop at 0, where t_k = -1.
 *   out[0] += these costs    out[1] += pi_k (-1 - t_k) where that is positive    out[2] = max(-t_k) */
static void softmax_dual_gap(const flr_softmax *sm, ptrdiff_t lo, ptrdiff_t hi, const double *proba,
                             const double *v, const double *v_b, double *out, double *scratch)
{
    const ptrdiff_t K = sm->K, rows = class_rows(sm), ldz = class_line(rows), ldp = flr_padded(sm->rows.n);
    const vd zero = v_set1(0.0), half = v_set1(0.5), one = v_set1(1.0);
    double *u = class_aligned(scratch), *wide = u + ldz * K;
    vd cost = zero, beyond = zero, reach = v_set1(out[2]);
    for (ptrdiff_t at = lo; at < hi; at += rows) {
        const ptrdiff_t m = hi - at < rows ? hi - at : rows;
        class_scores(sm, at, m, v, v_b, 0, u, ldz, wide);
        for (ptrdiff_t i = 0; i < m; i += VL) {
            const double *pi = proba + at + i;
            const vd s = class_weights(sm, at, m, i);
            vd each = zero, over = zero;
            class_turn(K, pi, ldp, u + i, ldz);
            for (ptrdiff_t k = 0; k < K; k++) {
                const vd t = v_select(v_gt(s, zero), v_load(u + k * ldz + i), zero), back = v_max(zero, zero - t);
                const vd past = v_max(zero, back - one), pi_k = v_load(pi + k * ldp);
                const vd stopped = t + past;
                each = v_fma(pi_k * half * stopped * stopped, one + (back - past), each);
                over = v_fma(pi_k, past, over);
                reach = v_max(reach, back);
            }
            cost = v_fma(s, v_select(v_gt(s, zero), each, zero), cost);
            beyond = v_fma(s, v_select(v_gt(s, zero), over, zero), beyond);
        }
    }
    out[0] += v_sum(cost);
    out[1] += v_sum(beyond);
    out[2] = v_hmax(reach);
    if (!(out[0] == out[0])) out[2] = (double)INFINITY; /* a nan must not pass as small */
}

static void softmax_predict(const flr_softmax *sm, ptrdiff_t lo, ptrdiff_t hi, const double *coef,
                            const double *intercept, int form, void *out, double *scratch)
{
    const ptrdiff_t K = sm->K, rows = class_rows(sm), ldz = class_line(rows);
    const int single = form == FLR_SCORE_F32 || form == FLR_PROBA_F32;
    double *z = class_aligned(scratch), *wide = z + ldz * K;
    for (ptrdiff_t at = lo; at < hi; at += rows) {
        const ptrdiff_t m = hi - at < rows ? hi - at : rows;
        class_scores(sm, at, m, coef, intercept, 1, z, ldz, wide);
        if (form == FLR_PROBA || form == FLR_PROBA_F32)
            for (ptrdiff_t i = 0; i < m; i += VL) {
                vd most = v_load(z + i), sum = v_set1(0.0);
                for (ptrdiff_t k = 1; k < K; k++) most = v_max(most, v_load(z + k * ldz + i));
                for (ptrdiff_t k = 0; k < K; k++) {
                    const vd e = v_exp(v_load(z + k * ldz + i) - most);
                    sum = sum + e;
                    v_store(z + k * ldz + i, e);
                }
                for (ptrdiff_t k = 0; k < K; k++)
                    v_store(z + k * ldz + i, v_load(z + k * ldz + i) / sum);
            }
        for (ptrdiff_t i = 0; i < m; i++)
            for (ptrdiff_t k = 0; k < K; k++) {
                if (single)
                    ((float *)out)[(at + i) * K + k] = (float)z[k * ldz + i];
                else
                    ((double *)out)[(at + i) * K + k] = z[k * ldz + i];
            }
    }
}

static void product(ptrdiff_t K, ptrdiff_t count, ptrdiff_t length, const double *b, ptrdiff_t ldb,
                    const double *x, ptrdiff_t ldx, double *out, ptrdiff_t ldo)
{
    const lines_f64 lines = {x, ldx, 0};
    outer_f64(&lines, count, length, b, ldb, K, out, ldo, 0);
}
