/* The weighted Gram matrix sum_i h_i x_i x_i' (the Hessian) from packed rows.
 *
 * FLR_GRAM_ROWS rows are packed (matrix.inl), then every tile of VL x PANEL entries that touches the
 * upper triangle adds up its products in registers over all packed rows: per row VL broadcasts and
 * up to PANEL/VL loads feed VL * PANEL multiply-adds, which runs near the processor's own limit.
 */
FLR_INLINE void tile(const int nv, ptrdiff_t rows, const double *a, const double *x, ptrdiff_t width,
                     double *H, ptrdiff_t Q)
{
    vd acc[VL][PANEL / VL];
    FLR_UNROLL
    for (int m = 0; m < VL; m++)
        FLR_UNROLL
        for (int v = 0; v < nv; v++) acc[m][v] = v_set1(0.0);
    for (ptrdiff_t k = 0; k < rows; k++) {
        vd xv[PANEL / VL];
        FLR_UNROLL
        for (int v = 0; v < nv; v++) xv[v] = v_load(x + v * VL);
        FLR_UNROLL
        for (int m = 0; m < VL; m++) {
            vd am = v_set1(a[m]);
            FLR_UNROLL
            for (int v = 0; v < nv; v++) acc[m][v] = v_fma(am, xv[v], acc[m][v]);
        }
        x += width;
        a += VL;
    }
    FLR_UNROLL
    for (int m = 0; m < VL; m++)
        FLR_UNROLL
        for (int v = 0; v < nv; v++)
            v_store(H + m * Q + v * VL, v_load(H + m * Q + v * VL) + acc[m][v]);
}

/* Upper tiles of the Q x Q matrix H (row stride ld) += the packed rows' products. */
static void tiles(ptrdiff_t rows, ptrdiff_t Q, ptrdiff_t ld, const double *xp, const double *hp,
                  double *H)
{
    for (ptrdiff_t column = 0; column < Q; column += PANEL) {
        const ptrdiff_t width = column + PANEL <= Q ? PANEL : Q - column;
        const double *panel = xp + column * FLR_GRAM_ROWS;
        for (ptrdiff_t row = 0; row < column + width; row += VL) {
            const ptrdiff_t skip = row > column ? row - column : 0;
            const double *a = hp + row * FLR_GRAM_ROWS;
            double *out = H + row * ld + column + skip;
            switch ((width - skip) / VL) {
            case 1: tile(1, rows, a, panel + skip, width, out, ld); break;
            case 2: tile(2, rows, a, panel + skip, width, out, ld); break;
#if PANEL / VL >= 3
            case 3: tile(3, rows, a, panel + skip, width, out, ld); break;
#endif
#if PANEL / VL >= 4
            case 4: tile(4, rows, a, panel + skip, width, out, ld); break;
#endif
            default: break;
            }
        }
    }
}
