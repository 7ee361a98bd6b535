/* Whole passes over a softmax problem: chunks of rows handed to the pool, as in run.c.
 *
 * Memory beside the input: a sum of K x p a thread, and a block of scores.
 */
#include "softmax.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const flr_table *kernels;
    const flr_softmax *sm;
    const double *coef, *intercept; /* packed: the point, or the direction */
    const double *proba;
    ptrdiff_t chunk;
    int form, with_gradient;
    double *out_proba, *largest;
    void *out;
} pass_t;

static ptrdiff_t stored(const flr_matrix *x) { return x->n ? (ptrdiff_t)(x->start[x->n] - x->start[0]) : 0; }

/* Rows of a task: enough to make its sum of K x p worth adding up. */
static ptrdiff_t chunk_rows(const flr_softmax *sm)
{
    const ptrdiff_t n = sm->rows.n;
    ptrdiff_t rows = (n + 31) / 32;
    if (sm->rows.x.layout == FLR_CSR) {
        const ptrdiff_t each = stored(&sm->rows.x) / (sm->rows.x.n + 1) + 1;
        if (rows < 8 * sm->rows.x.p / each) rows = 8 * sm->rows.x.p / each;
    } else if (rows > 8192) {
        rows = 8192;
    }
    rows = (rows + FLR_CLASS_ROWS - 1) / FLR_CLASS_ROWS * FLR_CLASS_ROWS;
    return rows < n ? rows : (n ? n : 1);
}

static int threads_for(const flr_softmax *sm, flr_executor ex)
{
    const flr_matrix *x = &sm->rows.x;
    double each = x->layout == FLR_CSR ? (double)stored(x) * 4.0 / (double)(x->n + 1) : (double)x->p;
    return (double)sm->rows.n * (each + 8.0) * (double)sm->K < 300000.0 ? 1 : ex.n_threads;
}

static int go(flr_task task, pass_t *pass, const flr_softmax *sm, size_t length, double *total,
              flr_executor ex)
{
    pass->kernels = flr_active();
    pass->sm = sm;
    pass->chunk = chunk_rows(sm);
    if (total) memset(total, 0, length * sizeof(double));
    return flr_ordered_sum(task, pass, (sm->rows.n + pass->chunk - 1) / pass->chunk, threads_for(sm, ex),
                           length, total, flr_softmax_scratch(sm), ex.poll);
}

static void bounds(const pass_t *pass, ptrdiff_t task, ptrdiff_t *lo, ptrdiff_t *hi)
{
    const ptrdiff_t n = pass->sm->rows.n;
    *lo = task * pass->chunk;
    *hi = *lo + pass->chunk < n ? *lo + pass->chunk : n;
}

/* theta as the kernels read it, coefficients and padded(K) intercepts, for the pass; free what it returns */
static double *packed(const flr_softmax *sm, const double *theta, pass_t *pass)
{
    const ptrdiff_t K = sm->K, p = sm->rows.x.p, q = p + sm->rows.intercept, stride = flr_class_stride(sm);
    const size_t size = flr_class_size(sm);
    const int by_column = sm->rows.x.layout == FLR_CSR;
    double *memory = calloc(size + (size_t)flr_padded(K) + 16, sizeof(double));
    if (!memory) return NULL;
    double *out = (double *)(((uintptr_t)memory + 63) & ~(uintptr_t)63); /* whole cache lines */
    for (ptrdiff_t k = 0; k < K; k++) {
        for (ptrdiff_t j = 0; j < p; j++) out[by_column ? j * stride + k : k * stride + j] = theta[k * q + j];
        if (sm->rows.intercept) out[size + (size_t)k] = theta[k * q + p];
    }
    pass->coef = out;
    pass->intercept = out + size;
    return memory;
}

/* The reverse, from a sum laid out as [8, padded(K) sums, gradient]. */
static void unpack(const flr_softmax *sm, const double *total, double *gradient)
{
    const ptrdiff_t K = sm->K, p = sm->rows.x.p, q = p + sm->rows.intercept, stride = flr_class_stride(sm);
    const double *sums = total + 8, *g = sums + flr_padded(K);
    const int by_column = sm->rows.x.layout == FLR_CSR;
    for (ptrdiff_t k = 0; k < K; k++) {
        for (ptrdiff_t j = 0; j < p; j++) gradient[k * q + j] = g[by_column ? j * stride + k : k * stride + j];
        if (sm->rows.intercept) gradient[k * q + p] = sums[k];
    }
}

