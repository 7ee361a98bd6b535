/* Newton's method on a small problem, start to end without leaving C.
 *
 * Start: with many more rows than parameters, Newton on every k-th row first; a Hessian there costs 1/k.
 * Per step: the gradient from the rows' residuals, the Hessian from their curvatures (one Cholesky
 * factorisation of the equilibrated matrix), the rows' score changes u = X d; from these follow the
 * certificate, the line search and the next scores without another product with X.
 * Quasi-Newton steps: while the last Hessian still contracts the error well it is kept, since it costs
 * p/2 times as much as the rest, and corrected by L-BFGS pairs.
 * Certificate: the dual point of d gives min f >= f - gap, gap = (costs of dual_terms) + alpha/2 |d|^2;
 * any later point's gap is its f less that bound, so the last step needs no Hessian at its end.
 * Line search: Armijo with halving; within rounding of f the point is final.  Far off, where a whole
 * step leaves a third of the slope (Wolfe's second condition), the secant's longer one is tried.
 * Threads: sums over all rows are made of fixed chunks, added in their order.
 */
#include "pool.h"

/* Relative size of the rounding in f: descent below it is noise, and no gap is called smaller. */
#define ROUNDING 4e-15
#define FLOOR 1e-15
enum { PAIRS = 6 };

static double penalised(const flr_newton_job *job, ptrdiff_t p, double loss, const double *theta)
{
    double squares = 0.0;
    for (ptrdiff_t j = 0; j < p; j++) squares += theta[j] * theta[j];
    return loss / job->total_weight + 0.5 * job->alpha * squares;
}

/* Hard labels, every row strictly on its right side: the classes are separated by theta. */
static int all_right(const flr_problem *pb, const double *z)
{
    if (!pb->label) return 0;
    for (ptrdiff_t i = 0; i < pb->n; i++) {
        if (pb->weight && pb->weight[i] == 0.0) continue;
        if (pb->label[i] ? !(z[i] > 0.0) : !(z[i] < 0.0)) return 0;
    }
    return 1;
}

/* ------------------------------------------------------------------ sums over all rows */

enum { NEWTON_ROWS = 1024 }; /* of a chunk */

typedef struct {
    const flr_problem *pb;
    int n_threads, failed;     /* failed: for want of memory */
    double *z, *u, *r, *h;     /* per row: scores and their changes, residuals, curvatures */
    double *z_new, size;       /* scores after a step of this size */
    const double *v, *moves;   /* parameters or a direction; see dual_terms */
    int with_offset;
    double *out;               /* scores of v */
    double *scratch;
} newton_rows;

static ptrdiff_t newton_chunk(const newton_rows *over, ptrdiff_t task, ptrdiff_t *lo)
{
    *lo = task * NEWTON_ROWS;
    return over->pb->n - *lo < NEWTON_ROWS ? over->pb->n - *lo : NEWTON_ROWS;
}

/* Rows of a chunk at a time, so that what one product reads is still in cache for the next */
static ptrdiff_t newton_block(const flr_problem *pb) { return long_block(pb) < 256 ? long_block(pb) : 256; }

/* Runs a task for all chunks; `each`: its multiply-adds a row. total: `length` sums, nan if it failed. */
static void over_all_rows(newton_rows *over, flr_task task, double each, size_t length, double *total)
{
    const ptrdiff_t n = over->pb->n, q = over->pb->x.p + 1, n_tasks = (n + NEWTON_ROWS - 1) / NEWTON_ROWS;
    const double worth = 1.0 + (double)n * each / 4e5;
    const int n_threads = worth < over->n_threads ? (int)worth : over->n_threads;
    memset(total, 0, length * sizeof(double));
    if (n_tasks == 1) {
        task(over, 0, total, over->scratch);
    } else if (flr_ordered_sum(task, over, n_tasks, n_threads, length, total, flr_gram_scratch(q), 0)) {
        over->failed = 1;
        for (size_t i = 0; i < length; i++) total[i] = (double)NAN;
    }
}

static void scores_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    const newton_rows *over = context;
    const flr_problem *pb = over->pb;
    const ptrdiff_t rows = newton_block(pb);
    ptrdiff_t lo;
    const ptrdiff_t m = newton_chunk(over, task, &lo);
    (void)slot, (void)scratch;
    for (ptrdiff_t i = lo; i < lo + m; i += rows)
        block_scores(pb, i, lo + m - i < rows ? lo + m - i : rows, over->v,
                     pb->intercept ? over->v[pb->x.p] : 0.0, over->with_offset, over->out + i);
}

