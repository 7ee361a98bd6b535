/* Leverages, and with them the score of Firth's penalised likelihood, in one read of the rows.
 *
 * The leverage (hat value) of row i with curvature w_i (weight times pi (1 - pi)) is
 *     h_i = w_i x_i' C x_i,   C = (sum w x x')^{-1} = F F',   so   h_i = w_i |F' x_i|^2,
 * a sum of squares, with no cancellation.  F = S U^{-1} is upper triangular (cholesky_invert): a product
 * V = X F of a block of rows costs n q^2 / 2 multiply-adds like the block's part of the Hessian, and
 * unlike a triangular solve it runs in the tiles of a matrix product.
 *
 * The penalised log-likelihood is l* = l + a log det(sum w x x'), a = 1/2 for Firth's.  Since
 * d w_i / d z_i = w_i (1 - 2 pi_i), the derivative of the log determinant is
 *     sum_i tr(C x_i x_i') w_i (1 - 2 pi_i) x_i = sum_i h_i (1 - 2 pi_i) x_i = - pull,
 * and the gradient of -l* is  sum_i s_i (pi_i - y_i) x_i + a pull:  the modified score with its sign
 * turned. 2 pi - 1 = tanh(z / 2) is formed from exp(-|z|) and does not cancel.
 *
 * Rows lie across the lanes of vectors: a block is turned (matrix.inl), tiles of VL columns of F by PANEL
 * rows are summed over the columns of X, squared and added up without a sum across lanes.  Sparse rows
 * add up the rows of F that they touch.
 *
 * Sources: Firth, "Bias reduction of maximum likelihood estimates" (1993); Heinze & Schemper (2002).
 */
FLR_INLINE void leverage_tile(const int nv, ptrdiff_t depth, const double *F, ptrdiff_t Q,
                              const double *turned, double *squares)
{
    vd acc[VL][PANEL / VL];
    FLR_UNROLL
    for (int m = 0; m < VL; m++)
        FLR_UNROLL
        for (int v = 0; v < nv; v++) acc[m][v] = v_set1(0.0);
    for (ptrdiff_t k = 0; k < depth; k++) {
        vd xv[PANEL / VL];
        FLR_UNROLL
        for (int v = 0; v < nv; v++) xv[v] = v_load(turned + v * VL);
        FLR_UNROLL
        for (int m = 0; m < VL; m++) {
            const vd f = v_set1(F[m]);
            FLR_UNROLL
            for (int v = 0; v < nv; v++) acc[m][v] = v_fma(f, xv[v], acc[m][v]);
        }
        turned += FLR_LEVERAGE_ROWS;
        F += Q;
    }
    FLR_UNROLL
    for (int v = 0; v < nv; v++) {
        vd sum = v_load(squares + v * VL);
        FLR_UNROLL
        for (int m = 0; m < VL; m++) sum = v_fma(acc[m][v], acc[m][v], sum);
        v_store(squares + v * VL, sum);
    }
}

/* squares[k] = |F' x_k|^2 for m <= FLR_LEVERAGE_ROWS dense rows; turned: Q columns of a block */
static void dense_squares(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m, const double *F,
                          double *squares, double *turned)
{
    const ptrdiff_t p = pb->x.p, q = p + pb->intercept, Q = flr_padded(q);
    const ptrdiff_t whole = (m + VL - 1) / VL * VL;
    if (pb->x.is_float)
        turn_f32(pb, lo, m, 0, p, FLR_LEVERAGE_ROWS, turned);
    else
        turn_f64(pb, lo, m, 0, p, FLR_LEVERAGE_ROWS, turned);
    if (pb->intercept)
        for (ptrdiff_t k = 0; k < whole; k++) turned[p * FLR_LEVERAGE_ROWS + k] = 1.0;
    for (ptrdiff_t k = 0; k < whole; k += VL) v_store(squares + k, v_set1(0.0));
    for (ptrdiff_t column = 0; column < q; column += VL) {
        const ptrdiff_t depth = column + VL < q ? column + VL : q; /* F is zero below its diagonal */
        for (ptrdiff_t k = 0; k < whole; k += PANEL) {
            const double *part = turned + k;
            switch (whole - k < PANEL ? (whole - k) / VL : PANEL / VL) {
            case 1: leverage_tile(1, depth, F + column, Q, part, squares + k); break;
            case 2: leverage_tile(2, depth, F + column, Q, part, squares + k); break;
#if PANEL / VL >= 3
            case 3: leverage_tile(3, depth, F + column, Q, part, squares + k); break;
#endif
#if PANEL / VL >= 4
            case 4: leverage_tile(4, depth, F + column, Q, part, squares + k); break;
#endif
            default: break;
            }
        }
    }
}

