/* Row blocks times vectors, for one type of values T: included once for float and once for double.
 *
 * A block is rows [lo, lo + m) of a problem, m <= FLR_ROWS_MAX, small enough to stay in cache between
 *   scores:  z_i = x_i . w                      (the forward product)
 *   collect: g_j += sum_i r_i x_ij              (the backward product; or r_i x_ij^2)
 * Vectors w and g are padded to a multiple of 8, z and r to a multiple of 8 above m.
 */

FLR_INLINE const T *FN(row)(const flr_problem *pb, ptrdiff_t i)
{
    return (const T *)pb->x.values + (pb->rows ? pb->rows[i] : i) * pb->x.ld;
}

/* ------------------------------------------------------------------ row-major */

/* Eight rows at once, one accumulator a row. The rows a block ahead are asked for meanwhile: without
 * that the memory bus idles while the losses are computed (1.2 to 1.4 times slower). */
static void FN(scores_c)(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m, ptrdiff_t ahead,
                         const double *w, double *z)
{
    const ptrdiff_t p = pb->x.p, whole = p - p % VL;
    const ptrdiff_t dist = pb->rows ? 0 : ahead * pb->x.ld;
    for (ptrdiff_t i = 0; i < m; i += 8) {
        const T *x[8];
        for (int k = 0; k < 8; k++) {
            ptrdiff_t at = i + k < m ? i + k : m - 1;
            x[k] = FN(row)(pb, lo + at);
        }
        if (pb->rows && lo + i + 16 <= pb->n)
            for (int k = 8; k < 16; k++) {
                const char *next = (const char *)FN(row)(pb, lo + i + k);
                for (ptrdiff_t line = 0; line < p * (ptrdiff_t)sizeof(T); line += 64)
                    FLR_PREFETCH_L2(next + line);
            }
        vd acc[8];
        FLR_UNROLL
        for (int k = 0; k < 8; k++) acc[k] = v_set1(0.0);
        if (dist) {
            for (ptrdiff_t j = 0; j < whole; j += VL) {
                vd wj = v_load(w + j);
                FLR_UNROLL
                for (int k = 0; k < 8; k++) {
                    acc[k] = v_fma(LOAD(x[k] + j), wj, acc[k]);
                    FLR_PREFETCH_L2(x[k] + j + dist);
                }
            }
        } else {
            for (ptrdiff_t j = 0; j < whole; j += VL) {
                vd wj = v_load(w + j);
                FLR_UNROLL
                for (int k = 0; k < 8; k++) acc[k] = v_fma(LOAD(x[k] + j), wj, acc[k]);
            }
        }
        if (whole < p) {
            vd wj = v_load(w + whole);
            FLR_UNROLL
            for (int k = 0; k < 8; k++)
                acc[k] = v_fma(LOAD_TAIL(x[k] + whole, (int)(p - whole)), wj, acc[k]);
        }
        FLR_UNROLL
        for (int g = 0; g < 8; g += VL) v_store(z + i + g, v_rowsum(acc + g));
    }
}

/* Few columns: all sums stay in registers while the block's rows stream by. */
FLR_INLINE void FN(collect_few)(const int nv, const int squared, const flr_problem *pb, ptrdiff_t lo,
                                ptrdiff_t m, const double *r, double *g)
{
    const int tail = (int)(pb->x.p - (ptrdiff_t)(nv - 1) * VL);
    vd acc[8];
    FLR_UNROLL
    for (int v = 0; v < nv; v++) acc[v] = v_load(g + v * VL);
    for (ptrdiff_t i = 0; i < m; i++) {
        const T *x = FN(row)(pb, lo + i);
        vd ri = v_set1(r[i]);
        FLR_UNROLL
        for (int v = 0; v < nv - 1; v++) {
            vd xv = LOAD(x + v * VL);
            acc[v] = v_fma(v_term(squared, xv), ri, acc[v]);
        }
        vd xv = LOAD_TAIL(x + (nv - 1) * VL, tail);
        acc[nv - 1] = v_fma(v_term(squared, xv), ri, acc[nv - 1]);
    }
    FLR_UNROLL
    for (int v = 0; v < nv; v++) v_store(g + v * VL, acc[v]);
}

