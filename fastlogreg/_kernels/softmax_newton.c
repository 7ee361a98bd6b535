/* Newton's method for a softmax problem with few parameters, start to end in one call.
 *
 * theta has K rows of q values.  The Hessian's block of classes k and l is
 *     X' diag(s pi_k (delta_kl - pi_l)) X / total weight  (+ ridge where k = l),
 * a Gram matrix of its own.  Adding the same vector to every class' unpenalised coefficients changes no
 * probability: along these directions the Hessian gets the curvature that it lacks, so that a step keeps
 * the sum over the classes as it is (0 from a start at zero: the smallest coefficients).
 *
 * The Newton step's dual point (reference.softmax_duality_gap) bounds the minimum from below; a later
 * point's gap is its objective less that bound, so the last step needs no Hessian.
 */
#include "softmax.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDING 4e-15
#define FLOOR 1e-15
#define FAR (1.0 - 1e-6)
#define PAST 1e-14 /* of f: so much the means may be cut at 0 for rounding */

typedef struct {
    const flr_table *kernels;
    ptrdiff_t q, Q, side; /* side: of the whole Hessian, padded */
    double *proba, *weights, *block, *hessian, *scale, *scratch;
} work_t;

static double penalised(const flr_softmax_job *job, ptrdiff_t K, ptrdiff_t q, double loss, const double *theta)
{
    double penalty = 0.0;
    for (ptrdiff_t k = 0; k < K; k++)
        for (ptrdiff_t j = 0; j < q; j++) penalty += job->ridge[j] * theta[k * q + j] * theta[k * q + j];
    return loss / job->total_weight + 0.5 * penalty;
}

static int evaluate(const flr_softmax *sm, const flr_softmax_job *job, const double *theta, double *f,
                    double *gradient, double *proba, flr_executor ex)
{
    const ptrdiff_t K = sm->K, q = sm->rows.x.p + sm->rows.intercept;
    double loss = 0.0;
    const int outcome = flr_run_softmax(sm, theta, &loss, gradient, proba, ex);
    *f = penalised(job, K, q, loss, theta);
    if (gradient)
        for (ptrdiff_t i = 0; i < K * q; i++)
            gradient[i] = i / q == job->reference
                              ? 0.0
                              : gradient[i] / job->total_weight + job->ridge[i % q] * theta[i];
    return outcome;
}

/* weights = 1 - pi_k, whose digits a difference would lose on sure rows */
static void others(work_t *work, ptrdiff_t K, ptrdiff_t n, ptrdiff_t ldp, ptrdiff_t k)
{
    memset(work->weights, 0, (size_t)n * sizeof(double));
    for (ptrdiff_t l = 0; l < K; l++)
        for (ptrdiff_t i = 0; l != k && i < n; i++) work->weights[i] += work->proba[l * ldp + i];
}

