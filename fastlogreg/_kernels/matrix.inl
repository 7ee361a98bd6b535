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

/* Row after row, so that memory is read in the order in which it lies: the processor then fetches
 * ahead by itself. Eight rows abreast cost twice the time. */
FLR_INLINE vd FN(row_product_few)(const int nv, const T *x, const vd *w, int tail)
{
    vd sum = LOAD_TAIL(x + (nv - 1) * VL, tail) * w[nv - 1];
    FLR_UNROLL
    for (int v = 0; v < nv - 1; v++) sum = v_fma(LOAD(x + v * VL), w[v], sum);
    return sum;
}

FLR_INLINE vd FN(row_product)(const T *x, const double *w, ptrdiff_t p)
{
    vd sum[4];
    ptrdiff_t j = 0;
    FLR_UNROLL
    for (int v = 0; v < 4; v++) sum[v] = v_set1(0.0);
    for (; j + 4 * VL <= p; j += 4 * VL)
        FLR_UNROLL
        for (int v = 0; v < 4; v++) sum[v] = v_fma(LOAD(x + j + v * VL), v_load(w + j + v * VL), sum[v]);
    for (; j + VL <= p; j += VL) sum[0] = v_fma(LOAD(x + j), v_load(w + j), sum[0]);
    if (j < p) sum[1] = v_fma(LOAD_TAIL(x + j, (int)(p - j)), v_load(w + j), sum[1]);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* How many rows ahead to ask for one; none that exists where all of X stays in cache. */
FLR_INLINE ptrdiff_t FN(fetch_distance)(const flr_problem *pb, ptrdiff_t bytes)
{
    const ptrdiff_t row = pb->x.p * (ptrdiff_t)sizeof(T);
    return pb->n * row > (ptrdiff_t)1 << 20 ? bytes / row + 1 : pb->n;
}

/* Asks for a row of nv vectors long before its turn: two products on small blocks in turn keep the memory
 * busy only so, and not by many requests at a time. */
FLR_INLINE void FN(fetch_row)(const int nv, const T *row)
{
    FLR_UNROLL
    for (int byte = 0; byte < nv * VL * (int)sizeof(T); byte += 64)
        FLR_PREFETCH_L2((const char *)row + byte);
}

/* nv: vectors of w that stay in registers; 0 for more columns than that */
FLR_INLINE void FN(scores_by_row)(const int nv, const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m,
                                  const double *w, double *z)
{
    const ptrdiff_t p = pb->x.p, ahead = FN(fetch_distance)(pb, SCORES_AHEAD);
    const ptrdiff_t end = pb->n - lo, ld = pb->x.ld;
    const int64_t *rows = pb->rows;
    const T *values = pb->x.values; /* no reads of pb between the rows */
    const int tail = (int)(p - (ptrdiff_t)(nv - 1) * VL);
    vd kept[FEW];
    FLR_UNROLL
    for (int v = 0; v < nv; v++) kept[v] = v_load(w + v * VL);
    for (ptrdiff_t i = 0; i < m; i += 8) {
        vd sum[8];
        const ptrdiff_t last = m - i - 1;
        const int fetch = nv && i + 8 + ahead <= end;
        if (!nv && rows && i + 16 <= end)
            for (int k = 8; k < 16; k++) {
                const char *far = (const char *)FN(row)(pb, lo + i + k);
                for (ptrdiff_t line = 0; line < p * (ptrdiff_t)sizeof(T); line += 64)
                    FLR_PREFETCH_L2(far + line);
            }
        FLR_UNROLL
        for (int k = 0; k < 8; k++) {
            const ptrdiff_t at = lo + i + (k < last ? k : last);
            const T *x = values + (rows ? rows[at] : at) * ld;
            if (fetch) FN(fetch_row)(nv, values + (rows ? rows[at + ahead] : at + ahead) * ld);
            FLR_IN_ORDER();
            sum[k] = nv ? FN(row_product_few)(nv, x, kept, tail) : FN(row_product)(x, w, p);
        }
        FLR_UNROLL
        for (int g = 0; g < 8; g += VL) v_store(z + i + g, v_rowsum(sum + g));
    }
}

static void FN(scores_c)(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m, const double *w, double *z)
{
#define SCORES_OF(nv) FN(scores_by_row)(nv, pb, lo, m, w, z)
    BY_VECTORS(pb->x.p, SCORES_OF)
#undef SCORES_OF
}

FLR_INLINE void FN(collect_row)(const int nv, const int squared, const T *x, int tail, double r, vd *acc)
{
    const vd ri = v_set1(r);
    FLR_UNROLL
    for (int v = 0; v < nv - 1; v++) acc[v] = v_fma(v_term(squared, LOAD(x + v * VL)), ri, acc[v]);
    const vd last = LOAD_TAIL(x + (nv - 1) * VL, tail);
    acc[nv - 1] = v_fma(v_term(squared, last), ri, acc[nv - 1]);
}

/* Few columns: all sums stay in registers while the block's rows stream by; several of each where one
 * would wait for its own last addition. */
FLR_INLINE void FN(collect_few)(const int nv, const int squared, const flr_problem *pb, ptrdiff_t lo,
                                ptrdiff_t m, const double *r, double *g)
{
    const int tail = (int)(pb->x.p - (ptrdiff_t)(nv - 1) * VL), ways = nv < 2 ? 4 : nv < 5 ? 2 : 1;
    const ptrdiff_t ahead = FN(fetch_distance)(pb, COLLECT_AHEAD);
    const ptrdiff_t fetched = pb->n - lo - ahead;
    vd acc[4][FEW];
    FLR_UNROLL
    for (int v = 0; v < nv; v++) acc[0][v] = v_load(g + v * VL);
    FLR_UNROLL
    for (int k = 1; k < ways; k++)
        FLR_UNROLL
        for (int v = 0; v < nv; v++) acc[k][v] = v_set1(0.0);
    ptrdiff_t i = 0;
    for (; i + ways <= m; i += ways)
        FLR_UNROLL
        for (int k = 0; k < ways; k++) {
            if (i + k < fetched) FN(fetch_row)(nv, FN(row)(pb, lo + i + k + ahead));
            FN(collect_row)(nv, squared, FN(row)(pb, lo + i + k), tail, r[i + k], acc[k]);
        }
    for (; i < m; i++) FN(collect_row)(nv, squared, FN(row)(pb, lo + i), tail, r[i], acc[0]);
    FLR_UNROLL
    for (int v = 0; v < nv; v++) {
        vd sum = acc[0][v];
        FLR_UNROLL
        for (int k = 1; k < ways; k++) sum = sum + acc[k][v];
        v_store(g + v * VL, sum);
    }
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
#define COLLECT_OF(nv)                                                                              \
    if (nv)                                                                                         \
        FN(collect_few)(nv, squared, pb, lo, m, r, g);                                              \
    else                                                                                            \
        FN(collect_many)(squared, pb, lo, m, r, g)
    BY_VECTORS(pb->x.p, COLLECT_OF)
#undef COLLECT_OF
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
static void FN(gram_csr)(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, ptrdiff_t from,
                         const double *h, double *H)
{
    const flr_matrix *x = &pb->x;
    const T *value = (const T *)x->values;
    const ptrdiff_t p = x->p, Q = flr_padded(p + pb->intercept);
    for (ptrdiff_t i = lo; i < hi; i++) {
        double hi_ = h ? h[i - lo] : 1.0;
        for (int64_t a = x->start[i]; a < x->start[i + 1]; a++) {
            double va = hi_ * (value ? (double)value[a] : 1.0);
            const ptrdiff_t ja = x->index[a], first = ja > from ? ja : from;
            for (int64_t b = x->start[i]; b < x->start[i + 1]; b++)
                if (x->index[b] >= first)
                    H[ja * Q + x->index[b]] += va * (value ? (double)value[b] : 1.0);
            if (pb->intercept) H[ja * Q + p] += va;
        }
        if (pb->intercept) H[p * Q + p] += hi_;
    }
}

/* ------------------------------------------------------------------ a block by columns
 * p columns from `first` on of rows [lo, lo + m) of dense X, as columns of `stride` doubles:
 * turned[j * stride + k] = x_(lo + k, first + j), zeros up to a whole vector of rows, whatever the layout. */

static void FN(turn)(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m, ptrdiff_t first, ptrdiff_t p,
                     ptrdiff_t stride, double *turned)
{
    for (ptrdiff_t k = 0; k < m; k += VL) {
        const int rows = m - k < VL ? (int)(m - k) : VL;
        if (pb->x.layout == FLR_DENSE_F) {
            const T *x = (const T *)pb->x.values + first * pb->x.ld + lo + k;
            for (ptrdiff_t j = 0; j < p; j++, x += pb->x.ld)
                v_store(turned + j * stride + k, rows == VL ? LOAD(x) : LOAD_TAIL(x, rows));
            continue;
        }
        const T *x[VL];
        for (int i = 0; i < VL; i++) x[i] = FN(row)(pb, lo + (i < rows ? k + i : k)) + first;
        for (ptrdiff_t j = 0; j < p; j += VL) {
            const int columns = p - j < VL ? (int)(p - j) : VL;
            vd part[VL];
            FLR_UNROLL
            for (int i = 0; i < VL; i++) {
                part[i] = columns == VL ? LOAD(x[i] + j) : LOAD_TAIL(x[i] + j, columns);
                if (i >= rows) part[i] = v_set1(0.0);
            }
            v_transpose(part);
            for (int c = 0; c < columns; c++) v_store(turned + (j + c) * stride + k, part[c]);
        }
    }
}

/* ------------------------------------------------------------------ some columns of dense X */

static void FN(collect_some)(const flr_matrix *x, const double *r, ptrdiff_t count,
                             const int64_t *columns, double *out)
{
    const T *values = (const T *)x->values;
    for (ptrdiff_t k = 0; k < count; k++) out[k] = 0.0;
    if (x->layout == FLR_DENSE_C) {
        for (ptrdiff_t i = 0; i < x->n; i++) {
            const T *row = values + i * x->ld;
            for (ptrdiff_t k = 0; k < count; k++) out[k] += r[i] * row[columns[k]];
        }
        return;
    }
    for (ptrdiff_t k = 0; k < count; k++) {
        const T *column = values + columns[k] * x->ld;
        vd even = v_set1(0.0), odd = v_set1(0.0);
        double sum = 0.0;
        ptrdiff_t i = 0;
        for (; i + 2 * VL <= x->n; i += 2 * VL) {
            even = v_fma(LOAD(column + i), v_load(r + i), even);
            odd = v_fma(LOAD(column + i + VL), v_load(r + i + VL), odd);
        }
        for (; i < x->n; i++) sum += r[i] * column[i];
        out[k] = v_sum(even + odd) + sum;
    }
}

/* ------------------------------------------------------------------ one column, column-wise layouts */

/* x_j . t */
static double FN(column_product)(const flr_matrix *x, ptrdiff_t j, const double *t)
{
    if (x->layout == FLR_CSC) return FN(gather_line)(0, x, j, t);
    double sum;
    const int64_t column = j;
    FN(collect_some)(x, t, 1, &column, &sum);
    return sum;
}

/* t += change * k * x_j, elementwise; sparse columns come without k */
static void FN(column_add)(const flr_matrix *x, ptrdiff_t j, double change, const double *k, double *t)
{
    if (x->layout == FLR_CSC) {
        FN(scatter_line)(0, x, j, change, t);
        return;
    }
    const T *column = (const T *)x->values + j * x->ld;
    const vd by = v_set1(change);
    ptrdiff_t i = 0;
    for (; i + VL <= x->n; i += VL)
        v_store(t + i, v_fma(by * v_load(k + i), LOAD(column + i), v_load(t + i)));
    for (; i < x->n; i++) t[i] += change * k[i] * column[i];
}

static void FN(scale_columns)(const flr_matrix *x, ptrdiff_t lo, ptrdiff_t hi, const double *factor,
                              int single, void *out, double *squares, double *sums)
{
    const T *value = (const T *)x->values;
    for (ptrdiff_t j = lo; j < hi; j++) {
        double square = 0.0, sum = 0.0;
        for (int64_t a = x->start[j]; a < x->start[j + 1]; a++) {
            const double by = factor[x->index[a]], v = by * (value ? (double)value[a] : 1.0);
            square += v * v;
            sum += v * by;
            if (single)
                ((float *)out)[a] = (float)v;
            else
                ((double *)out)[a] = v;
        }
        squares[j] = square;
        sums[j] = sum;
    }
}
