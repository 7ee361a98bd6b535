/* Maximises l* = l + a log det I,  I = sum w x x' the information: Firth's penalised likelihood (a = 1/2).
 *
 * With f = -l* the gradient is g = (that of the loss) + a pull (leverage.inl).  A step solves
 * (I + A) d = -g.  The curvature A of the penalty, small beside I once there are many rows per parameter,
 * is learnt from the changes of the penalty's gradient by symmetric rank-one updates,
 *     A += r r' / r's,   r = (change of a pull) - A s,   s the step taken:
 * a structured secant method, which turns the linear rate of scoring into a superlinear one.  Where
 * I + A is not positive definite A is forgotten.
 *
 * Far from the maximum (steps above FAR standard errors) the last pull serves: the penalty moves the
 * maximum by less than one or so, and the leverages cost as much as the information.
 *
 * Steps are halved until f falls enough (Armijo); a point whose information is singular counts as
 * infinitely bad.  Descent below the rounding of f is not asked for.
 *
 * Sources: Firth (1993); Dennis, Gay & Welsch, "An adaptive nonlinear least-squares algorithm" (1981) for
 * the structured secant; Nocedal & Wright, "Numerical Optimization" (2006), sec. 6.2 for the update.
 */
#include "firth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double FAR = 4.0;
enum { THIN = 8 };

typedef struct {
    flr_firth *job;
    flr_executor ex;
    const flr_table *kernels;
    ptrdiff_t p, q, Q;
    double *theta_new, *slope, *slope_new; /* slope: the loss' gradient */
    double *pull, *pull_old, *step, *taken, *work, *scale;
    double *I, *I_new, *U, *A, *M, *scratch;
    double *score, *curvature; /* of each row, at the point evaluated last */
    double f, noise, descent; /* descent: -g'd */
    int learnt;               /* A is not zero */
} state_t;

static int failed(const double *values, ptrdiff_t q)
{
    for (ptrdiff_t j = 0; j < q; j++)
        if (!(fabs(values[j]) < INFINITY)) return 1;
    return 0;
}

/* f at theta (infinite if I is singular), with the loss' gradient, I, and its factor in U and scale. */
static int evaluate(state_t *s, const double *theta, double *slope, double *I, double *f, double *noise)
{
    flr_firth *job = s->job;
    const ptrdiff_t q = s->q, Q = s->Q;
    flr_point at = {0};
    /* the coefficients alone, behind zero padding */
    memset(s->work, 0, (size_t)(Q + 8) * sizeof(double));
    memcpy(s->work, theta, (size_t)s->p * sizeof(double));
    at.coef = s->work;
    at.intercept = job->pb->intercept ? theta[s->p] : 0.0;
    at.gradient = slope;
    at.hessian = I;
    at.score = s->score;
    at.curvature = s->curvature;
    int outcome = flr_run_evaluate(job->pb, &at, s->ex);
    if (outcome != FLR_OK) return outcome;
    job->loss = at.loss;
    *f = INFINITY;
    if (!(at.loss < INFINITY) || failed(slope, q)) return FLR_OK;
    for (ptrdiff_t j = 0; j < q; j++)
        if (!(I[j * Q + j] > 0.0)) return FLR_OK;
    memcpy(s->U, I, (size_t)(Q * Q) * sizeof(double));
    if (!s->kernels->cholesky(q, Q, s->U, s->scale, s->scratch)) return FLR_OK;
    double half = 0.0, spread = 0.0;
    for (ptrdiff_t j = 0; j < q; j++) {
        const double pivot = s->U[j * Q + j];
        half += log(pivot / s->scale[j]);
        spread += 1.0 / (pivot * pivot); /* how far the rounding of I is magnified */
    }
    job->log_determinant = 2.0 * half;
    *f = at.loss - job->power * job->log_determinant;
    *noise = 4e-15 * (at.loss + job->power * (fabs(job->log_determinant) + spread));
    return FLR_OK;
}