static void all_scores(newton_rows *over, const double *v, int with_offset, double *out)
{
    double nothing;
    over->v = v;
    over->with_offset = with_offset;
    over->out = out;
    over_all_rows(over, scores_task, (double)over->pb->x.p, 0, &nothing);
}

/* slot: the loss, the sum of the residuals, and from 8 on the gradient */
static void loss_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    const newton_rows *over = context;
    const flr_problem *pb = over->pb;
    const ptrdiff_t rows = newton_block(pb);
    ptrdiff_t lo;
    const ptrdiff_t m = newton_chunk(over, task, &lo);
    (void)scratch;
    for (ptrdiff_t i = lo; i < lo + m; i += rows) {
        const ptrdiff_t count = lo + m - i < rows ? lo + m - i : rows;
        double *z_new = over->z_new + i, residual_sum;
        memcpy(z_new, over->z + i, (size_t)count * sizeof(double));
        if (over->size != 0.0) add_scaled(count, over->size, over->u + i, z_new);
        slot[0] += block_loss(pb, i, count, z_new, over->r + i, over->h + i, &residual_sum);
        slot[1] += residual_sum;
        block_collect(0, pb, i, count, over->r + i, slot + 8);
    }
}

/* The summed loss at z_new = z + size u, with residuals, curvatures, and in `sums` the gradient */
static double loss_at(newton_rows *over, double size, double *sums)
{
    const ptrdiff_t q = over->pb->x.p + 1;
    over->size = size;
    over_all_rows(over, loss_task, (double)q + 40.0, (size_t)(flr_padded(q) + 16), sums);
    return over->failed ? (double)NAN : sums[0];
}

static void gram_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    const newton_rows *over = context;
    const flr_problem *pb = over->pb;
    const ptrdiff_t rows = newton_block(pb);
    ptrdiff_t lo, filled = 0;
    const ptrdiff_t m = newton_chunk(over, task, &lo);
    for (ptrdiff_t i = lo; i < lo + m; i += rows)
        gram_add(pb, i, lo + m - i < rows ? lo + m - i : rows, &filled, 0, over->h + i, slot, scratch);
    gram_add(pb, lo + m, 0, &filled, 0, 0, slot, scratch);
}

/* slot: the costs, and how many chunks have a move that proves nothing */
static void dual_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    const newton_rows *over = context;
    const double *weight = over->pb->weight, *moves = over->moves;
    double terms[3] = {0.0, 0.0, 0.0};
    ptrdiff_t lo;
    const ptrdiff_t m = newton_chunk(over, task, &lo);
    (void)scratch;
    dual_terms(m, over->z + lo, over->u + lo, over->h + lo, weight ? weight + lo : 0,
               moves ? moves + lo : 0, terms);
    slot[0] += terms[0];
    slot[1] += !(terms[1] < 1.0);
}

/* The mean gradient with the penalty's from summed rows, and its largest entry. */
static void finish_gradient(const flr_problem *pb, flr_newton_job *job, const double *sums,
                            const double *theta, double *g)
{
    const ptrdiff_t p = pb->x.p, q = p + (pb->intercept ? 1 : 0);
    memcpy(g, sums + 8, (size_t)p * sizeof(double));
    g[p] = pb->intercept ? sums[1] : 0.0;
    job->gradient_max = 0.0;
    for (ptrdiff_t i = 0; i < q; i++) {
        g[i] = g[i] / job->total_weight + (i < p ? job->alpha * theta[i] : 0.0);
        const double size = fabs(g[i]);
        if (!(size <= job->gradient_max)) job->gradient_max = size;
    }
}

/* H := U with U'U = scaled (sum h x x' / total weight + alpha I); 0 if singular. */
static int factor_hessian(newton_rows *over, const flr_newton_job *job, double *H, double *scale)
{
    const flr_problem *pb = over->pb;
    const ptrdiff_t p = pb->x.p, q = p + (pb->intercept ? 1 : 0), Q = flr_padded(q);
    const double inverse_weight = 1.0 / job->total_weight;
    over_all_rows(over, gram_task, 0.5 * (double)(q * q), (size_t)(Q * Q), H);
    for (ptrdiff_t i = 0; i < q; i++) {
        for (ptrdiff_t j = i; j < q; j++) H[i * Q + j] *= inverse_weight;
        if (i < p) H[i * Q + i] += job->alpha;
    }
    return cholesky(q, Q, H, scale, over->scratch);
}

