/* Elementwise functions of scores: over the whole range, denormal results included.
 *
 * Arrays are worked through a small buffer of doubles, so that a tail never reads or writes past the
 * end and float arrays get double arithmetic.
 */
enum { CHUNK = 128 };

/* sigmoid(z), and sigmoid(-z) if asked for; both to full relative accuracy */
FLR_INLINE vd v_sigmoid(vd z, vd *other)
{
    vd e = v_exp(v_set1(0.0) - v_abs(z)), q = v_set1(1.0) / (v_set1(1.0) + e), eq = e * q;
    vmask positive = v_gt(z, v_set1(0.0));
    *other = v_select(positive, eq, q);
    return v_select(positive, q, eq);
}

FLR_INLINE vd v_softplus(vd z)
{
    return v_max(v_set1(0.0), z) + v_log1p(v_exp(v_set1(0.0) - v_abs(z)));
}

FLR_INLINE vd v_cross_entropy(vd y, vd z)
{
    const vd zero = v_set1(0.0);
    vd size = v_abs(z);
    vd wrong = v_select(v_gt(z, zero), v_set1(1.0) - y, y);
    vd linear = v_select(v_eq(wrong, zero), zero, wrong * size);
    return v_log1p(v_exp(zero - size)) + linear;
}

#define FILL(buffer, source)                                                                        \
    for (ptrdiff_t k = 0; k < m; k++) buffer[k] = source[i + k];                                    \
    for (ptrdiff_t k = m; k < end; k++) buffer[k] = 0.0;

#define MAP(body)                                                                                   \
    for (ptrdiff_t i = 0; i < n; i += CHUNK) {                                                      \
        double a[CHUNK];                                                                            \
        const ptrdiff_t m = n - i < CHUNK ? n - i : CHUNK, end = (m + VL - 1) / VL * VL;            \
        FILL(a, z)                                                                                  \
        for (ptrdiff_t k = 0; k < end; k += VL) {                                                   \
            vd x = v_load(a + k), other;                                                            \
            (void)other;                                                                            \
            v_store(a + k, body);                                                                   \
        }                                                                                           \
        for (ptrdiff_t k = 0; k < m; k++) out[i + k] = a[k];                                        \
    }

static void sigmoid(ptrdiff_t n, const double *z, double *out) { MAP(v_sigmoid(x, &other)) }
static void sigmoid_f32(ptrdiff_t n, const float *z, float *out) { MAP((v_sigmoid(x, &other))) }

static void softplus(ptrdiff_t n, const double *z, double sign, double *out)
{
    const vd s = v_set1(sign);
    MAP(s * v_softplus(s * x))
}

static void softplus_f32(ptrdiff_t n, const float *z, float sign, float *out)
{
    const vd s = v_set1(sign);
    MAP(s * v_softplus(s * x))
}

static void cross_entropy(ptrdiff_t n, const double *y, const double *z, double *out)
{
    for (ptrdiff_t i = 0; i < n; i += CHUNK) {
        double a[CHUNK], b[CHUNK];
        const ptrdiff_t m = n - i < CHUNK ? n - i : CHUNK, end = (m + VL - 1) / VL * VL;
        FILL(a, y)
        FILL(b, z)
        for (ptrdiff_t k = 0; k < end; k += VL)
            v_store(a + k, v_cross_entropy(v_load(a + k), v_load(b + k)));
        for (ptrdiff_t k = 0; k < m; k++) out[i + k] = a[k];
    }
}

static double weighted_log_loss(ptrdiff_t n, const double *y, const double *z, const double *s)
{
    double total = 0.0;
    for (ptrdiff_t i = 0; i < n; i += CHUNK) {
        double a[CHUNK], b[CHUNK], c[CHUNK];
        const ptrdiff_t m = n - i < CHUNK ? n - i : CHUNK, end = (m + VL - 1) / VL * VL;
        vd sum = v_set1(0.0);
        FILL(a, y)
        FILL(b, z)
        for (ptrdiff_t k = 0; k < end; k++) c[k] = k >= m ? 0.0 : s ? s[i + k] : 1.0;
        for (ptrdiff_t k = 0; k < end; k += VL)
            sum = v_fma(v_load(c + k), v_cross_entropy(v_load(a + k), v_load(b + k)), sum);
        total += v_sum(sum);
    }
    return total;
}