/* The pull at the point evaluated last, with its factor. */
static int leverages(state_t *s)
{
    flr_firth_point point = {{0}, 1, 0, 0, 0};
    point.at.score = s->score;
    point.at.curvature = s->curvature;
    point.factor = s->job->factor;
    point.pull = s->pull;
    return flr_run_firth_score(s->job->pb, &point, s->ex);
}

/* out := (upper triangle of a symmetric matrix) v */
static void symmetric_product(ptrdiff_t q, ptrdiff_t Q, const double *upper, const double *v, double *out)
{
    for (ptrdiff_t i = 0; i < q; i++) out[i] = 0.0;
    for (ptrdiff_t i = 0; i < q; i++) {
        const double *row = upper + i * Q;
        double sum = row[i] * v[i];
        for (ptrdiff_t j = i + 1; j < q; j++) {
            sum += row[j] * v[j];
            out[j] += row[j] * v[i];
        }
        out[i] += sum;
    }
}

/* The rank-one update of A after the step `taken` from pull_old to pull. */
static void learn(state_t *s)
{
    const ptrdiff_t q = s->q, Q = s->Q;
    const double a = s->job->power;
    double *r = s->step, *product = s->work, along = 0.0, length = 0.0, size = 0.0;
    symmetric_product(q, Q, s->I, s->taken, product);
    for (ptrdiff_t j = 0; j < q; j++) length += product[j] * s->taken[j];
    symmetric_product(q, Q, s->A, s->taken, product);
    for (ptrdiff_t j = 0; j < q; j++) {
        r[j] = a * (s->pull[j] - s->pull_old[j]) - product[j];
        if (s->job->fixed && s->job->fixed[j]) r[j] = 0.0;
        along += r[j] * s->taken[j];
    }
    for (ptrdiff_t j = 0; j < q; j++) { /* |F'r|, the size of r where |.|_I measures steps */
        double sum = 0.0;
        for (ptrdiff_t i = 0; i <= j; i++) sum += s->job->factor[i * Q + j] * r[i];
        size += sum * sum;
    }
    if (!(fabs(along) > 1e-8 * sqrt(length * size))) return;
    for (ptrdiff_t i = 0; i < q; i++) {
        const double factor = r[i] / along;
        for (ptrdiff_t j = i; j < q; j++) s->A[i * Q + j] += factor * r[j];
    }
    s->learnt = 1;
}

/* step := -(I + A)^{-1} g on the parameters that are free, and its length. */
static void direction(state_t *s)
{
    flr_firth *job = s->job;
    const ptrdiff_t q = s->q, Q = s->Q;
    double *g = job->gradient, *d = s->step;
    for (ptrdiff_t j = 0; j < q; j++) g[j] = s->slope[j] + job->power * s->pull[j];
    for (int with_A = s->learnt;; with_A = 0) {
        memcpy(s->M, s->I, (size_t)(Q * Q) * sizeof(double));
        for (ptrdiff_t i = 0; with_A && i < q; i++)
            for (ptrdiff_t j = i; j < q; j++) s->M[i * Q + j] += s->A[i * Q + j];
        for (ptrdiff_t j = 0; j < q; j++) {
            d[j] = -g[j];
            if (!job->fixed || !job->fixed[j]) continue;
            for (ptrdiff_t i = 0; i < j; i++) s->M[i * Q + j] = 0.0;
            for (ptrdiff_t i = j + 1; i < q; i++) s->M[j * Q + i] = 0.0;
            s->M[j * Q + j] = 1.0;
            d[j] = 0.0;
        }
        if (s->kernels->cholesky(q, Q, s->M, s->work, s->scratch) || !with_A) break;
        memset(s->A, 0, (size_t)(Q * Q) * sizeof(double));
        s->learnt = 0;
    }
    s->kernels->cholesky_solve(q, Q, s->M, s->work, d);
    s->descent = 0.0;
    for (ptrdiff_t j = 0; j < q; j++) s->descent -= g[j] * d[j];
    job->step = sqrt(s->descent > 0.0 ? s->descent : 0.0);
}