/* d := -(factored matrix)^{-1} g; returns g'd */
static double solve(ptrdiff_t q, ptrdiff_t Q, const double *U, const double *scale, const double *g,
                    double *d)
{
    double slope = 0.0;
    for (ptrdiff_t j = 0; j < q; j++) d[j] = -g[j];
    cholesky_solve(q, Q, U, scale, d);
    for (ptrdiff_t j = 0; j < q; j++) slope += g[j] * d[j];
    return slope;
}

/* L-BFGS pairs around the factored Hessian: the last steps and the gradient's changes. */
typedef struct {
    ptrdiff_t q, Q;
    const double *U, *scale;
    double *step, *change; /* PAIRS x (Q + 8) each */
    double rho[PAIRS];
    int count;
} memory_t;

static void remember(memory_t *memory, const double *d, double size, const double *g, const double *g_old)
{
    const ptrdiff_t q = memory->q, row = memory->Q + 8;
    double curvature = 0.0;
    if (memory->count == PAIRS) {
        memmove(memory->step, memory->step + row, (size_t)((PAIRS - 1) * row) * sizeof(double));
        memmove(memory->change, memory->change + row, (size_t)((PAIRS - 1) * row) * sizeof(double));
        memmove(memory->rho, memory->rho + 1, (PAIRS - 1) * sizeof(double));
        memory->count--;
    }
    double *step = memory->step + memory->count * row, *change = memory->change + memory->count * row;
    for (ptrdiff_t j = 0; j < q; j++) {
        step[j] = size * d[j];
        change[j] = g[j] - g_old[j];
        curvature += step[j] * change[j];
    }
    if (curvature > 0.0) memory->rho[memory->count++] = 1.0 / curvature;
}

/* d := -(approximate inverse Hessian) g by the two-loop recursion; returns g'd */
static double quasi_newton_direction(const memory_t *memory, const double *g, double *work, double *d)
{
    const ptrdiff_t q = memory->q, row = memory->Q + 8;
    double weight[PAIRS], slope = 0.0;
    memcpy(work, g, (size_t)q * sizeof(double));
    for (int k = memory->count - 1; k >= 0; k--) {
        double a = 0.0;
        for (ptrdiff_t j = 0; j < q; j++) a += memory->step[k * row + j] * work[j];
        weight[k] = a *= memory->rho[k];
        for (ptrdiff_t j = 0; j < q; j++) work[j] -= a * memory->change[k * row + j];
    }
    solve(q, memory->Q, memory->U, memory->scale, work, d); /* minus the inverse's product */
    for (int k = 0; k < memory->count; k++) {
        double b = 0.0;
        for (ptrdiff_t j = 0; j < q; j++) b += memory->change[k * row + j] * d[j];
        b = weight[k] + memory->rho[k] * b;
        for (ptrdiff_t j = 0; j < q; j++) d[j] -= b * memory->step[k * row + j];
    }
    for (ptrdiff_t j = 0; j < q; j++) slope += g[j] * d[j];
    return slope;
}

/* The gap that the dual point of step d proves at the scores z; u holds X d. inf if it proves nothing. */
static double proved_gap(newton_rows *over, const flr_newton_job *job, double f, const double *moves,
                         const double *d)
{
    double costs[2], ridge = 0.0;
    over->moves = moves;
    over_all_rows(over, dual_task, 40.0, 2, costs);
    for (ptrdiff_t j = 0; j < over->pb->x.p; j++) ridge += d[j] * d[j];
    if (!(costs[1] == 0.0)) return (double)INFINITY;
    return costs[0] / job->total_weight + 0.5 * job->alpha * ridge + FLOOR * f;
}

/* The objective at theta_new = theta + size d, its sums in `sums`. */
static double step_to(newton_rows *over, const flr_newton_job *job, ptrdiff_t q, const double *theta,
                      const double *d, double size, double *theta_new, double *sums)
{
    for (ptrdiff_t j = 0; j < q; j++) theta_new[j] = theta[j] + size * d[j];
    return penalised(job, over->pb->x.p, loss_at(over, size, sums), theta_new);
}

