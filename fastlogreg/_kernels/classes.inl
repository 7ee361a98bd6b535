/* Row blocks times one vector a class, for one type of values T: included once for float and double.
 *
 * Two small matrix products serve both dense layouts. A line is a row of a row-major X or a column of a
 * column-major one; t runs along it, where memory is contiguous:
 *   dot:    out[k][a] += sum_t line_a[t] b[k][t]      row-major scores, column-major gradients
 *   outer:  out[k][t] += sum_a b[k][a] line_a[t]      row-major gradients, column-major scores
 * A dot tile holds VL lines and three classes in registers, an outer tile CLASS_TILE classes and three
 * vectors, so that every value loaded feeds several multiply-adds. Rows of b and out are padded: b with
 * zeros, out with room for what lies beyond the end.
 */
typedef struct {
    const T *base; /* the first value of line 0 */
    ptrdiff_t stride;
    const int64_t *pick; /* line a is in truth line pick[a]; NULL: a */
} FN(lines);

FLR_INLINE const T *FN(line)(const FN(lines) *x, ptrdiff_t a)
{
    return x->base + (x->pick ? x->pick[a] : a) * x->stride;
}

enum { FN(DOT_SPAN) = 256 }; /* of t at a time: VL lines of it stay in L1 while all classes pass */

FLR_INLINE void FN(dot_tile)(const int nk, const T *const *line, ptrdiff_t length, const double *b,
                             ptrdiff_t ldb, double *out, ptrdiff_t ldo)
{
    vd acc[3][VL];
    ptrdiff_t t = 0;
    FLR_UNROLL
    for (int k = 0; k < nk; k++)
        FLR_UNROLL
        for (int a = 0; a < VL; a++) acc[k][a] = v_set1(0.0);
    for (; t + VL <= length; t += VL) {
        vd bk[3];
        FLR_UNROLL
        for (int k = 0; k < nk; k++) bk[k] = v_load(b + k * ldb + t);
        FLR_UNROLL
        for (int a = 0; a < VL; a++) {
            vd x = LOAD(line[a] + t);
            FLR_KEEP(x);
            FLR_UNROLL
            for (int k = 0; k < nk; k++) acc[k][a] = v_fma(x, bk[k], acc[k][a]);
        }
    }
    if (t < length) {
        const int tail = (int)(length - t);
        vd bk[3];
        FLR_UNROLL
        for (int k = 0; k < nk; k++) bk[k] = v_load(b + k * ldb + t);
        FLR_UNROLL
        for (int a = 0; a < VL; a++) {
            vd x = LOAD_TAIL(line[a] + t, tail);
            FLR_UNROLL
            for (int k = 0; k < nk; k++) acc[k][a] = v_fma(x, bk[k], acc[k][a]);
        }
    }
    FLR_UNROLL
    for (int k = 0; k < nk; k++)
        v_store(out + k * ldo, v_load(out + k * ldo) + v_rowsum(acc[k]));
}

static void FN(dot)(const FN(lines) *x, ptrdiff_t count, ptrdiff_t length, const double *b, ptrdiff_t ldb,
                    ptrdiff_t K, double *out, ptrdiff_t ldo)
{
    for (ptrdiff_t t = 0; t < length; t += FN(DOT_SPAN)) {
        const ptrdiff_t span = length - t < FN(DOT_SPAN) ? length - t : FN(DOT_SPAN);
        for (ptrdiff_t a = 0; a < count; a += VL) {
            const T *line[VL];
            for (int c = 0; c < VL; c++) line[c] = FN(line)(x, a + c < count ? a + c : count - 1) + t;
            for (ptrdiff_t k = 0; k < K;) {
                const ptrdiff_t left = K - k, take = left == 4 ? 2 : left < 3 ? left : 3;
                const double *bk = b + k * ldb + t;
                double *to = out + k * ldo + a;
                switch (take) {
                case 1: FN(dot_tile)(1, line, span, bk, ldb, to, ldo); break;
                case 2: FN(dot_tile)(2, line, span, bk, ldb, to, ldo); break;
                default: FN(dot_tile)(3, line, span, bk, ldb, to, ldo);
                }
                k += take;
            }
        }
    }
}

/* masked: of the last vector only `tail` values belong to the lines */
FLR_INLINE void FN(outer_tile)(const int nk, const int nv, const int masked, const FN(lines) *x,
                               ptrdiff_t count, ptrdiff_t t, int tail, const double *b, ptrdiff_t ldb,
                               double *out, ptrdiff_t ldo)
{
    vd acc[CLASS_TILE][3];
    FLR_UNROLL
    for (int k = 0; k < nk; k++)
        FLR_UNROLL
        for (int v = 0; v < nv; v++) acc[k][v] = v_set1(0.0);
    for (ptrdiff_t a = 0; a < count; a++) {
        const T *line = FN(line)(x, a) + t;
        vd xv[3];
        FLR_UNROLL
        for (int v = 0; v < nv; v++)
            xv[v] = masked && v == nv - 1 ? LOAD_TAIL(line + v * VL, tail) : LOAD(line + v * VL);
        FLR_UNROLL
        for (int k = 0; k < nk; k++) {
            vd bk = v_set1(b[k * ldb + a]);
            FLR_UNROLL
            for (int v = 0; v < nv; v++) acc[k][v] = v_fma(bk, xv[v], acc[k][v]);
        }
    }
    FLR_UNROLL
    for (int k = 0; k < nk; k++)
        FLR_UNROLL
        for (int v = 0; v < nv; v++) {
            double *to = out + k * ldo + t + v * VL;
            v_store(to, v_load(to) + acc[k][v]);
        }
}

