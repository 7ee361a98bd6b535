/* Whole passes over a problem: chunks of rows (or columns) handed to the pool.
 *
 * Chunks depend on the problem only, never on the number of threads, and their sums are added in
 * order: the same bits for any number of threads. A chunk is large enough to hide the hand-over
 * (about half a megabyte of data) and small enough to share the work and to notice Ctrl-C.
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const flr_table *kernels;
    const flr_problem *pb;
    const flr_point *at;
    ptrdiff_t chunk, n; /* rows or columns of a task, and of all */
    ptrdiff_t from;     /* first column of a Gram matrix that is asked for */
    const double *a, *b;
    double scalar;
    int form, with_hessian;
    void *out;
    double *squares, *sums; /* of columns, where these go */
} pass_t;

static ptrdiff_t ceil_div(ptrdiff_t a, ptrdiff_t b) { return (a + b - 1) / b; }

static ptrdiff_t stored(const flr_matrix *x)
{
    ptrdiff_t lines = x->layout == FLR_CSC ? x->p : x->n;
    return lines ? (ptrdiff_t)(x->start[lines] - x->start[0]) : 0;
}

/* Rows of a task when each task has its own sum of `length` doubles. */
static ptrdiff_t chunk_rows(const flr_problem *pb, int with_hessian)
{
    const ptrdiff_t p = pb->x.p + 1, n = pb->n;
    ptrdiff_t rows;
    if (pb->x.layout == FLR_CSR) {
        ptrdiff_t each = stored(&pb->x) / (pb->x.n + 1) + 1;
        rows = (8 * p > 65536 ? 8 * p : 65536) / each;
        if (with_hessian && rows < 4 * (p / each) * (p / each)) rows = 4 * (p / each) * (p / each);
    } else {
        rows = ((ptrdiff_t)1 << (pb->x.layout == FLR_DENSE_F ? 20 : 19)) / (p * (pb->x.is_float ? 4 : 8));
        if (with_hessian && rows < 768) rows = 768;
        if (with_hessian && rows < 4 * p) rows = 4 * p; /* a task's sum has p^2 numbers to be added */
    }
    rows = ceil_div(rows > 1 ? rows : 1, 512) * 512;  /* a row may be larger than a task */
    if (with_hessian && pb->x.layout != FLR_CSR && n > rows) /* as much for each of two threads */
        rows = ceil_div(ceil_div(n, ceil_div(n, 2 * rows) * 2), 32) * 32;
    if (!with_hessian && pb->x.layout != FLR_CSR && rows * p > ((ptrdiff_t)1 << 18))
        rows = p > 8192 ? 32 : ((ptrdiff_t)1 << 18) / p & ~(ptrdiff_t)31;
    return rows < n ? rows : (n ? n : 1);
}

/* One thread where waking others costs more than it saves. */
static int threads_for(const flr_problem *pb, flr_executor ex, int with_hessian)
{
    double work = pb->x.layout >= FLR_CSR ? (double)stored(&pb->x) * 4 : (double)pb->n * (double)pb->x.p;
    if (with_hessian) work *= 1.0 + (double)pb->x.p / 16.0;
    return work < 100000.0 ? 1 : ex.n_threads;
}

static void bounds(const pass_t *pass, ptrdiff_t task, ptrdiff_t *lo, ptrdiff_t *hi)
{
    *lo = task * pass->chunk;
    *hi = *lo + pass->chunk < pass->n ? *lo + pass->chunk : pass->n;
}

static int go(flr_task task, pass_t *pass, ptrdiff_t n, ptrdiff_t chunk, int n_threads, size_t length,
              double *total, size_t scratch, flr_executor ex)
{
    pass->kernels = flr_active();
    pass->n = n;
    pass->chunk = chunk;
    if (total) memset(total, 0, length * sizeof(double));
    return flr_ordered_sum(task, pass, ceil_div(n, chunk), n_threads, length, total, scratch, ex.poll);
}