static size_t sum_length(const flr_softmax *sm) { return 8 + (size_t)flr_padded(sm->K) + flr_class_size(sm); }

static void evaluate_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    ptrdiff_t lo, hi;
    flr_softmax_point at = {pass->coef, pass->intercept, 0.0, 0, slot + 8, pass->out_proba};
    bounds(pass, task, &lo, &hi);
    if (pass->with_gradient) at.gradient = slot + 8 + flr_padded(pass->sm->K);
    pass->kernels->softmax_evaluate(pass->sm, lo, hi, &at, scratch);
    slot[0] = at.loss;
}

int flr_run_softmax(const flr_softmax *sm, const double *theta, double *loss, double *gradient,
                    double *proba, flr_executor ex)
{
    const size_t length = gradient ? sum_length(sm) : 8;
    pass_t pass = {0};
    double *w = packed(sm, theta, &pass), *total = malloc(length * sizeof(double));
    int outcome = FLR_NO_MEMORY;
    if (w && total) {
        pass.with_gradient = gradient != NULL;
        pass.out_proba = proba;
        outcome = go(evaluate_task, &pass, sm, length, total, ex);
        *loss = total[0];
        if (gradient) unpack(sm, total, gradient);
    }
    free(w);
    free(total);
    return outcome;
}

static void curved_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    ptrdiff_t lo, hi;
    bounds(pass, task, &lo, &hi);
    pass->kernels->softmax_curved(pass->sm, lo, hi, pass->proba, pass->coef, pass->intercept,
                                  slot + 8 + flr_padded(pass->sm->K), slot + 8, scratch);
}

int flr_run_softmax_curved(const flr_softmax *sm, const double *proba, const double *v, double *out,
                           flr_executor ex)
{
    pass_t pass = {0};
    double *w = packed(sm, v, &pass), *total = malloc(sum_length(sm) * sizeof(double));
    int outcome = FLR_NO_MEMORY;
    if (w && total) {
        pass.proba = proba;
        outcome = go(curved_task, &pass, sm, sum_length(sm), total, ex);
        unpack(sm, total, out);
    }
    free(w);
    free(total);
    return outcome;
}

/* Sums are added by the pool, maxima are not: each task writes its own. */
static void dual_gap_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    double sums[3] = {0.0, 0.0, 0.0};
    ptrdiff_t lo, hi;
    bounds(pass, task, &lo, &hi);
    pass->kernels->softmax_dual_gap(pass->sm, lo, hi, pass->proba, pass->coef, pass->intercept, sums, scratch);
    slot[0] = sums[0];
    slot[1] = sums[1];
    pass->largest[task] = sums[2];
}

int flr_run_softmax_dual_gap(const flr_softmax *sm, const double *proba, const double *v, double out[3],
                             flr_executor ex)
{
    const ptrdiff_t n_tasks = sm->rows.n / chunk_rows(sm) + 1;
    pass_t pass = {0};
    double *w = packed(sm, v, &pass), *largest = calloc((size_t)n_tasks, sizeof(double));
    int outcome = FLR_NO_MEMORY;
    out[0] = out[1] = out[2] = 0.0;
    if (w && largest) {
        pass.proba = proba;
        pass.largest = largest;
        outcome = go(dual_gap_task, &pass, sm, 2, out, ex);
        for (ptrdiff_t k = 0; k < n_tasks; k++)
            if (!(largest[k] <= out[2])) out[2] = largest[k];
    }
    free(w);
    free(largest);
    return outcome;
}

static void predict_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    pass_t *pass = context;
    ptrdiff_t lo, hi;
    (void)slot;
    bounds(pass, task, &lo, &hi);
    pass->kernels->softmax_predict(pass->sm, lo, hi, pass->coef, pass->intercept, pass->form, pass->out,
                                   scratch);
}

int flr_run_softmax_predict(const flr_softmax *sm, const double *theta, int form, void *out,
                            flr_executor ex)
{
    pass_t pass = {0};
    double *w = packed(sm, theta, &pass);
    if (!w) return FLR_NO_MEMORY;
    pass.form = form;
    pass.out = out;
    int outcome = go(predict_task, &pass, sm, 0, NULL, ex);
    free(w);
    return outcome;
}