/* The same for CSR rows; sum: Q doubles */
static void sparse_squares(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m, const double *F,
                           double *squares, double *sum)
{
    const flr_matrix *x = &pb->x;
    const ptrdiff_t q = x->p + pb->intercept, Q = flr_padded(q);
    for (ptrdiff_t k = 0; k < m; k++) {
        ptrdiff_t first = pb->intercept ? x->p / VL * VL : Q;
        for (int64_t a = x->start[lo + k]; a < x->start[lo + k + 1]; a++)
            if (x->index[a] < first) first = x->index[a] / VL * VL;
        for (ptrdiff_t j = first; j < Q; j += VL) v_store(sum + j, v_set1(0.0));
        for (int64_t a = x->start[lo + k]; a < x->start[lo + k + 1]; a++) {
            const double value = !x->values      ? 1.0
                                 : x->is_float ? (double)((const float *)x->values)[a]
                                               : ((const double *)x->values)[a];
            const double *row = F + (ptrdiff_t)x->index[a] * Q;
            for (ptrdiff_t j = x->index[a] / VL * VL; j < Q; j += VL)
                v_store(sum + j, v_fma(v_set1(value), v_load(row + j), v_load(sum + j)));
        }
        if (pb->intercept) sum[x->p] += F[x->p * Q + x->p];
        vd square = v_set1(0.0);
        for (ptrdiff_t j = first; j < Q; j += VL)
            square = v_fma(v_load(sum + j), v_load(sum + j), square);
        squares[k] = v_sum(square);
    }
}

/* tanh(z / 2) = 2 pi - 1 */
FLR_INLINE vd v_tilt(vd z)
{
    const vd one = v_set1(1.0), e = v_exp_floored(v_set1(0.0) - v_abs(z));
    const vd size = (one - e) / (one + e);
    return v_select(v_gt(z, v_set1(0.0)), size, v_set1(0.0) - size);
}

static void firth_score(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, flr_firth_point *point,
                        double *scratch)
{
    row_buffer z, r, h, squares;
    flr_point *at = &point->at;
    const ptrdiff_t p = pb->x.p, Q = flr_padded(p + pb->intercept);
    double *gram_part = scratch + (size_t)FLR_LEVERAGE_ROWS * (size_t)(Q + 8);
    ptrdiff_t filled = 0;
    for (ptrdiff_t i = lo; i < hi; i += FLR_LEVERAGE_ROWS) {
        const ptrdiff_t m = hi - i < FLR_LEVERAGE_ROWS ? hi - i : FLR_LEVERAGE_ROWS;
        const size_t bytes = (size_t)m * sizeof(double);
        double sum;
        if (point->known) {
            memcpy(z, at->score + i, bytes);
            memcpy(h, at->curvature + i, bytes);
        } else {
            block_scores(pb, i, m, at->coef, at->intercept, 1, z);
            if (at->score) memcpy(at->score + i, z, bytes);
            at->loss += block_loss(pb, i, m, z, r, h, &sum);
            if (at->curvature) memcpy(at->curvature + i, h, bytes);
            if (at->residual) memcpy(at->residual + i, r, bytes);
            if (at->gradient) {
                block_collect(0, pb, i, m, r, at->gradient);
                at->gradient[p] += sum;
            }
            if (at->hessian) gram_add(pb, i, m, &filled, 0, h, at->hessian, gram_part);
        }
        if (pb->x.layout == FLR_CSR)
            sparse_squares(pb, i, m, point->factor, squares, scratch);
        else
            dense_squares(pb, i, m, point->factor, squares, scratch);
        for (ptrdiff_t k = 0; k < m; k++) squares[k] *= h[k];
        if (point->leverage) memcpy(point->leverage + i, squares, bytes);
        if (!point->pull) continue;
        for (ptrdiff_t k = m; k < (m + VL - 1) / VL * VL; k++) squares[k] = z[k] = 0.0;
        vd total = v_set1(0.0);
        for (ptrdiff_t k = 0; k < m; k += VL) {
            const vd each = v_load(squares + k) * v_tilt(v_load(z + k));
            v_store(squares + k, each);
            total = total + each;
        }
        block_collect(0, pb, i, m, squares, point->pull);
        point->pull[p] += v_sum(total);
    }
    if (at->hessian) gram_add(pb, hi, 0, &filled, 0, 0, at->hessian, gram_part);
}