/* ------------------------------------------------------------------ CSC: column chunks
 * Scores need all columns of a row, so a pass has three phases: scores, losses, products. */

static ptrdiff_t chunk_columns(const flr_matrix *x, int with_sum)
{
    ptrdiff_t each = stored(x) / (x->p + 1) + 1, enough = with_sum && 8 * x->n > 65536 ? 8 * x->n : 65536;
    ptrdiff_t columns = enough / each + 1;
    return columns < x->p ? columns : (x->p ? x->p : 1);
}

static void csc_scores_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    ptrdiff_t lo, hi;
    (void)scratch;
    bounds(pass, task, &lo, &hi);
    pass->kernels->csc_matvec(&pass->pb->x, lo, hi, pass->a, slot);
}

/* z = X v + v_b, plus the offset if asked; n doubles */
static int csc_scores(const flr_problem *pb, const double *v, double v_b, int with_offset, double *z,
                      flr_executor ex)
{
    pass_t pass = {0};
    pass.pb = pb;
    pass.a = v;
    int outcome = go(csc_scores_task, &pass, pb->x.p, chunk_columns(&pb->x, 1),
                     threads_for(pb, ex, 0), (size_t)pb->n, z, 0, ex);
    if (pb->x.p == 0) memset(z, 0, (size_t)pb->n * sizeof(double));
    for (ptrdiff_t i = 0; i < pb->n; i++)
        z[i] += v_b + (with_offset && pb->offset ? pb->offset[i] : 0.0);
    return outcome;
}

static void csc_collect_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    ptrdiff_t lo, hi;
    (void)slot, (void)scratch;
    bounds(pass, task, &lo, &hi);
    pass->kernels->csc_rmatvec(&pass->pb->x, lo, hi, pass->a, pass->form, pass->out);
}

/* g[p + 1] = sums over rows of r_i x_ij (or r_i x_ij^2), then of r_i */
static int csc_collect(const flr_problem *pb, const double *r, int squared, double *g, flr_executor ex)
{
    pass_t pass = {0};
    pass.pb = pb;
    pass.a = r;
    pass.form = squared;
    pass.out = g;
    g[pb->x.p] = 0.0;
    for (ptrdiff_t i = 0; i < pb->n; i++) g[pb->x.p] += r[i];
    return go(csc_collect_task, &pass, pb->x.p, chunk_columns(&pb->x, 0), threads_for(pb, ex, 0), 0,
              NULL, 0, ex);
}

static void scale_columns_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    ptrdiff_t lo, hi;
    (void)slot, (void)scratch;
    bounds(pass, task, &lo, &hi);
    pass->kernels->scale_columns(&pass->pb->x, lo, hi, pass->a, pass->form, pass->out, pass->squares,
                                 pass->sums);
}

int flr_run_scale_columns(const flr_problem *pb, const double *factor, int single, void *out,
                          double *squares, double *sums, flr_executor ex)
{
    pass_t pass = {0};
    pass.pb = pb;
    pass.a = factor;
    pass.form = single;
    pass.out = out;
    pass.squares = squares;
    pass.sums = sums;
    return go(scale_columns_task, &pass, pb->x.p, chunk_columns(&pb->x, 0), threads_for(pb, ex, 0), 0, NULL,
              0, ex);
}

static void loss_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    ptrdiff_t lo, hi;
    (void)scratch;
    bounds(pass, task, &lo, &hi);
    slot[0] = pass->kernels->loss_rows(pass->pb, lo, hi, pass->a, pass->at->residual, pass->at->curvature);
}