/* The factored Hessian at work->proba; 0 if it is singular to rounding. */
static int factor(const flr_softmax *sm, const flr_softmax_job *job, work_t *work)
{
    const ptrdiff_t K = sm->K, n = sm->rows.n, ldp = flr_padded(n), q = work->q, Q = work->Q, S = work->side;
    memset(work->hessian, 0, (size_t)(S * S) * sizeof(double));
    for (ptrdiff_t k = 0; k < K; k++)
        for (ptrdiff_t l = k; l < K; l++) {
            if (k == job->reference || l == job->reference) continue; /* its diagonal becomes 1 */
            const double *pi_k = work->proba + k * ldp, *pi_l = work->proba + l * ldp;
            if (k == l) others(work, K, n, ldp, k);
            for (ptrdiff_t i = 0; i < n; i++) {
                const double s = sm->rows.weight ? sm->rows.weight[i] : 1.0;
                work->weights[i] = s * pi_k[i] * (k == l ? work->weights[i] : -pi_l[i]);
            }
            memset(work->block, 0, (size_t)(Q * Q) * sizeof(double));
            work->kernels->gram(&sm->rows, 0, n, 0, work->weights, work->block, work->scratch);
            for (ptrdiff_t i = 0; i < q; i++)
                for (ptrdiff_t j = 0; j < q; j++) {
                    const double h = work->block[i <= j ? i * Q + j : j * Q + i] / job->total_weight;
                    work->hessian[(k * q + i) * S + l * q + j] = h;
                }
        }
    for (ptrdiff_t j = 0; j < q; j++) {
        if (job->ridge[j] == 0.0 && job->reference < 0) { /* the direction that all classes share */
            double mean = 0.0;
            for (ptrdiff_t k = 0; k < K; k++) mean += work->hessian[(k * q + j) * (S + 1)] / (double)K;
            for (ptrdiff_t k = 0; k < K; k++)
                for (ptrdiff_t l = k; l < K; l++) work->hessian[(k * q + j) * S + l * q + j] += mean;
        }
        for (ptrdiff_t k = 0; k < K; k++)
            work->hessian[(k * q + j) * (S + 1)] += k == job->reference ? 1.0 : job->ridge[j];
    }
    return work->kernels->cholesky(K * q, S, work->hessian, work->scale, work->scratch);
}

static double smallest_weight(const flr_softmax *sm)
{
    double least = (double)INFINITY;
    if (!sm->rows.weight) return 1.0;
    for (ptrdiff_t i = 0; i < sm->rows.n; i++)
        if (sm->rows.weight[i] > 0.0 && sm->rows.weight[i] < least) least = sm->rows.weight[i];
    return least;
}

/* Whether the parameters without a penalty alone put every row on its right side: a loss below log 2 for
 * every row, which 2 theta betters yet. An offset does not grow with theta. */
static int separated(const flr_softmax *sm, const flr_softmax_job *job, ptrdiff_t q, double f, double *trial,
                     flr_executor ex)
{
    const double most = 0.69 * smallest_weight(sm);
    flr_softmax bare = *sm;
    double loss;
    if (!sm->label || !(f * job->total_weight < most)) return 0;
    bare.offset = NULL;
    for (ptrdiff_t i = 0; i < sm->K * q; i++) trial[i] = job->ridge[i % q] > 0.0 ? 0.0 : job->theta[i];
    return flr_run_softmax(&bare, trial, &loss, NULL, NULL, ex) == FLR_OK && loss < most;
}

/* Whether some class has no weight: its intercept has its limit at infinity in any case. */
static int absent(const flr_softmax *sm)
{
    for (ptrdiff_t k = 0; k < sm->K; k++) {
        double share = 0.0;
        for (ptrdiff_t i = 0; i < sm->rows.n && share == 0.0; i++) {
            const double s = sm->rows.weight ? sm->rows.weight[i] : 1.0;
            share = s * (sm->label ? (double)(sm->label[i] == k) : sm->target[i * sm->K + k]);
        }
        if (share == 0.0) return 1;
    }
    return 0;
}

