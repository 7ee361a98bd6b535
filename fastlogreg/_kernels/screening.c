/* Which columns outside of the working set matter, without a read of X wherever that can be proved.
 *
 * For a moved residual r the products X'r of all columns are wanted, but only whether they exceed
 * their thresholds. The products of a few earlier residuals are kept, made orthonormal: q_k and
 * X'q_k. Then, with c_k = q_k'r and what is left, e = r - sum_k c_k q_k,
 *
 *     | x_j'r - sum_k c_k x_j'q_k |  =  | x_j'e |  <=  ||x_j|| ||e||,
 *
 * by Cauchy and Schwarz: safe, and along a path, whose residuals change smoothly, tight. Columns
 * whose bound does not settle it are multiplied out; if these are many, all are, and r joins the
 * residuals kept. With an intercept residuals sum to 0, so that ||x_j|| may be taken about the mean.
 *
 * The idea of discarding by a ball around a dual point: El Ghaoui, Viallon & Rabbani, "Safe feature
 * elimination for the lasso" (2012); Ndiaye, Fercoq, Gramfort & Salmon, "Gap safe screening rules for
 * sparsity enforcing penalties" (2017).
 */
#include "screening.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = FLR_SCREEN_KEPT };
enum { FIRST = 6 };      /* residuals whose products are taken without asking: the norms cost two reads */
enum { COLUMNS = 512 };  /* that are estimated at a time */
static const double NEAR = 0.95;      /* share of its l1 at which a column's product is near */
static const double NEW = 1e-3;       /* share of a residual that must be new for it to be kept */
static const double ROUNDING = 1e-11; /* of an estimate, relative to the norms: a product's own, over NEW, */
                                      /* and some */

static int sparse(const flr_screen *s) { return s->pb.x.layout == FLR_CSR || s->pb.x.layout == FLR_CSC; }

/* out += sign * (what the parts c of a residual say of the products of columns [begin, end)) */
static void add_estimate(const flr_screen *s, const double *c, double sign, ptrdiff_t begin, ptrdiff_t end,
                         double *out)
{
    const ptrdiff_t p = s->pb.x.p;
    for (int k = 0; k < KEPT; k++)
        if (c[k] != 0.0)
            flr_active()->add_scaled(end - begin, sign * c[k], s->products + k * p + begin, out);
}

int flr_screen_learn(flr_screen *s, const double *r, flr_executor ex)
{
    const ptrdiff_t n = s->pb.n, p = s->pb.x.p;
    const int outcome = flr_run_collect(&s->pb, r, 0, s->last, ex);
    if (outcome != FLR_OK) return outcome;
    s->learned++;
    if (sparse(s)) return FLR_OK;
    const int place = s->kept++ % KEPT; /* that of the oldest */
    memcpy(s->directions + place * n, r, (size_t)n * sizeof(double));
    memcpy(s->products + place * p, s->last, (size_t)p * sizeof(double));
    if (s->fresh < KEPT) s->fresh++;
    return FLR_OK;
}

/* Whether a place holds a residual that is not orthonormal to the others yet. */
static int fresh(const flr_screen *s, int place) { return (s->kept - 1 - place) % KEPT < s->fresh; }

/* e = r without its parts c along the directions that are orthonormal; returns ||e||. */
static double project(const flr_screen *s, const double *r, double *c, double *e)
{
    const ptrdiff_t n = s->pb.n;
    memcpy(e, r, (size_t)n * sizeof(double));
    for (int k = 0; k < KEPT; k++)
        c[k] = k >= s->kept || fresh(s, k) ? 0.0 : flr_active()->dot(n, s->directions + k * n, r);
    for (int k = 0; k < KEPT; k++)
        if (c[k] != 0.0) flr_active()->add_scaled(n, -c[k], s->directions + k * n, e);
    return sqrt(flr_active()->dot(n, e, e));
}

/* Makes the fresh residuals orthonormal to the others: only now, as few fits need any. */
static void make_orthonormal(flr_screen *s)
{
    const ptrdiff_t n = s->pb.n, p = s->pb.x.p;
    double c[KEPT], *e = s->work;
    for (; s->fresh; s->fresh--) {
        const int place = (s->kept - s->fresh) % KEPT;
        double *r = s->directions + place * n, *v = s->products + place * p;
        const double size = project(s, r, c, e);
        const int is_new = size > NEW * sqrt(flr_active()->dot(n, r, r));
        add_estimate(s, c, -1.0, 0, p, v);
        for (ptrdiff_t i = 0; i < n; i++) r[i] = is_new ? e[i] / size : 0.0;
        for (ptrdiff_t j = 0; j < p; j++) v[j] = is_new ? v[j] / size : 0.0;
    }
}