static int csc_evaluate(const flr_problem *pb, flr_point *at, flr_executor ex)
{
    const size_t n = (size_t)pb->n;
    double *z = malloc((2 * n + 1) * sizeof(double)), loss[1];
    if (!z) return FLR_NO_MEMORY;
    flr_point inner = *at;
    if (!inner.residual) inner.residual = z + n;
    int outcome = csc_scores(pb, at->coef, at->intercept, 1, z, ex);
    if (outcome == FLR_OK) {
        pass_t pass = {0};
        pass.pb = pb;
        pass.at = &inner;
        pass.a = z;
        outcome = go(loss_task, &pass, pb->n, 8192, threads_for(pb, ex, 0), 1, loss, 0, ex);
        at->loss = loss[0];
    }
    if (outcome == FLR_OK && at->gradient)
        outcome = csc_collect(pb, inner.residual, 0, at->gradient, ex);
    if (at->score) memcpy(at->score, z, n * sizeof(double));
    free(z);
    return outcome;
}

/* ------------------------------------------------------------------ rows */

static size_t gradient_length(const flr_problem *pb) { return (size_t)flr_padded(pb->x.p) + 8; }

static void evaluate_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    flr_point at = *pass->at;
    ptrdiff_t lo, hi;
    bounds(pass, task, &lo, &hi);
    at.loss = 0.0;
    if (at.gradient) at.gradient = slot + 8;
    if (at.hessian) at.hessian = slot + 8 + gradient_length(pass->pb);
    pass->kernels->evaluate(pass->pb, lo, hi, &at, scratch);
    slot[0] = at.loss;
}

int flr_run_evaluate(const flr_problem *pb, flr_point *at, flr_executor ex)
{
    const ptrdiff_t q = pb->x.p + pb->intercept, Q = flr_padded(q);
    const int hessian = at->hessian != NULL;
    if (pb->x.layout == FLR_CSC) return csc_evaluate(pb, at, ex);
    const size_t length = 8 + gradient_length(pb) + (hessian ? (size_t)(Q * Q) : 0);
    double *total = malloc(length * sizeof(double));
    if (!total) return FLR_NO_MEMORY;
    pass_t pass = {0};
    pass.pb = pb;
    pass.at = at;
    int outcome = go(evaluate_task, &pass, pb->n, chunk_rows(pb, hessian), threads_for(pb, ex, hessian),
                     length, total, hessian ? flr_gram_scratch(q) : 0, ex);
    at->loss = total[0];
    if (at->gradient) memcpy(at->gradient, total + 8, (size_t)(pb->x.p + 1) * sizeof(double));
    if (hessian) memcpy(at->hessian, total + 8 + gradient_length(pb), (size_t)(Q * Q) * sizeof(double));
    free(total);
    return outcome;
}

static void firth_score_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    flr_firth_point point = *(const flr_firth_point *)pass->out;
    const size_t vector = gradient_length(pass->pb);
    ptrdiff_t lo, hi;
    bounds(pass, task, &lo, &hi);
    point.at.loss = 0.0;
    if (point.at.gradient) point.at.gradient = slot + 8;
    if (point.pull) point.pull = slot + 8 + vector;
    if (point.at.hessian) point.at.hessian = slot + 8 + 2 * vector;
    pass->kernels->firth_score(pass->pb, lo, hi, &point, scratch);
    slot[0] = point.at.loss;
}

int flr_run_firth_score(const flr_problem *pb, flr_firth_point *point, flr_executor ex)
{
    const ptrdiff_t q = pb->x.p + pb->intercept, Q = flr_padded(q);
    const size_t vector = gradient_length(pb), bytes = (size_t)(pb->x.p + 1) * sizeof(double);
    const size_t length = 8 + 2 * vector + (point->at.hessian ? (size_t)(Q * Q) : 0);
    double *total = malloc(length * sizeof(double));
    if (!total) return FLR_NO_MEMORY;
    pass_t pass = {0};
    pass.pb = pb;
    pass.out = point;
    int outcome = go(firth_score_task, &pass, pb->n, chunk_rows(pb, 1), threads_for(pb, ex, 1), length,
                     total, flr_leverage_scratch(q), ex);
    point->at.loss = total[0];
    if (point->at.gradient) memcpy(point->at.gradient, total + 8, bytes);
    if (point->pull) memcpy(point->pull, total + 8 + vector, bytes);
    if (point->at.hessian)
        memcpy(point->at.hessian, total + 8 + 2 * vector, (size_t)(Q * Q) * sizeof(double));
    free(total);
    return outcome;
}