FLR_INLINE void FN(collect_many)(const int squared, const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m,
                                 const double *r, double *g)
{
    const ptrdiff_t p = pb->x.p, whole = p - p % VL;
    for (ptrdiff_t i = 0; i < m; i += 8) {
        const T *x[8];
        vd ri[8];
        FLR_UNROLL
        for (int k = 0; k < 8; k++) {
            int live = i + k < m;
            x[k] = FN(row)(pb, lo + (live ? i + k : m - 1));
            ri[k] = v_set1(live ? r[i + k] : 0.0);
        }
        for (ptrdiff_t j = 0; j < whole; j += VL) {
            vd even = v_load(g + j), odd = v_set1(0.0);
            FLR_UNROLL
            for (int k = 0; k < 8; k += 2) {
                vd a = LOAD(x[k] + j), b = LOAD(x[k + 1] + j);
                even = v_fma(v_term(squared, a), ri[k], even);
                odd = v_fma(v_term(squared, b), ri[k + 1], odd);
            }
            v_store(g + j, even + odd);
        }
        if (whole < p) {
            vd sum = v_load(g + whole);
            FLR_UNROLL
            for (int k = 0; k < 8; k++) {
                vd a = LOAD_TAIL(x[k] + whole, (int)(p - whole));
                sum = v_fma(v_term(squared, a), ri[k], sum);
            }
            v_store(g + whole, sum);
        }
    }
}

FLR_INLINE void FN(collect_c)(const int squared, const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m,
                              const double *r, double *g)
{
    switch ((pb->x.p + VL - 1) / VL) {
    case 1: FN(collect_few)(1, squared, pb, lo, m, r, g); break;
    case 2: FN(collect_few)(2, squared, pb, lo, m, r, g); break;
    case 3: FN(collect_few)(3, squared, pb, lo, m, r, g); break;
    case 4: FN(collect_few)(4, squared, pb, lo, m, r, g); break;
    case 5: FN(collect_few)(5, squared, pb, lo, m, r, g); break;
    case 6: FN(collect_few)(6, squared, pb, lo, m, r, g); break;
    case 7: FN(collect_few)(7, squared, pb, lo, m, r, g); break;
    case 8: FN(collect_few)(8, squared, pb, lo, m, r, g); break;
    default: FN(collect_many)(squared, pb, lo, m, r, g);
    }
}

/* ------------------------------------------------------------------ column-major */

/* Four columns at a time over the whole block, so that z is read and written a quarter as often. */
static void FN(scores_f)(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m, const double *w, double *z)
{
    const ptrdiff_t p = pb->x.p, ld = pb->x.ld, whole = m - m % VL;
    const int tail = (int)(m - whole);
    for (ptrdiff_t i = 0; i < m; i += VL) v_store(z + i, v_set1(0.0));
    for (ptrdiff_t j = 0; j < p; j += 4) {
        const T *x[4];
        vd wj[4];
        for (int k = 0; k < 4; k++) {
            ptrdiff_t at = j + k < p ? j + k : p - 1;
            x[k] = (const T *)pb->x.values + at * ld + lo;
            wj[k] = v_set1(j + k < p ? w[at] : 0.0);
        }
        for (ptrdiff_t i = 0; i < whole; i += VL) {
            vd sum = v_load(z + i);
            FLR_UNROLL
            for (int k = 0; k < 4; k++) sum = v_fma(LOAD(x[k] + i), wj[k], sum);
            v_store(z + i, sum);
        }
        if (tail) {
            vd sum = v_load(z + whole);
            FLR_UNROLL
            for (int k = 0; k < 4; k++) sum = v_fma(LOAD_TAIL(x[k] + whole, tail), wj[k], sum);
            v_store(z + whole, sum);
        }
    }
}

