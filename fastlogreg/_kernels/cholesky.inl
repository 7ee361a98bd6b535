/* Cholesky factorisation of a symmetric positive definite matrix, equilibrated, by panels.
 *
 * Our own because threads of a BLAS beside the pool's were measured to cost 10 to 100 times the
 * factorisation itself, and because the tiles of gram.inl do the bulk of it: after the rows of a panel are
 * final, the rest of the matrix loses their products.
 */
enum { CHOLESKY_PANEL = 32 };

/* Packs -rows [k0, k0 + m) from column `first` on into the operands of `tiles`. */
static void pack_panel(ptrdiff_t Q, ptrdiff_t k0, ptrdiff_t m, ptrdiff_t first, const double *A,
                       double *xp, double *hp)
{
    const ptrdiff_t size = Q - first;
    for (ptrdiff_t v = 0; v < size / VL; v++) {
        const ptrdiff_t column = v * VL, panel = column / PANEL;
        const ptrdiff_t width = (panel + 1) * PANEL <= size ? PANEL : size - panel * PANEL;
        double *xd = xp + panel * PANEL * FLR_GRAM_ROWS + column - panel * PANEL;
        double *hd = hp + column * FLR_GRAM_ROWS;
        for (ptrdiff_t k = 0; k < m; k++) {
            const vd row = v_load(A + (k0 + k) * Q + first + column);
            v_store(xd + k * width, row);
            v_store(hd + k * VL, v_set1(0.0) - row);
        }
    }
}

/* A (upper triangle, q x q, row stride Q = flr_padded(q), columns beyond q zero) := U with
 * U'U = S A S, scale = the diagonal of S; 0 if A is not finite or a pivot is lost to rounding.
 * A column of zeros counts as 1: its coefficient stays. scratch: flr_gram_scratch(q) doubles. */
static int cholesky(ptrdiff_t q, ptrdiff_t Q, double *A, double *scale, double *scratch)
{
    const double least = 20.0 * (double)q * 2.2e-16;
    for (ptrdiff_t j = 0; j < q; j++) {
        double *diagonal = A + j * Q + j;
        if (*diagonal == 0.0) *diagonal = 1.0;
        if (!(*diagonal > 0.0 && *diagonal < 1e300)) return 0;
        scale[j] = 1.0 / sqrt(*diagonal);
    }
    for (ptrdiff_t i = 0; i < q; i++) {
        for (ptrdiff_t j = i + 1; j < q; j++) A[i * Q + j] *= scale[i] * scale[j];
        for (ptrdiff_t j = q; j < Q; j++) A[i * Q + j] = 0.0;
        A[i * Q + i] = 1.0;
    }
    for (ptrdiff_t k0 = 0; k0 < q; k0 += CHOLESKY_PANEL) {
        const ptrdiff_t end = k0 + CHOLESKY_PANEL < q ? k0 + CHOLESKY_PANEL : q;
        for (ptrdiff_t k = k0; k < end; k++) {
            double *FLR_RESTRICT row = A + k * Q;
            if (!(row[k] > least)) return 0;
            const double inverse = 1.0 / sqrt(row[k]);
            for (ptrdiff_t j = k; j < q; j++) row[j] *= inverse;
            for (ptrdiff_t i = k + 1; i < end; i++) {
                double *FLR_RESTRICT other = A + i * Q;
                const double factor = row[i];
                for (ptrdiff_t j = i; j < q; j++) other[j] -= factor * row[j];
            }
        }
        if (end < q) { /* CHOLESKY_PANEL is a multiple of 8, so `end` is one too */
            double *xp = scratch, *hp = scratch + (size_t)FLR_GRAM_ROWS * (Q - end);
            pack_panel(Q, k0, end - k0, end, A, xp, hp);
            tiles(end - k0, 0, Q - end, Q, xp, hp, A + end * Q + end);
        }
    }
    return 1;
}

/* x := S (U'U)^{-1} S x */
static void cholesky_solve(ptrdiff_t q, ptrdiff_t Q, const double *U, const double *scale, double *x)
{
    for (ptrdiff_t j = 0; j < q; j++) x[j] *= scale[j];
    for (ptrdiff_t k = 0; k < q; k++) {
        const double *row = U + k * Q;
        const double xk = x[k] *= 1.0 / row[k]; /* a division that need not wait for x */
        for (ptrdiff_t j = k + 1; j < q; j++) x[j] -= xk * row[j];
    }
    for (ptrdiff_t k = q - 1; k >= 0; k--) {
        const double *row = U + k * Q;
        double even = x[k], odd = 0.0;
        ptrdiff_t j = k + 1;
        for (; j + 2 <= q; j += 2) {
            even -= row[j] * x[j];
            odd -= row[j + 1] * x[j + 1];
        }
        if (j < q) even -= row[j] * x[j];
        x[k] = (even + odd) * (1.0 / row[k]);
    }
    for (ptrdiff_t j = 0; j < q; j++) x[j] *= scale[j];
}

/* F := S U^{-1} (upper triangle, zeros elsewhere), so that F F' = S (U'U)^{-1} S is the inverse of the
 * factored matrix. By rows from the last one up: row i of U^{-1} is
 * (e_i - sum_{k > i} U_ik row k) / U_ii. */
static void cholesky_invert(ptrdiff_t q, ptrdiff_t Q, const double *U, const double *scale, double *F)
{
    memset(F, 0, (size_t)(Q * Q) * sizeof(double));
    for (ptrdiff_t i = q - 1; i >= 0; i--) {
        double *FLR_RESTRICT row = F + i * Q;
        const double inverse = 1.0 / U[i * Q + i];
        for (ptrdiff_t k = i + 1; k < q; k++) {
            const double *FLR_RESTRICT below = F + k * Q;
            const double factor = U[i * Q + k] * inverse;
            for (ptrdiff_t j = k; j < q; j++) row[j] -= factor * below[j];
        }
        row[i] = inverse;
    }
    for (ptrdiff_t i = 0; i < q; i++)
        for (ptrdiff_t j = i; j < q; j++) F[i * Q + j] *= scale[i];
}
