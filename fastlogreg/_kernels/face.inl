/* The Cholesky factor of some rows and columns of a symmetric matrix, kept while columns come and go.
 *
 * With A the matrix over the columns in it, R'R = A, R upper triangular. A column a with diagonal d joins
 * as the last: its entries in R are r = R'^{-1} a and sqrt(d - r'r). When column k leaves, the rows from k
 * on have one entry below the diagonal each, which plane rotations take away. Either costs about q^2
 * operations where a new factor costs q^3 / 3.
 *
 * Source: Golub & Van Loan, "Matrix Computations", 4th ed. (2013), sec. 6.5.
 */

/* a: the q entries of the new column against those in the face, destroyed. 0 if it depends on them. */
static int face_add(flr_face *face, double *FLR_RESTRICT a, double diagonal)
{
    const ptrdiff_t q = face->q, ld = face->room;
    double left = diagonal;
    for (ptrdiff_t i = 0; i < q; i++) {
        const double *FLR_RESTRICT row = face->factor + i * ld;
        const double r = a[i] / row[i];
        add_scaled(q - i - 1, -r, row + i + 1, a + i + 1);
        left -= r * r;
        a[i] = r;
    }
    if (!(left > 20.0 * (double)(q + 1) * 2.2e-16 * diagonal && diagonal < 1e300)) return 0;
    for (ptrdiff_t i = 0; i < q; i++) face->factor[i * ld + q] = a[i];
    face->factor[q * ld + q] = sqrt(left);
    face->q = q + 1;
    return 1;
}

/* row: scratch of q doubles */
static void face_drop(flr_face *face, ptrdiff_t k, double *FLR_RESTRICT row)
{
    const ptrdiff_t q = face->q - 1, ld = face->room;
    double *R = face->factor;
    for (ptrdiff_t i = 0; i < k; i++) memmove(R + i * ld + k, R + i * ld + k + 1, (size_t)(q - k) * sizeof(double));
    if (k < q) memcpy(row + k, R + k * ld + k + 1, (size_t)(q - k) * sizeof(double));
    for (ptrdiff_t i = k; i < q; i++) {
        double *FLR_RESTRICT out = R + i * ld;
        const double *FLR_RESTRICT next = R + (i + 1) * ld + 1;
        const double size = hypot(row[i], next[i]), c = row[i] / size, s = next[i] / size;
        const vd vc = v_set1(c), vs = v_set1(s), minus = v_set1(-s);
        ptrdiff_t j = i;
        for (; j + VL <= q; j += VL) {
            const vd a = v_load(row + j), b = v_load(next + j);
            v_store(out + j, v_fma(vs, b, vc * a));
            v_store(row + j, v_fma(minus, a, vc * b));
        }
        for (; j < q; j++) {
            const double a = row[j], b = next[j];
            out[j] = c * a + s * b;
            row[j] = c * b - s * a;
        }
    }
    face->q = q;
}

/* x := A^{-1} x */
static void face_solve(const flr_face *face, double *FLR_RESTRICT x)
{
    const ptrdiff_t q = face->q, ld = face->room;
    for (ptrdiff_t i = 0; i < q; i++) {
        const double *FLR_RESTRICT row = face->factor + i * ld;
        x[i] /= row[i];
        add_scaled(q - i - 1, -x[i], row + i + 1, x + i + 1);
    }
    for (ptrdiff_t i = q - 1; i >= 0; i--) {
        const double *FLR_RESTRICT row = face->factor + i * ld;
        x[i] = (x[i] - dot(q - i - 1, row + i + 1, x + i + 1)) / row[i];
    }
}
