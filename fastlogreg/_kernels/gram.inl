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

/* Upper tiles of the Q x Q matrix H (row stride ld), those with columns >= from, += the packed rows'
 * products. */
static void tiles(ptrdiff_t rows, ptrdiff_t from, ptrdiff_t Q, ptrdiff_t ld, const double *xp,
                  const double *hp, double *H)
{
    for (ptrdiff_t column = from / PANEL * PANEL; column < Q; column += PANEL) {
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

/* ------------------------------------------------------------------ single precision
 * The same with products and sums of FLR_GRAM_ROWS rows in float, added up in double: twice as fast,
 * relative error about 1e-7. For matrices that only steer a solver. */
FLR_INLINE void tile_single(const int nv, ptrdiff_t rows, const float *a, const float *x,
                            ptrdiff_t width, double *H, ptrdiff_t ld, int last_half)
{
    vf acc[VL][PANEL_F / (2 * VL)];
    FLR_UNROLL
    for (int m = 0; m < VL; m++)
        FLR_UNROLL
        for (int v = 0; v < nv; v++) acc[m][v] = f_set1(0.0f);
    for (ptrdiff_t k = 0; k < rows; k++) {
        vf xv[PANEL_F / (2 * VL)];
        FLR_UNROLL
        for (int v = 0; v < nv; v++) xv[v] = f_load(x + v * 2 * VL);
        FLR_UNROLL
        for (int m = 0; m < VL; m++) {
            vf am = f_set1(a[m]);
            FLR_UNROLL
            for (int v = 0; v < nv; v++) acc[m][v] = f_fma(am, xv[v], acc[m][v]);
        }
        x += width;
        a += VL;
    }
    FLR_UNROLL
    for (int m = 0; m < VL; m++)
        FLR_UNROLL
        for (int v = 0; v < nv; v++) {
            double *out = H + m * ld + v * 2 * VL;
            vd low, high;
            f_split(acc[m][v], &low, &high);
            v_store(out, v_load(out) + low);
            if (v < nv - 1 || last_half) v_store(out + VL, v_load(out + VL) + high);
        }
}

static void tiles_single(ptrdiff_t rows, ptrdiff_t from, ptrdiff_t Q, ptrdiff_t ld, const float *xp,
                         const float *hp, double *H)
{
    const ptrdiff_t vector = 2 * VL, wide = (Q + vector - 1) / vector * vector;
    for (ptrdiff_t column = from / PANEL_F * PANEL_F; column < wide; column += PANEL_F) {
        const ptrdiff_t width = column + PANEL_F <= wide ? PANEL_F : wide - column;
        const int last_half = column + width <= Q; /* else the last vector's upper half is padding */
        const float *panel = xp + column * FLR_GRAM_ROWS;
        for (ptrdiff_t row = 0; row < Q && row < column + width; row += VL) {
            const ptrdiff_t skip = row > column ? (row - column) / vector * vector : 0;
            const float *a = hp + row * FLR_GRAM_ROWS;
            double *out = H + row * ld + column + skip;
            switch ((width - skip) / vector) {
            case 1: tile_single(1, rows, a, panel + skip, width, out, ld, last_half); break;
            case 2: tile_single(2, rows, a, panel + skip, width, out, ld, last_half); break;
#if PANEL_F / (2 * VL) >= 3
            case 3: tile_single(3, rows, a, panel + skip, width, out, ld, last_half); break;
#endif
#if PANEL_F / (2 * VL) >= 4
            case 4: tile_single(4, rows, a, panel + skip, width, out, ld, last_half); break;
#endif
            default: break;
            }
        }
    }
}