FLR_INLINE void FN(outer_strip)(const int nv, const int masked, const FN(lines) *x, ptrdiff_t count,
                                ptrdiff_t t, int tail, const double *b, ptrdiff_t ldb, ptrdiff_t K,
                                double *out, ptrdiff_t ldo, ptrdiff_t ahead)
{
    ptrdiff_t fetched = 0;
    for (ptrdiff_t k = 0; k < K;) {
        /* even shares: a tile of one or two classes loads more than it multiplies */
        const ptrdiff_t left = K - k, even = left > 5 && left < CLASS_TILE + 3 && left != CLASS_TILE;
        const ptrdiff_t share = even ? (left + 1) / 2 : left, take = share < CLASS_TILE ? share : CLASS_TILE;
        const double *bk = b + k * ldb;
        double *to = out + k * ldo;
        for (; fetched * K < ahead * (k + take); fetched++) { /* a few at a time */
            const char *next = (const char *)(x->base + (count + fetched) * x->stride + t);
            for (size_t byte = 0; byte < nv * VL * sizeof(T); byte += 64) FLR_PREFETCH_L2(next + byte);
        }
        switch (take) {
        case 1: FN(outer_tile)(1, nv, masked, x, count, t, tail, bk, ldb, to, ldo); break;
        case 2: FN(outer_tile)(2, nv, masked, x, count, t, tail, bk, ldb, to, ldo); break;
        case 3: FN(outer_tile)(3, nv, masked, x, count, t, tail, bk, ldb, to, ldo); break;
#if CLASS_TILE == 8
        case 4: FN(outer_tile)(4, nv, masked, x, count, t, tail, bk, ldb, to, ldo); break;
        case 5: FN(outer_tile)(5, nv, masked, x, count, t, tail, bk, ldb, to, ldo); break;
#endif
        default: FN(outer_tile)(CLASS_TILE, nv, masked, x, count, t, tail, bk, ldb, to, ldo);
        }
        k += take;
    }
}

/* ahead: lines that the caller will want next, fetched meanwhile */
static void FN(outer)(const FN(lines) *x, ptrdiff_t count, ptrdiff_t length, const double *b, ptrdiff_t ldb,
                      ptrdiff_t K, double *out, ptrdiff_t ldo, ptrdiff_t ahead)
{
    ptrdiff_t t = 0;
    for (; t + 3 * VL <= length; t += 3 * VL) {
        FN(outer_strip)(3, 0, x, count, t, VL, b, ldb, K, out, ldo, ahead);
    }
    const ptrdiff_t left = length - t, nv = (left + VL - 1) / VL;
    const int tail = (int)(left - (nv - 1) * VL);
    switch (nv) {
    case 0: break;
    case 1: FN(outer_strip)(1, 1, x, count, t, tail, b, ldb, K, out, ldo, ahead); break;
    case 2: FN(outer_strip)(2, 1, x, count, t, tail, b, ldb, K, out, ldo, ahead); break;
    default: FN(outer_strip)(3, 1, x, count, t, tail, b, ldb, K, out, ldo, ahead);
    }
}

/* ------------------------------------------------------------------ sparse rows
 * b and out are padded rows, one a column of X, so that a stored value meets all classes at once. */

static void FN(sparse_scores)(const flr_matrix *x, ptrdiff_t row, const double *b, ptrdiff_t ldb, double *z)
{
    const T *value = (const T *)x->values;
    for (ptrdiff_t k = 0; k < ldb; k += VL) {
        vd even = v_set1(0.0), odd = v_set1(0.0);
        int64_t a = x->start[row];
        for (; a + 2 <= x->start[row + 1]; a += 2) {
            even = v_fma(v_set1(value ? (double)value[a] : 1.0), v_load(b + x->index[a] * ldb + k), even);
            odd = v_fma(v_set1(value ? (double)value[a + 1] : 1.0),
                        v_load(b + x->index[a + 1] * ldb + k), odd);
        }
        if (a < x->start[row + 1])
            even = v_fma(v_set1(value ? (double)value[a] : 1.0), v_load(b + x->index[a] * ldb + k), even);
        v_store(z + k, even + odd);
    }
}

static void FN(sparse_collect)(const flr_matrix *x, ptrdiff_t row, const double *r, ptrdiff_t ldo, double *out)
{
    const T *value = (const T *)x->values;
    for (int64_t a = x->start[row]; a < x->start[row + 1]; a++) {
        const vd v = v_set1(value ? (double)value[a] : 1.0);
        double *to = out + x->index[a] * ldo;
        for (ptrdiff_t k = 0; k < ldo; k += VL) v_store(to + k, v_fma(v, v_load(r + k), v_load(to + k)));
    }
}