/* Goes along the step to a point that is better by enough; 0 in *moved if there is none. */
static int line_search(state_t *s, int *moved)
{
    const ptrdiff_t q = s->q;
    double *theta = s->job->theta, f_new, noise_new = 0.0;
    const double loss = s->job->loss, log_determinant = s->job->log_determinant;
    for (double size = 1.0; size > 1e-20; size *= f_new < INFINITY ? 0.5 : 0.1) {
        for (ptrdiff_t j = 0; j < q; j++) s->theta_new[j] = theta[j] + size * s->step[j];
        int outcome = evaluate(s, s->theta_new, s->slope_new, s->I_new, &f_new, &noise_new);
        if (outcome != FLR_OK) return outcome;
        if (!(f_new <= s->f - 1e-4 * size * s->descent + s->noise)) continue;
        double *swap = s->slope;
        s->slope = s->slope_new, s->slope_new = swap;
        swap = s->I;
        s->I = s->I_new, s->I_new = swap;
        for (ptrdiff_t j = 0; j < q; j++) s->taken[j] = s->theta_new[j] - theta[j];
        memcpy(theta, s->theta_new, (size_t)q * sizeof(double));
        s->f = f_new, s->noise = noise_new;
        s->kernels->cholesky_invert(q, s->Q, s->U, s->scale, s->job->factor);
        *moved = 1;
        return FLR_OK;
    }
    s->job->loss = loss, s->job->log_determinant = log_determinant;
    *moved = 0;
    return FLR_OK;
}

static int climb(state_t *s)
{
    flr_firth *job = s->job;
    const size_t vector = (size_t)(s->Q + 8) * sizeof(double);
    double last = INFINITY; /* the length of the last exact step */
    int exact = job->power == 0.0, known = 0, moved, outcome;
    outcome = evaluate(s, job->theta, s->slope, s->I, &s->f, &s->noise);
    if (outcome != FLR_OK) return outcome;
    job->status = job->loss < INFINITY && !failed(s->slope, s->q) ? FLR_FIRTH_SINGULAR : FLR_FIRTH_NONFINITE;
    if (!(s->f < INFINITY)) return FLR_OK;
    s->kernels->cholesky_invert(s->q, s->Q, s->U, s->scale, job->factor);
    /* passes too short to ask add up */
    const int asks = s->ex.poll && (double)job->pb->n * (double)s->q > 1e6;
    for (job->n_iter = 0;;) {
        if (asks && s->ex.poll()) return FLR_INTERRUPTED;
        direction(s);
        if (!exact && (job->step <= FAR || job->n_iter >= job->max_iter)) {
            memcpy(s->pull_old, s->pull, vector);
            outcome = leverages(s);
            if (outcome != FLR_OK) return outcome;
            if (known) learn(s);
            exact = known = 1;
            direction(s);
        }
        if (exact) {
            job->status = FLR_FIRTH_CONVERGED;
            if (job->step <= job->tol) return FLR_OK;
            job->status = FLR_FIRTH_STALLED;
            if (s->descent <= s->noise && job->step > 0.5 * last) return FLR_OK;
            last = job->step;
        }
        job->status = FLR_FIRTH_MAX_ITER;
        if (job->n_iter >= job->max_iter) return FLR_OK;
        outcome = line_search(s, &moved);
        if (outcome != FLR_OK) return outcome;
        if (moved) {
            job->n_iter++;
            known = known && exact; /* a secant needs both of its ends */
            exact = job->power == 0.0;
        } else if (!exact) {
            outcome = evaluate(s, job->theta, s->slope, s->I, &s->f, &s->noise);
            if (outcome == FLR_OK) outcome = leverages(s);
            if (outcome != FLR_OK) return outcome;
            exact = known = 1;
        } else if (s->learnt) {
            memset(s->A, 0, (size_t)(s->Q * s->Q) * sizeof(double));
            s->learnt = 0;
        } else {
            job->status = FLR_FIRTH_STUCK;
            return FLR_OK;
        }
    }
}