FLR_INLINE void FN(collect_f)(const int squared, const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m,
                              const double *r, double *g)
{
    const ptrdiff_t p = pb->x.p, ld = pb->x.ld, whole = m - m % VL;
    const int tail = (int)(m - whole);
    for (ptrdiff_t j = 0; j < p; j += 4) {
        const T *x[4];
        vd acc[4];
        FLR_UNROLL
        for (int k = 0; k < 4; k++) {
            x[k] = (const T *)pb->x.values + (j + k < p ? j + k : p - 1) * ld + lo;
            acc[k] = v_set1(0.0);
        }
        for (ptrdiff_t i = 0; i < whole; i += VL) {
            vd ri = v_load(r + i);
            FLR_UNROLL
            for (int k = 0; k < 4; k++) {
                vd a = LOAD(x[k] + i);
                acc[k] = v_fma(v_term(squared, a), ri, acc[k]);
            }
        }
        if (tail) {
            vd ri = v_load_tail(r + whole, tail);
            FLR_UNROLL
            for (int k = 0; k < 4; k++) {
                vd a = LOAD_TAIL(x[k] + whole, tail);
                acc[k] = v_fma(v_term(squared, a), ri, acc[k]);
            }
        }
        for (int k = 0; k < 4 && j + k < p; k++) g[j + k] += v_sum(acc[k]);
    }
}

/* ------------------------------------------------------------------ sparse
 * A CSC matrix is the CSR of its transpose: `gather` serves CSR scores and CSC columns,
 * `scatter` CSR gradients and CSC scores. Lines are rows (CSR) or columns (CSC). */

FLR_INLINE double FN(gather_line)(const int squared, const flr_matrix *x, ptrdiff_t line,
                                  const double *w)
{
    const int32_t *index = x->index;
    const T *value = (const T *)x->values;
    int64_t k = x->start[line], end = x->start[line + 1];
    double a = 0.0, b = 0.0, c = 0.0, d = 0.0;
    if (value) {
        for (; k + 4 <= end; k += 4) {
            double v0 = value[k], v1 = value[k + 1], v2 = value[k + 2], v3 = value[k + 3];
            a += s_term(squared, v0) * w[index[k]];
            b += s_term(squared, v1) * w[index[k + 1]];
            c += s_term(squared, v2) * w[index[k + 2]];
            d += s_term(squared, v3) * w[index[k + 3]];
        }
        for (; k < end; k++) {
            double v = value[k];
            a += s_term(squared, v) * w[index[k]];
        }
    } else {
        for (; k + 4 <= end; k += 4) {
            a += w[index[k]];
            b += w[index[k + 1]];
            c += w[index[k + 2]];
            d += w[index[k + 3]];
        }
        for (; k < end; k++) a += w[index[k]];
    }
    return (a + b) + (c + d);
}

FLR_INLINE void FN(scatter_line)(const int squared, const flr_matrix *x, ptrdiff_t line, double r,
                                 double *g)
{
    const int32_t *index = x->index;
    const T *value = (const T *)x->values;
    int64_t k = x->start[line], end = x->start[line + 1];
    if (value)
        for (; k < end; k++) {
            double v = value[k];
            g[index[k]] += s_term(squared, v) * r;
        }
    else
        for (; k < end; k++) g[index[k]] += r;
}

/* Upper triangle of sum h x x' from sparse rows: every pair of a row's stored values. */
static void FN(gram_csr)(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *h, double *H)
{
    const flr_matrix *x = &pb->x;
    const T *value = (const T *)x->values;
    const ptrdiff_t p = x->p, Q = flr_padded(p + pb->intercept);
    for (ptrdiff_t i = lo; i < hi; i++) {
        double hi_ = h ? h[i - lo] : 1.0;
        for (int64_t a = x->start[i]; a < x->start[i + 1]; a++) {
            double va = hi_ * (value ? (double)value[a] : 1.0);
            ptrdiff_t ja = x->index[a];
            for (int64_t b = x->start[i]; b < x->start[i + 1]; b++)
                if (x->index[b] >= ja)
                    H[ja * Q + x->index[b]] += va * (value ? (double)value[b] : 1.0);
            if (pb->intercept) H[ja * Q + p] += va;
        }
        if (pb->intercept) H[p * Q + p] += hi_;
    }
}