static void transform(ptrdiff_t n, const double *z, int form, void *out)
{
    double *d = (double *)out;
    float *f = (float *)out;
    if (form == FLR_SCORE) {
        memcpy(d, z, (size_t)n * sizeof(double));
        return;
    }
    if (form == FLR_SCORE_F32) {
        for (ptrdiff_t i = 0; i < n; i++) f[i] = (float)z[i];
        return;
    }
    for (ptrdiff_t i = 0; i < n; i += CHUNK) {
        double a[CHUNK], b[CHUNK];
        const ptrdiff_t m = n - i < CHUNK ? n - i : CHUNK, end = (m + VL - 1) / VL * VL;
        FILL(a, z)
        for (ptrdiff_t k = 0; k < end; k += VL) {
            vd zero_side, one_side = v_sigmoid(v_load(a + k), &zero_side);
            v_store(a + k, one_side);
            v_store(b + k, zero_side);
        }
        if (form == FLR_PROBA)
            for (ptrdiff_t k = 0; k < m; k++) {
                d[2 * (i + k)] = b[k];
                d[2 * (i + k) + 1] = a[k];
            }
        else
            for (ptrdiff_t k = 0; k < m; k++) {
                f[2 * (i + k)] = (float)b[k];
                f[2 * (i + k) + 1] = (float)a[k];
            }
    }
}

/* y += a x */
static void add_scaled(ptrdiff_t n, double a, const double *x, double *y)
{
    const vd by = v_set1(a);
    ptrdiff_t k = 0;
    for (; k + VL <= n; k += VL) v_store(y + k, v_fma(by, v_load(x + k), v_load(y + k)));
    for (; k < n; k++) y[k] += a * x[k];
}

/* a . b on one thread: a BLAS wakes its own threads for a long vector. */
static double dot(ptrdiff_t n, const double *a, const double *b)
{
    vd sum[4];
    ptrdiff_t i = 0;
    double total = 0.0;
    FLR_UNROLL
    for (int k = 0; k < 4; k++) sum[k] = v_set1(0.0);
    for (; i + 4 * VL <= n; i += 4 * VL)
        FLR_UNROLL
        for (int k = 0; k < 4; k++) sum[k] = v_fma(v_load(a + i + k * VL), v_load(b + i + k * VL), sum[k]);
    for (; i < n; i++) total += a[i] * b[i];
    return total + v_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

/* A plain sum at full memory speed: the unit "one read" of the benchmarks. */
static double sum(const double *x, ptrdiff_t n)
{
    vd acc[8];
    ptrdiff_t i = 0;
    double total = 0.0;
    FLR_UNROLL
    for (int k = 0; k < 8; k++) acc[k] = v_set1(0.0);
    for (; i + 8 * VL <= n; i += 8 * VL)
        FLR_UNROLL
        for (int k = 0; k < 8; k++) acc[k] = acc[k] + v_load(x + i + k * VL);
    for (; i < n; i++) total += x[i];
    FLR_UNROLL
    for (int k = 0; k < 8; k++) total += v_sum(acc[k]);
    return total;
}

/* Labels as bytes. Plain C: compilers turn it into compares of whole vectors. */
static int encode(ptrdiff_t n, const double *FLR_RESTRICT y, double zero, double one,
                  uint8_t *FLR_RESTRICT out)
{
    int good = 1;
    for (ptrdiff_t i = 0; i < n; i++) {
        const int is_one = y[i] == one;
        out[i] = (uint8_t)is_one;
        good &= is_one | (y[i] == zero);
    }
    return good;
}

/* Four vectors at a time are looked at together: few columns exceed anything. */
static ptrdiff_t exceeding(ptrdiff_t n, const double *products, double slack, const double *norms,
                           double factor, const double *level, ptrdiff_t stride, const uint8_t *inside,
                           ptrdiff_t base, int64_t *out)
{
    enum { TOGETHER = 4 * VL };
    ptrdiff_t count = 0;
    for (ptrdiff_t begin = 0; begin < n; begin += TOGETHER) {
        const ptrdiff_t end = begin + TOGETHER < n ? begin + TOGETHER : n;
        if (end - begin == TOGETHER) {
            vd most = v_set1(-1.0);
            for (ptrdiff_t j = begin; j < end; j += VL) {
                const vd least = v_set1(factor) * (stride ? v_load(level + j) : v_set1(*level));
                vd size = v_abs(v_load(products + j));
                if (norms) size = v_fma(v_set1(slack), v_load(norms + j), size);
                most = v_max(v_fma(v_set1(-1e300), v_load_label(inside + j), size - least), most);
            }
            if (!(v_hmax(most) > 0.0)) continue;
        }
        for (ptrdiff_t j = begin; j < end; j++)
            if (fabs(products[j]) + (norms ? slack * norms[j] : 0.0) > factor * level[stride * j] && !inside[j])
                out[count++] = base + j;
    }
    return count;
}