/* The objective's slope along d at theta, by the sums there. */
static double slope_along(const flr_problem *pb, const flr_newton_job *job, const double *sums,
                          const double *theta, const double *d)
{
    const ptrdiff_t p = pb->x.p;
    double rows = pb->intercept ? d[p] * sums[1] : 0.0, ridge = 0.0;
    for (ptrdiff_t j = 0; j < p; j++) {
        rows += d[j] * sums[8 + j];
        ridge += d[j] * theta[j];
    }
    return rows / job->total_weight + job->alpha * ridge;
}

/* Newton steps from job->theta on; the workspace is laid out as flr_newton_workspace counts. */
static void newton_steps(const flr_problem *pb, flr_newton_job *job)
{
    const ptrdiff_t n = pb->n, p = pb->x.p, q = p + (pb->intercept ? 1 : 0), Q = flr_padded(q);
    const ptrdiff_t vector = Q + 8;
    double *z = job->workspace, *u = z + n + 16, *r = u + n + 16, *h = r + n + 16;
    double *z_new = h + n + 16, *moves = z_new + n + 16, *U = moves + n + 16, *g = U + Q * Q;
    double *d = g + vector, *scale = d + vector, *theta_new = scale + vector, *g_old = theta_new + vector;
    double *direct = g_old + vector, *pairs = direct + vector, *sums = pairs + 2 * PAIRS * vector;
    double *theta = job->theta, f, f_new, estimate = 0.0, size = 1.0;
    double least = -(double)INFINITY; /* min f is no less */
    /* How much a kept Hessian must cut the squared error; a new one costs about q/8 such steps.
     * Near rounding only Newton's own steps give coefficients as exact as the objective. */
    const double keep = q < 8 || job->tol < 1e-12 ? 0.0 : q < 16 ? 0.01 : q < 32 ? 0.05 : 0.2;
    memory_t memory = {q, Q, U, scale, pairs, pairs + PAIRS * vector, {0}, 0};
    newton_rows over = {.pb = pb, .n_threads = job->n_threads, .z = z, .u = u, .r = r, .h = h,
                        .z_new = z_new, .scratch = sums + 2 * vector};
    int factored = 0;

    memset(direct, 0, (size_t)vector * sizeof(double));
    memset(d, 0, (size_t)vector * sizeof(double));
    all_scores(&over, theta, 1, z);
    f = penalised(job, p, loss_at(&over, 0.0, sums), theta);
    for (job->n_iter = 0;; job->n_iter++) {
        double slope = 0.0;
        int fresh = 1;
        memcpy(g_old, g, (size_t)vector * sizeof(double));
        finish_gradient(pb, job, sums, theta, g);
        job->objective = f;
        job->gap = f - least + ROUNDING * f;
        job->status = FLR_CONVERGED;
        if (job->gap <= job->tol * f) return;
        job->status = FLR_NONFINITE;
        if (!(f < (double)INFINITY) || !(job->gradient_max < (double)INFINITY)) return;
        job->status = FLR_SEPARATED;
        if (job->alpha == 0.0 && f < 1e-8 && all_right(pb, over.z)) return;
        if (factored && keep > 0.0) {
            const double now = -0.5 * solve(q, Q, U, scale, g, direct);
            fresh = !(now > 0.0 && now < keep * estimate && size == 1.0);
            if (!fresh) {
                remember(&memory, d, size, g, g_old);
                estimate = now;
                slope = quasi_newton_direction(&memory, g, theta_new, d);
                fresh = !(slope < 0.0);
                if (!fresh && now <= 4.0 * job->tol * f) {
                    all_scores(&over, direct, 0, u);
                    const double gap = proved_gap(&over, job, f, moves, direct);
                    if (gap < job->gap) job->gap = gap;
                }
            }
        }
        if (fresh) {
            job->status = FLR_SINGULAR;
            if (!factor_hessian(&over, job, U, scale)) return;
            memcpy(moves, h, (size_t)n * sizeof(double));
            factored = 1;
            memory.count = 0;
            slope = solve(q, Q, U, scale, g, d);
            estimate = -0.5 * slope;
        }
        job->status = FLR_CONVERGED;
        if (job->gap <= job->tol * f) return;
        all_scores(&over, d, 0, u);
        if (fresh && estimate <= 0.01 * f) { /* farther off nothing can be proved */
            const double gap = proved_gap(&over, job, f, 0, d);
            if (gap < job->gap) job->gap = gap;
            /* steps that gain nothing still move scores by 1 or so: the mark of a limit at infinity */
            job->status = FLR_DIVERGED;
            if (job->alpha == 0.0 && !(gap < (double)INFINITY) && estimate <= 5e-10 * f) return;
            job->status = FLR_CONVERGED;
        }
        if (job->gap <= job->tol * f) return;
        if (f - job->gap > least) least = f - job->gap;
        job->status = FLR_MAX_ITER;
        if (job->n_iter >= job->max_iter) return;
        for (size = 1.0;;) {
            f_new = step_to(&over, job, q, theta, d, size, theta_new, sums);
            if (f_new <= f + 1e-4 * size * slope) break;
            /* the promised descent is below rounding: this is as far as doubles go */
            job->status = FLR_STALLED;
            if (-slope * size <= 1e-14 * f && f_new <= f * (1.0 + ROUNDING)) return;
            /* saturated rows have no curvature left: the careful solver knows what to do */
            job->status = FLR_SINGULAR;
            size *= 0.5;
            if (size < 1e-12) return;
        }
        if (size == 1.0 && estimate > 0.01 * f) {
            const double left = slope_along(pb, job, sums, theta_new, d);
            if (left < slope / 3.0) {
                size = fmin(3.0, slope / fmin(slope - left, 0.1 * slope));
                const double farther = step_to(&over, job, q, theta, d, size, theta_new, sums);
                if (farther < f_new)
                    f_new = farther;
                else
                    f_new = step_to(&over, job, q, theta, d, size = 1.0, theta_new, sums);
            }
        }
        job->status = FLR_STALLED;
        f = f_new;
        memcpy(theta, theta_new, (size_t)q * sizeof(double));
        double *swap = over.z;
        over.z = over.z_new;
        over.z_new = swap;
        if (job->rough && estimate <= job->tol * f) {
            job->status = FLR_CONVERGED;
            return;
        }
        if (estimate <= 1e-16 * f) { /* that was the last step that means anything */
            finish_gradient(pb, job, sums, theta, g);
            job->objective = f;
            job->n_iter++;
            return;
        }
    }
}