static void curved_product_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    ptrdiff_t lo, hi;
    (void)scratch;
    bounds(pass, task, &lo, &hi);
    pass->kernels->curved_product(pass->pb, lo, hi, pass->a, pass->b, pass->scalar, pass->out, slot);
}

static void collect_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    ptrdiff_t lo, hi;
    (void)scratch;
    bounds(pass, task, &lo, &hi);
    pass->kernels->collect(pass->pb, lo, hi, pass->a, pass->form, slot);
}

static int collect_rows(flr_task task, pass_t *pass, double *out, flr_executor ex)
{
    const flr_problem *pb = pass->pb;
    double *total = malloc(gradient_length(pb) * sizeof(double));
    if (!total) return FLR_NO_MEMORY;
    int outcome = go(task, pass, pb->n, chunk_rows(pb, 0), threads_for(pb, ex, 0), gradient_length(pb),
                     total, 0, ex);
    memcpy(out, total, (size_t)(pb->x.p + 1) * sizeof(double));
    free(total);
    return outcome;
}

int flr_run_curved_product(const flr_problem *pb, const double *curvature, const double *v,
                           double v_b, double *along, double *out, flr_executor ex)
{
    if (pb->x.layout == FLR_CSC) {
        double *z = malloc(((size_t)pb->n + 1) * sizeof(double));
        if (!z) return FLR_NO_MEMORY;
        int outcome = csc_scores(pb, v, v_b, 0, z, ex);
        if (along) memcpy(along, z, (size_t)pb->n * sizeof(double));
        for (ptrdiff_t i = 0; i < pb->n; i++) z[i] *= curvature[i];
        if (outcome == FLR_OK) outcome = csc_collect(pb, z, 0, out, ex);
        free(z);
        return outcome;
    }
    pass_t pass = {0};
    pass.pb = pb;
    pass.a = curvature;
    pass.b = v;
    pass.scalar = v_b;
    pass.out = along;
    return collect_rows(curved_product_task, &pass, out, ex);
}

int flr_run_collect(const flr_problem *pb, const double *r, int squared, double *out, flr_executor ex)
{
    if (pb->x.layout == FLR_CSC) return csc_collect(pb, r, squared, out, ex);
    pass_t pass = {0};
    pass.pb = pb;
    pass.a = r;
    pass.form = squared;
    return collect_rows(collect_task, &pass, out, ex);
}

static void gram_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    ptrdiff_t lo, hi;
    bounds(pass, task, &lo, &hi);
    if (pass->form)
        pass->kernels->gram_single(pass->pb, lo, hi, pass->from, pass->a ? pass->a + lo : NULL, slot,
                                   scratch);
    else
        pass->kernels->gram(pass->pb, lo, hi, pass->from, pass->a ? pass->a + lo : NULL, slot, scratch);
}

int flr_run_gram(const flr_problem *pb, const double *h, int single, ptrdiff_t from, double *H,
                 flr_executor ex)
{
    const ptrdiff_t q = pb->x.p + pb->intercept, Q = flr_padded(q);
    pass_t pass = {0};
    pass.pb = pb;
    pass.a = h;
    pass.form = single;
    pass.from = from;
    return go(gram_task, &pass, pb->n, chunk_rows(pb, 1), threads_for(pb, ex, 1), (size_t)(Q * Q), H,
              flr_gram_scratch(q), ex);
}

static void predict_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    ptrdiff_t lo, hi;
    (void)slot, (void)scratch;
    bounds(pass, task, &lo, &hi);
    pass->kernels->predict(pass->pb, lo, hi, pass->a, pass->scalar, pass->form, pass->out);
}