static int newton_steps(const flr_softmax *sm, flr_softmax_job *job, work_t *work, double *g, double *d,
                        double *trial, flr_executor ex)
{
    const ptrdiff_t size = sm->K * work->q;
    const int whole = !absent(sm);
    double f, least = -(double)INFINITY;
    int far = 0; /* the last step took probabilities to 0, as ever longer ones do on the way to infinity */
    int outcome = evaluate(sm, job, job->theta, &f, g, work->proba, ex);
    for (job->n_iter = 0; outcome == FLR_OK; job->n_iter++) {
        double slope = 0.0, sums[3], ridge = 0.0, f_new, step = 1.0;
        job->objective = f;
        job->gap = f - least + ROUNDING * f;
        job->gradient_max = 0.0;
        for (ptrdiff_t i = 0; i < size; i++)
            if (!(fabs(g[i]) <= job->gradient_max)) job->gradient_max = fabs(g[i]);
        job->status = FLR_CONVERGED;
        if (job->gap <= job->tol * f && !far) return FLR_OK;
        job->status = FLR_NONFINITE;
        if (!(f < (double)INFINITY) || !(job->gradient_max < (double)INFINITY)) return FLR_OK;
        job->status = FLR_SEPARATED;
        if (separated(sm, job, work->q, f, trial, ex)) return FLR_OK;
        job->status = FLR_SINGULAR;
        if (!factor(sm, job, work)) return FLR_OK;
        for (ptrdiff_t i = 0; i < size; i++) d[i] = -g[i];
        work->kernels->cholesky_solve(size, work->side, work->hessian, work->scale, d);
        for (ptrdiff_t i = 0; i < size; i++) {
            slope += g[i] * d[i];
            ridge += job->ridge[i % work->q] * d[i] * d[i];
        }
        outcome = flr_run_softmax_dual_gap(sm, work->proba, d, sums, ex);
        if (outcome != FLR_OK) break;
        if (sums[2] < 1.0 || sums[1] <= PAST * f * job->total_weight) {
            const double gap = sums[0] / job->total_weight + 0.5 * ridge + FLOOR * f;
            if (gap < job->gap) job->gap = gap;
        }
        far = whole && !(sums[2] < FAR);
        job->status = FLR_CONVERGED;
        if (job->gap <= job->tol * f && !far) return FLR_OK;
        if (f - job->gap > least) least = f - job->gap;
        job->status = FLR_MAX_ITER;
        if (job->n_iter >= job->max_iter) return FLR_OK;
        job->status = FLR_DIVERGED;
        if (far && -slope <= 1e-9 * f) return FLR_OK;
        for (;;) {
            for (ptrdiff_t i = 0; i < size; i++) trial[i] = job->theta[i] + step * d[i];
            outcome = evaluate(sm, job, trial, &f_new, g, work->proba, ex);
            if (outcome != FLR_OK || f_new <= f + 1e-4 * step * slope) break;
            job->status = FLR_STALLED;
            if (-slope * step <= 1e-14 * f && f_new <= f * (1.0 + ROUNDING)) return FLR_OK;
            job->status = FLR_SINGULAR; /* saturated rows: the careful solver knows what to do */
            step *= 0.5;
            if (step < 1e-10) return FLR_OK;
        }
        memcpy(job->theta, trial, (size_t)size * sizeof(double));
        f = f_new;
        if (-slope <= 1e-16 * f) { /* that was the last step that means anything */
            job->status = FLR_STALLED;
            job->objective = f;
            job->n_iter++;
            return outcome;
        }
    }
    return outcome;
}

int flr_softmax_newton(const flr_softmax *sm, flr_softmax_job *job, flr_executor ex)
{
    work_t work = {0};
    work.kernels = flr_active();
    work.q = sm->rows.x.p + sm->rows.intercept;
    work.Q = flr_padded(work.q);
    work.side = flr_padded(sm->K * work.q);
    const size_t S = (size_t)work.side, Q = (size_t)work.Q, ldp = (size_t)flr_padded(sm->rows.n) + 8;
    const size_t vector = S + 8, size = ((size_t)sm->K + 1) * ldp + Q * Q + S * S + 4 * vector;
    double *memory = malloc((size + flr_gram_scratch(work.side)) * sizeof(double));
    if (!memory) return FLR_NO_MEMORY;
    work.proba = memory;
    work.weights = work.proba + (size_t)sm->K * ldp;
    work.block = work.weights + ldp;
    work.hessian = work.block + Q * Q;
    work.scale = work.hessian + S * S;
    double *g = work.scale + vector, *d = g + vector, *trial = d + vector;
    work.scratch = trial + vector;
    memset(g, 0, 3 * vector * sizeof(double));
    const int outcome = newton_steps(sm, job, &work, g, d, trial, ex);
    free(memory);
    return outcome;
}