/* theta := the solution on every k-th row, to within that sample's own statistical error. */
static void start_on_sample(const flr_problem *pb, flr_newton_job *job)
{
    const ptrdiff_t n = pb->n, p = pb->x.p, q = p + (pb->intercept ? 1 : 0), k = n / (8 * q + 40);
    if (k < 2 || pb->x.layout > FLR_DENSE_F) return;
    flr_problem sample = *pb;
    flr_newton_job part = *job;
    const ptrdiff_t m = (n + k - 1) / k;
    double *X = job->workspace + flr_newton_workspace(m, p), *y = X + m * p, *s = y + m, *o = s + m;
    double weight = 0.0, before[2] = {0.0, 0.0};
    for (ptrdiff_t i = 0; i < m; i++) {
        const ptrdiff_t row = i * k, at = pb->rows ? pb->rows[row] : row;
        const ptrdiff_t across = pb->x.layout == FLR_DENSE_C ? 1 : pb->x.ld;
        const ptrdiff_t first = pb->x.layout == FLR_DENSE_C ? at * pb->x.ld : at;
        for (ptrdiff_t j = 0; j < p; j++)
            X[i * p + j] = pb->x.is_float ? ((const float *)pb->x.values)[first + j * across]
                                          : ((const double *)pb->x.values)[first + j * across];
        y[i] = pb->label ? pb->label[row] : pb->target[row];
        s[i] = pb->weight ? pb->weight[row] : 1.0;
        o[i] = pb->offset ? pb->offset[row] : 0.0;
        weight += s[i];
        before[y[i] > 0.5] += s[i];
    }
    if (!(before[0] > 0.0) || !(before[1] > 0.0)) return; /* one class: nothing to learn from */
    sample.x = (flr_matrix){FLR_DENSE_C, 0, m, p, p, X, 0, 0};
    sample.n = m;
    sample.rows = 0;
    sample.label = 0;
    sample.target = y;
    sample.weight = pb->weight ? s : 0;
    sample.offset = pb->offset ? o : 0;
    double *start = o + m;
    memcpy(start, job->theta, (size_t)q * sizeof(double));
    part.total_weight = weight;
    part.tol = 3.0 * (double)q / (double)m;
    part.max_iter = 6;
    part.rough = 1;
    part.n_threads = 1;
    newton_steps(&sample, &part);
    if (part.status != FLR_CONVERGED) memcpy(job->theta, start, (size_t)q * sizeof(double));
}

static void newton(const flr_problem *pb, flr_newton_job *job)
{
    if (job->sample_first) start_on_sample(pb, job);
    newton_steps(pb, job);
}