/* Writes the columns outside whose size exceeds the level times `factor` to found; how many. */
static ptrdiff_t all_exceeding(flr_screen *s, flr_thresholds at, double factor)
{
    return flr_active()->exceeding(s->pb.x.p, s->last, 0.0, NULL, factor, at.level, at.stride, at.inside, 0,
                                   s->found);
}

ptrdiff_t flr_screen_foreseen(flr_screen *s, flr_thresholds at) { return all_exceeding(s, at, 1.0); }

/* The columns' norms. */
static int find_norms(flr_screen *s, flr_executor ex)
{
    const ptrdiff_t n = s->pb.n, p = s->pb.x.p;
    double *ones = s->work, *sums = ones + n;
    for (ptrdiff_t i = 0; i < n; i++) ones[i] = 1.0;
    int outcome = flr_run_collect(&s->pb, ones, 1, s->norms, ex);
    if (outcome == FLR_OK && s->pb.intercept) outcome = flr_run_collect(&s->pb, ones, 0, sums, ex);
    if (outcome != FLR_OK) return outcome;
    for (ptrdiff_t j = 0; j < p; j++) {
        const double square = s->norms[j], mean = s->pb.intercept ? sums[j] / (double)n : 0.0;
        const double left = square - mean * sums[j];
        s->norms[j] = sqrt(s->pb.intercept ? (left > 0.0 ? left : 0.0) + 1e-12 * square : square);
    }
    s->normed = 1;
    return FLR_OK;
}

typedef struct {
    double excess;
    int64_t column;
} violator;

static int worse(const void *a, const void *b)
{
    const violator *x = a, *y = b;
    return x->excess > y->excess ? -1 : x->excess < y->excess ? 1 : x->column < y->column ? -1 : 1;
}

/* Of `count` columns found, whose products are known, those above the level times `factor`, sorted. */
static ptrdiff_t sorted(flr_screen *s, flr_thresholds at, double factor, ptrdiff_t count)
{
    ptrdiff_t left = 0;
    violator *list = malloc((size_t)(count + 1) * sizeof(violator));
    if (!list) return FLR_NO_MEMORY;
    for (ptrdiff_t k = 0; k < count; k++) {
        const int64_t j = s->found[k];
        const double excess = fabs(s->last[j]) - factor * at.level[at.stride * j];
        if (excess > 0.0) list[left++] = (violator){excess, j};
    }
    qsort(list, (size_t)left, sizeof(violator), worse);
    for (ptrdiff_t k = 0; k < left; k++) s->found[k] = list[k].column;
    free(list);
    return left;
}

ptrdiff_t flr_screen_violators(flr_screen *s, const double *r, flr_thresholds at, flr_executor ex)
{
    const ptrdiff_t n = s->pb.n, p = s->pb.x.p;
    double c[KEPT], *e = s->work, *exact = e + n;
    int outcome = FLR_OK;
    if (s->learned < FIRST || sparse(s)) { /* too little is known to bound anything */
        if ((outcome = flr_screen_learn(s, r, ex)) != FLR_OK) return outcome;
        if (!flr_screen_foreseen(s, at)) return 0;
        return sorted(s, at, NEAR, all_exceeding(s, at, NEAR));
    }
    if (!s->normed) outcome = find_norms(s, ex);
    if (outcome != FLR_OK) return outcome;
    make_orthonormal(s);
    const double slack = project(s, r, c, e) + ROUNDING * sqrt(flr_active()->dot(n, r, r));
    ptrdiff_t count = 0;
    for (ptrdiff_t begin = 0; begin < p; begin += COLUMNS) {
        const ptrdiff_t end = begin + COLUMNS < p ? begin + COLUMNS : p;
        memset(s->last + begin, 0, (size_t)(end - begin) * sizeof(double));
        add_estimate(s, c, 1.0, begin, end, s->last + begin);
        count += flr_active()->exceeding(end - begin, s->last + begin, slack, s->norms + begin, 1.0,
                                         at.level + at.stride * begin, at.stride, at.inside + begin, begin,
                                         s->found + count);
    }
    if (count > p / 40) {
        if ((outcome = flr_screen_learn(s, r, ex)) != FLR_OK) return outcome;
    } else {
        flr_active()->collect_some(&s->pb.x, r, count, s->found, exact);
        for (ptrdiff_t k = 0; k < count; k++) s->last[s->found[k]] = exact[k];
    }
    return sorted(s, at, 1.0, count);
}
