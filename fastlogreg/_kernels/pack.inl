/* Packing rows for the tiles of gram.inl: for one type of the data T and one of the pack S.
 *
 * Row k of the pack holds [x_i, 1] in panels of WIDTH columns, and h_i [x_i, 1] in panels of VL: the
 * two operands of a tile. Columns beyond the last are zeros, up to a whole vector of S.
 */
static void FN(pack)(const flr_problem *pb, ptrdiff_t lo, ptrdiff_t m, ptrdiff_t k0, const double *h,
                     S *xp, S *hp)
{
    const ptrdiff_t p = pb->x.p, Q = PADDED(flr_padded(p + pb->intercept)), nv = Q / VL;
    const ptrdiff_t per = WIDTH / VL;
    double one[8] = {0};
    if (pb->intercept) one[p % VL] = 1.0;
    for (ptrdiff_t v = 0; v < nv; v++) {
        const ptrdiff_t j = v * VL, panel = v / per;
        const ptrdiff_t width = (panel + 1) * WIDTH <= Q ? WIDTH : Q - panel * WIDTH;
        S *xd = xp + panel * WIDTH * FLR_GRAM_ROWS + k0 * width + (v - panel * per) * VL;
        S *hd = hp + v * VL * FLR_GRAM_ROWS + k0 * VL;
        const vd ones = v_set1(0.0) + (j <= p && p < j + VL ? v_load(one) : v_set1(0.0));
        const int tail = p - j >= VL ? VL : p > j ? (int)(p - j) : 0;
        if (pb->x.layout == FLR_DENSE_F) {
            const T *first = (const T *)pb->x.values + j * pb->x.ld + lo;
            ptrdiff_t k = 0;
            for (; k + VL <= m; k += VL) {
                vd x[VL];
                FLR_UNROLL
                for (int c = 0; c < VL; c++) {
                    x[c] = c < tail ? LOAD(first + c * pb->x.ld + k) : v_set1(0.0);
                    /* short runs of many columns: no hardware prefetcher follows those */
                    FLR_PREFETCH_L2(first + c * pb->x.ld + k + FLR_GRAM_ROWS);
                }
                v_transpose(x);
                FLR_UNROLL
                for (int i = 0; i < VL; i++) {
                    STORE(xd + (k + i) * width, x[i] + ones);
                    STORE(hd + (k + i) * VL, (x[i] + ones) * v_set1(h ? h[k + i] : 1.0));
                }
            }
            for (; k < m; k++) {
                double x[VL];
                for (int c = 0; c < VL; c++) x[c] = c < tail ? first[c * pb->x.ld + k] : 0.0;
                STORE(xd + k * width, v_load(x) + ones);
                STORE(hd + k * VL, (v_load(x) + ones) * v_set1(h ? h[k] : 1.0));
            }
        } else {
            for (ptrdiff_t k = 0; k < m; k++) {
                const T *x = (const T *)pb->x.values +
                             (pb->rows ? pb->rows[lo + k] : lo + k) * pb->x.ld + j;
                vd part = ones;
                if (tail == VL)
                    part = LOAD(x);
                else if (tail)
                    part = ones + LOAD_TAIL(x, tail);
                STORE(xd + k * width, part);
                STORE(hd + k * VL, part * v_set1(h ? h[k] : 1.0));
            }
        }
    }
}