int flr_run_predict(const flr_problem *pb, const double *coef, double intercept, int form, void *out,
                    flr_executor ex)
{
    if (pb->x.layout == FLR_CSC) {
        double *z = malloc(((size_t)pb->n + 1) * sizeof(double));
        if (!z) return FLR_NO_MEMORY;
        int outcome = csc_scores(pb, coef, intercept, 1, z, ex);
        flr_active()->transform(pb->n, z, form, out);
        free(z);
        return outcome;
    }
    pass_t pass = {0};
    pass.pb = pb;
    pass.a = coef;
    pass.scalar = intercept;
    pass.form = form;
    pass.out = out;
    return go(predict_task, &pass, pb->n, chunk_rows(pb, 0), threads_for(pb, ex, 0), 0, NULL, 0, ex);
}

/* Slots are added, maxima are not: each task writes its own to `out`. */
static void dual_gap_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    double sums[3] = {0.0, 0.0, 0.0};
    ptrdiff_t lo, hi;
    (void)scratch;
    bounds(pass, task, &lo, &hi);
    pass->kernels->dual_gap(pass->pb, lo, hi, pass->at->coef, pass->at->intercept, pass->a,
                            pass->scalar, pass->b, sums);
    slot[0] = sums[0];
    slot[1] = sums[2];
    ((double *)pass->out)[task] = sums[1];
}

static int csc_dual_gap(const flr_problem *pb, const flr_point *at, const double *v, double v_b,
                        const double *moves, double out[3], flr_executor ex)
{
    const size_t n = (size_t)pb->n;
    double *z = malloc((2 * n + 1) * sizeof(double));
    if (!z) return FLR_NO_MEMORY;
    int outcome = csc_scores(pb, at->coef, at->intercept, 1, z, ex);
    if (outcome == FLR_OK) outcome = csc_scores(pb, v, v_b, 0, z + n, ex);
    out[0] = out[1] = out[2] = 0.0;
    flr_active()->dual_gap_rows(pb, 0, pb->n, z, z + n, moves, out);
    free(z);
    return outcome;
}

int flr_run_dual_gap(const flr_problem *pb, const double *coef, double intercept, const double *v,
                     double v_b, const double *moves, double out[3], flr_executor ex)
{
    flr_point at = {0};
    pass_t pass = {0};
    double total[2];
    at.coef = coef;
    at.intercept = intercept;
    if (pb->x.layout == FLR_CSC) return csc_dual_gap(pb, &at, v, v_b, moves, out, ex);
    const ptrdiff_t chunk = chunk_rows(pb, 0), n_tasks = ceil_div(pb->n, chunk);
    double *largest = malloc((size_t)(n_tasks + 1) * sizeof(double));
    if (!largest) return FLR_NO_MEMORY;
    pass.pb = pb;
    pass.at = &at;
    pass.a = v;
    pass.scalar = v_b;
    pass.b = moves;
    pass.out = largest;
    int outcome = go(dual_gap_task, &pass, pb->n, chunk, threads_for(pb, ex, 0), 2, total, 0, ex);
    out[0] = total[0];
    out[1] = 0.0;
    out[2] = total[1];
    for (ptrdiff_t k = 0; k < n_tasks; k++)
        if (!(largest[k] <= out[1])) out[1] = largest[k];
    free(largest);
    return outcome;
}

static void sum_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    ptrdiff_t lo, hi;
    (void)scratch;
    bounds(pass, task, &lo, &hi);
    slot[0] += pass->kernels->sum(pass->a + lo, hi - lo);
}

double flr_run_sum(const double *x, ptrdiff_t n, flr_executor ex)
{
    double total[1] = {0.0};
    pass_t pass = {0};
    pass.a = x;
    go(sum_task, &pass, n, 1 << 17, ex.n_threads, 1, total, 0, ex);
    return total[0];
}