static int maximise(flr_firth *job, flr_executor ex)
{
    state_t s = {0};
    s.job = job;
    s.ex = ex;
    s.kernels = flr_active();
    s.p = job->pb->x.p;
    s.q = s.p + job->pb->intercept;
    s.Q = flr_padded(s.q);
    const size_t vector = (size_t)s.Q + 8, square = (size_t)(s.Q * s.Q);
    const size_t rows = (size_t)job->pb->n, gram = flr_gram_scratch(s.q);
    double *memory = malloc((9 * vector + 5 * square + gram + 2 * rows) * sizeof(double));
    if (!memory) return FLR_NO_MEMORY;
    double **vectors[] = {&s.theta_new, &s.slope, &s.slope_new, &s.pull, &s.pull_old,
                          &s.step,      &s.taken, &s.work,      &s.scale};
    double **squares[] = {&s.I, &s.I_new, &s.U, &s.A, &s.M};
    memset(memory, 0, (9 * vector + 5 * square) * sizeof(double));
    double *next = memory;
    for (int k = 0; k < 9; k++, next += vector) *vectors[k] = next;
    for (int k = 0; k < 5; k++, next += square) *squares[k] = next;
    s.scratch = next;
    s.score = next + gram;
    s.curvature = s.score + rows;
    const int outcome = climb(&s);
    free(memory);
    return outcome;
}

/* theta := about the solution on every THIN-th row, if both classes are among them; a large sample is
 * itself started on a sample. */
static int start_on_sample(flr_firth *job, flr_executor ex)
{
    const flr_problem *pb = job->pb;
    const ptrdiff_t n = pb->n, p = pb->x.p, q = p + pb->intercept, m = (n + THIN - 1) / THIN;
    if (m < 8 * q + 40 || pb->x.layout > FLR_DENSE_F) return FLR_OK;
    const ptrdiff_t across = pb->x.layout == FLR_DENSE_C ? 1 : pb->x.ld;
    const ptrdiff_t down = pb->x.layout == FLR_DENSE_C ? pb->x.ld : 1;
    const size_t vector = (size_t)flr_padded(q) + 8;
    double *X = malloc(((size_t)(m * (p + 3)) + vector) * sizeof(double)), *y = X + m * p, *w = y + m;
    if (!X) return FLR_NO_MEMORY;
    double *offset = w + m, *start = offset + m, both[2] = {0.0, 0.0};
    for (ptrdiff_t i = 0; i < m; i++) {
        const ptrdiff_t row = i * THIN;
        for (ptrdiff_t j = 0; j < p; j++)
            X[i * p + j] = pb->x.is_float ? ((const float *)pb->x.values)[row * down + j * across]
                                          : ((const double *)pb->x.values)[row * down + j * across];
        y[i] = pb->label ? pb->label[row] : pb->target[row];
        w[i] = pb->weight ? pb->weight[row] : 1.0;
        offset[i] = pb->offset ? pb->offset[row] : 0.0;
        both[y[i] > 0.5] += w[i];
    }
    memcpy(start, job->theta, vector * sizeof(double));
    flr_problem sample = *pb;
    sample.x = (flr_matrix){FLR_DENSE_C, 0, m, p, p, X, 0, 0};
    sample.n = m;
    sample.label = NULL;
    sample.target = y;
    sample.weight = pb->weight ? w : NULL;
    sample.offset = pb->offset ? offset : NULL;
    flr_firth part = *job;
    part.pb = &sample;
    part.tol = 0.5;
    part.max_iter = 8;
    int outcome = FLR_OK;
    if (both[0] > 0.0 && both[1] > 0.0) {
        outcome = flr_run_firth(&part, ex);
        if (part.status > FLR_FIRTH_MAX_ITER || failed(job->theta, q))
            memcpy(job->theta, start, vector * sizeof(double));
    }
    free(X);
    return outcome;
}

int flr_run_firth(flr_firth *job, flr_executor ex)
{
    if (job->sample_first && !job->fixed) {
        const int outcome = start_on_sample(job, ex);
        if (outcome != FLR_OK) return outcome;
    }
    return maximise(job, ex);
}
