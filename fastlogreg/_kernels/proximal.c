/* Proximal Newton on a working set of columns.
 *
 * The objective is  loss(X w + b) + sum_j l1_j |w_j| + 1/2 sum_j l2_j w_j^2  on the box. A step minimises
 * the loss' quadratic model plus the exact penalty,
 *     g's + 1/2 s' X' K X s + pen(w + s),        K = diag(moves),
 * by coordinate descent on the Gram matrix X' K X, the intercept eliminated: with c = X' k and t = sum k
 * the matrix is X' K X - c c' / t and s_b = -(g_b + c's) / t.
 *
 * K is the curvature of some earlier point. While the gradient is exact this costs steps, never
 * accuracy; a step is one read of the columns, a Gram matrix several, so that K is kept, along a whole path
 * too, until steps contract the error badly. New columns only add a border. With many rows
 * it is at first that of a sample of them, K being zero elsewhere.
 *
 * Along a path the first step at a penalty is bent by what the last penalty's turned out to lack, so that
 * it is often the only one (take_bent_step).
 *
 * The model is minimised by few cycles of coordinate descent, which find the signs, and by Newton's steps
 * on the face of these signs (proximal_face.c).
 * Without room for a Gram matrix the model is minimised by walks along the columns instead.
 *
 * The last step is minimised exactly and not taken: moving the residuals by K X s makes a dual point
 * that meets the constraints of these columns (reference.duality_gap).
 *
 * Sources: Lee, Sun & Saunders, "Proximal Newton-type methods for minimizing composite functions" (2014);
 * Friedman, Hastie & Tibshirani (2010) for the covariance form.
 */
#include "proximal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double ROUNDING = 4e-15; /* of an objective, relative */
enum { ROWS = 1024 };                 /* that are summed up at a time */
static const double TRUST = 0.5;      /* squared change of bends, relative, up to which one is used */
static const double FAINTEST = 1e-4;  /* least curvature in the model, as a share of the residual */

static double penalty(const flr_proximal *job, const double *w)
{
    double sum = 0.0;
    for (ptrdiff_t j = 0; j < job->pb.x.p; j++)
        sum += job->l1[j] * fabs(w[j]) + 0.5 * job->l2[j] * w[j] * w[j];
    return sum;
}

double flr_proximal_objective(const flr_proximal *job) { return job->loss + penalty(job, job->coef); }

/* The model's curvature along a column. */
static double own_curvature(const flr_proximal *job, ptrdiff_t j)
{
    return job->gram ? job->gram[j * (job->capacity + 1)] : job->diagonal[j];
}

/* w within the box of coefficient j: rounding may have led outside. */
static double inside(const flr_proximal *job, ptrdiff_t j, double w)
{
    return w < job->lower[j] ? job->lower[j] : w > job->upper[j] ? job->upper[j] : w;
}

double flr_proximal_look_ahead(flr_proximal *job, double *landing)
{
    const ptrdiff_t m = job->pb.x.p, n = job->pb.n;
    const double f = flr_proximal_objective(job);
    double *z = job->work;
    for (ptrdiff_t i = 0; i < n; i++) z[i] = job->score[i] + job->along[i];
    for (ptrdiff_t j = 0; j < m; j++) landing[j] = job->coef[j] + job->step[j];
    const double ahead = flr_active()->loss_rows(&job->pb, 0, n, z, NULL, NULL) + penalty(job, landing);
    for (ptrdiff_t j = 0; j < m; j++) {
        const double step = job->step[j];
        const int unnoticed = job->coef[j] == 0.0 && own_curvature(job, j) * step * step <= ROUNDING * f;
        landing[j] = unnoticed ? 0.0 : inside(job, j, landing[j]);
    }
    return ahead;
}

double flr_proximal_unit(const flr_proximal *job)
{
    double largest = 0.0, slope = 0.0;
    for (ptrdiff_t j = 0; j < job->pb.x.p; j++) {
        if (job->l1[j] > largest) largest = job->l1[j];
        if (fabs(job->gradient[j]) > slope) slope = fabs(job->gradient[j]);
    }
    return largest > 0.1 * slope ? largest : 0.1 * slope;
}

double flr_proximal_violation(const flr_proximal *job)
{
    double largest = fabs(job->gradient_b);
    for (ptrdiff_t j = 0; j < job->pb.x.p; j++) {
        const double w = job->coef[j], l1 = job->l1[j];
        double slope = job->gradient[j] + job->l2[j] * w + (w > 0.0 ? l1 : w < 0.0 ? -l1 : 0.0);
        if (w == 0.0) slope = fabs(slope) <= l1 ? 0.0 : slope > 0.0 ? slope - l1 : slope + l1;
        if ((w <= job->lower[j] && slope > 0.0) || (w >= job->upper[j] && slope < 0.0)) slope = 0.0;
        if (fabs(slope) > largest) largest = fabs(slope);
    }
    return largest;
}

flr_proof flr_proximal_prove(const flr_proximal *job, const double *along, const double *v)
{
    flr_proof proof = {0};
    double sums[3] = {0};
    for (ptrdiff_t i = 0; i < job->pb.n; i += ROWS) {
        const ptrdiff_t some = job->pb.n - i < ROWS ? job->pb.n - i : ROWS;
        flr_active()->dual_terms(some, job->score + i, along + i, job->curvature + i,
                                 job->pb.weight ? job->pb.weight + i : 0, job->moves + i, sums);
    }
    for (ptrdiff_t j = 0; j < job->pb.x.p; j++) {
        const double w = job->coef[j], l1 = job->l1[j], l2 = job->l2[j];
        const double size = fabs(v[j]) - l1, past = size > 0.0 ? (v[j] < 0.0 ? size : -size) : 0.0;
        /* where pen*(-v) has its maximum */
        double b = past == 0.0 ? 0.0 : l2 > 0.0 ? past / l2 : past > 0.0 ? (double)INFINITY : (double)-INFINITY;
        b = b < job->lower[j] ? job->lower[j] : b > job->upper[j] ? job->upper[j] : b;
        if (!(fabs(b) < INFINITY)) {
            if (l1 > 0.0 && size / l1 > proof.beyond) proof.beyond = size / l1;
            if (l1 == 0.0) continue; /* its v is 0, but for rounding */
            b = 0.0;
        }
        /* pen(w) + w v - (pen(b) + b v), without cancellation of the squares */
        const double term = l1 * (fabs(w) - fabs(b)) + (w - b) * (v[j] + 0.5 * l2 * (w + b));
        if (!(term <= 0.0)) proof.left += term;
    }
    proof.cost = sums[0];
    proof.reach = sums[1];
    return proof;
}

/* The model's matrix for walks along the columns of sparse X: its values times the roots of the moves,
 * so that a walk meets one number a row; and its squares and products with the moves. */
static int scale_columns(flr_proximal *job, int single, double *squares, double *sums, flr_executor ex)
{
    const flr_matrix *x = &job->pb.x;
    const size_t bytes = ((size_t)x->start[x->p] + 1) * (single ? sizeof(float) : sizeof(double));
    if (bytes > job->scaled_room) {
        free(job->scaled);
        job->scaled_room = 0;
        job->scaled = malloc(bytes);
        if (!job->scaled) return FLR_NO_MEMORY;
        job->scaled_room = bytes;
    }
    for (ptrdiff_t i = 0; i < job->pb.n; i++) job->along[i] = sqrt(job->moves[i]);
    job->model_x.is_float = single;
    job->model_x.values = job->scaled;
    return flr_run_scale_columns(&job->pb, job->along, single, job->scaled, squares, sums, ex);
}

/* Whether single precision holds these squares. */
static int moderate(ptrdiff_t m, const double *squares)
{
    for (ptrdiff_t j = 0; j < m; j++)
        if (squares[j] != 0.0 && !(squares[j] > 1e-25 && squares[j] < 1e35)) return 0;
    return 1;
}

/* For the residual form: the model's curvature of each column, and cross and total. */
static int survey(flr_proximal *job, flr_executor ex)
{
    const ptrdiff_t m = job->pb.x.p;
    int outcome;
    double *sums = malloc(((size_t)flr_padded(m) + 16) * sizeof(double)), *squares = job->diagonal;
    if (!sums) return FLR_NO_MEMORY;
    job->model_x = job->pb.x;
    if (job->pb.x.layout == FLR_CSC) {
        outcome = scale_columns(job, 1, squares, sums, ex);
        if (outcome == FLR_OK && !moderate(m, squares)) outcome = scale_columns(job, 0, squares, sums, ex);
    } else {
        outcome = flr_run_collect(&job->pb, job->moves, 1, sums, ex);
        memcpy(squares, sums, (size_t)m * sizeof(double));
        if (outcome == FLR_OK) outcome = flr_run_collect(&job->pb, job->moves, 0, sums, ex);
    }
    job->total = job->pb.intercept ? flr_active()->sum(job->moves, job->pb.n) : 0.0;
    for (ptrdiff_t j = 0; j < m; j++) {
        const double own = squares[j];
        job->cross[j] = job->total > 0.0 ? sums[j] : 0.0;
        if (job->total > 0.0) job->diagonal[j] -= sums[j] * sums[j] / job->total;
        if (own < INFINITY && !(job->diagonal[j] > 1e-13 * own)) job->diagonal[j] = 0.0;
    }
    job->built = m;
    free(sums);
    return outcome;
}

/* The Gram matrix' columns from `built` on, with the present moves; all of it if built is 0. */
static int build(flr_proximal *job, int single, flr_executor ex)
{
    const ptrdiff_t m = job->pb.x.p, q = m + job->pb.intercept, Q = flr_padded(q);
    double *upper = malloc((size_t)(Q * Q) * sizeof(double));
    int good = 1;
    if (!upper) return FLR_NO_MEMORY;
    if (job->built == 0) job->face.q = 0; /* it is of another matrix */
    int outcome = job->thin ? flr_run_gram(&job->thin_pb, job->thin_moves, single, job->built, upper, ex)
                            : flr_run_gram(&job->pb, job->moves, single, job->built, upper, ex);
    if (outcome != FLR_OK) {
        free(upper);
        return outcome;
    }
    job->total = 0.0;
    memset(job->cross, 0, (size_t)m * sizeof(double));
    if (job->pb.intercept) {
        job->total = upper[m * Q + m];
        if (job->total > 0.0)
            for (ptrdiff_t j = 0; j < m; j++) job->cross[j] = upper[j * Q + m];
    }
    const double scale = job->total > 0.0 ? 1.0 / job->total : 0.0;
    for (ptrdiff_t j = job->built; j < m; j++) {
        const double own = upper[j * Q + j], c = job->cross[j] * scale;
        for (ptrdiff_t i = 0; i <= j; i++)
            job->gram[i * job->capacity + j] = job->gram[j * job->capacity + i] =
                upper[i * Q + j] - job->cross[i] * c;
        double *left = &job->gram[j * job->capacity + j];
        /* a column nearly constant under these weights: what is left is rounding */
        if (single && !(*left > 1e-3 * own && own > 1e-25 && own < 1e35)) good = own == 0.0 && good;
        if (!(own < INFINITY))
            *left = own; /* its squares overflow: `steps` gives up */
        else if (!(*left > 1e-13 * own))
            *left = 0.0;
    }
    job->built = m;
    free(upper);
    if (good) return FLR_OK;
    job->built = 0;
    return build(job, 0, ex);
}

/* The model's value at w without its Gram matrix, relative to the loss at coef; `along` as column_step
 * keeps it, cross: sum of cross_j times the step's entries. */
static double value_by_columns(const flr_proximal *job, const flr_columns *model, const double *w,
                               double cross)
{
    double linear = 0.0, quadratic = 0.0;
    for (ptrdiff_t j = 0; j < job->pb.x.p; j++) linear += (w[j] - job->coef[j]) * model->gradient[j];
    for (ptrdiff_t i = 0; i < job->pb.n; i++) {
        const double squared = job->along[i] * job->along[i];
        if (job->moves[i] > 0.0) quadratic += model->k ? squared / job->moves[i] : squared;
    }
    const double shift = job->gradient_b * job->gradient_b * model->scale;
    return linear + 0.5 * (quadratic - cross * cross * model->scale - shift) + penalty(job, w);
}

/* Where the model's Gram matrix is not kept. */
static void minimise_by_columns(flr_proximal *job, double loose, double *w, double *slope,
                                ptrdiff_t *list)
{
    const ptrdiff_t m = job->pb.x.p, n = job->pb.n;
    const double scale = job->total > 0.0 ? 1.0 / job->total : 0.0, start = penalty(job, job->coef);
    const flr_columns model = {{m, 0, 0, job->l1, job->l2, job->lower, job->upper}, &job->model_x,
                               job->model_x.layout == FLR_CSC ? NULL : job->moves, slope, job->diagonal,
                               job->cross, scale, job->along};
    double cross = 0.0;
    for (ptrdiff_t j = 0; j < m; j++) {
        slope[j] = job->gradient[j] - job->gradient_b * scale * job->cross[j];
        w[j] = job->coef[j] + job->step[j];
        cross += job->cross[j] * job->step[j];
    }
    memset(job->along, 0, (size_t)n * sizeof(double));
    flr_active()->columns_sum(&model, job->step);
    double value = value_by_columns(job, &model, w, cross);
    if (!(value <= start)) { /* a step of another model, worse than none */
        memset(job->along, 0, (size_t)n * sizeof(double));
        memcpy(w, job->coef, (size_t)m * sizeof(double));
        cross = 0.0;
        value = start;
    }
    flr_active()->column_cycles(&model, w, &cross, list, start - value, loose, job->exact,
                                loose > 0.0 ? 100 : 1000);
    for (ptrdiff_t j = 0; j < m; j++) job->step[j] = w[j] - job->coef[j];
    job->step_b = -(job->gradient_b + cross) * scale;
    job->decrease = start - value_by_columns(job, &model, w, cross);
}

/* The model's value at w, whose gradient is `slope`: relative to the loss at coef. */
static double model_value(const flr_proximal *job, double shift, const double *w, const double *slope)
{
    double linear = 0.0;
    for (ptrdiff_t j = 0; j < job->pb.x.p; j++)
        linear += (w[j] - job->coef[j]) * (job->gradient[j] - shift * job->cross[j] + slope[j]);
    return 0.5 * (linear - shift * job->gradient_b) + penalty(job, w);
}

/* The model's gradient at w. */
static void model_slopes(const flr_proximal *job, double shift, const double *w, double *slope)
{
    const ptrdiff_t m = job->pb.x.p;
    for (ptrdiff_t j = 0; j < m; j++) slope[j] = job->gradient[j] - shift * job->cross[j];
    for (ptrdiff_t j = 0; j < m; j++)
        if (w[j] != job->coef[j])
            flr_active()->add_scaled(m, w[j] - job->coef[j], job->gram + j * job->capacity, slope);
}

/* Minimises the model over coef + step; `loose` as in coordinate_cycles, 0 for as exact as it goes.
 * work: 2 m doubles and m indices. Goes on from the step that is there. */
static int minimise(flr_proximal *job, double loose, double *w, double *slope, ptrdiff_t *list,
                    flr_executor ex)
{
    if (!job->gram) {
        minimise_by_columns(job, loose, w, slope, list);
        return ex.poll && ex.poll() ? FLR_INTERRUPTED : FLR_OK;
    }
    const ptrdiff_t m = job->pb.x.p;
    const flr_table *kernels = flr_active();
    const flr_quadratic model = {m, job->capacity, job->gram, job->l1, job->l2, job->lower, job->upper};
    const double shift = job->total > 0.0 ? job->gradient_b / job->total : 0.0;
    const double start = penalty(job, job->coef);
    const int most = 3 + (int)(m / 32);
    double cross = 0.0, value;
    for (ptrdiff_t j = 0; j < m; j++) w[j] = job->coef[j] + job->step[j];
    model_slopes(job, shift, w, slope);
    value = model_value(job, shift, w, slope);
    if (!(value <= start)) { /* a step of another model, worse than none */
        memcpy(w, job->coef, (size_t)m * sizeof(double));
        model_slopes(job, shift, w, slope);
        value = start;
    }
    for (int round = 0; round < 30; round++) {
        if (kernels->coordinate_cycles(&model, w, slope, list, start - value, loose, job->exact,
                                       flr_face_patience(job, w, most)) > 0)
            break;
        for (int k = 0; k < 20 && flr_face_step(job, w, slope) == 0; k++) continue;
        if (2 * job->face.q > m) model_slopes(job, shift, w, slope); /* see product_on_face */
        const double before = value;
        value = model_value(job, shift, w, slope);
        if (loose > 0.0 && before - value <= loose * (start - value)) break;
        if (ex.poll && ex.poll()) return FLR_INTERRUPTED;
    }
    for (ptrdiff_t j = 0; j < m; j++) {
        job->step[j] = w[j] - job->coef[j];
        cross += job->cross[j] * job->step[j];
    }
    job->step_b = job->total > 0.0 ? -shift - cross / job->total : 0.0;
    job->decrease = start - model_value(job, shift, w, slope);
    return FLR_OK;
}

/* along = X step + step_b, with the step_b for which the moved residuals add up to nothing, and slopes,
 * X' of the moved residuals: one read. */
static int project(flr_proximal *job, flr_executor ex)
{
    const ptrdiff_t m = job->pb.x.p, n = job->pb.n;
    int outcome = flr_run_curved_product(&job->pb, job->moves, job->step, job->step_b, job->along,
                                         job->slopes, ex);
    if (outcome != FLR_OK) return outcome;
    double total = 0.0, shift = 0.0;
    if (job->pb.intercept)
        for (ptrdiff_t i = 0; i < n; i++) total += job->moves[i];
    if (total > 0.0) {
        shift = (job->slopes[m] + job->gradient_b) / total;
        job->step_b -= shift;
        for (ptrdiff_t i = 0; i < n; i++) job->along[i] -= shift;
    }
    for (ptrdiff_t j = 0; j < m; j++) job->slopes[j] += job->gradient[j] - shift * job->cross[j];
    return outcome;
}

/* A point coef + size * step to be looked at, in the room of `trial`; its gradient's is the caller's. */
static flr_point point_at(const flr_proximal *job, double size, double *trial)
{
    const ptrdiff_t m = job->pb.x.p, n = job->pb.n, length = job->capacity + 16;
    double *rows = trial + 2 * length;
    flr_point at = {0};
    memset(trial, 0, (size_t)length * sizeof(double));
    for (ptrdiff_t j = 0; j < m; j++) trial[j] = inside(job, j, job->coef[j] + size * job->step[j]);
    at.coef = trial;
    at.intercept = job->intercept + size * job->step_b;
    at.score = rows;
    at.residual = rows + n + 16;
    at.curvature = rows + 2 * (n + 16);
    return at;
}

static void move_to(flr_proximal *job, const flr_point *at)
{
    const size_t m = (size_t)job->pb.x.p, n = (size_t)job->pb.n;
    memcpy(job->coef, at->coef, m * sizeof(double));
    memcpy(job->gradient, at->gradient, m * sizeof(double));
    memcpy(job->score, at->score, n * sizeof(double));
    memcpy(job->residual, at->residual, n * sizeof(double));
    memcpy(job->curvature, at->curvature, n * sizeof(double));
    job->gradient_b = job->pb.intercept ? at->gradient[m] : 0.0;
    job->intercept = at->intercept;
    job->loss = at->loss;
}

int flr_proximal_take(flr_proximal *job, flr_executor ex)
{
    const ptrdiff_t n = job->pb.n;
    flr_point at = point_at(job, 1.0, job->work);
    for (ptrdiff_t i = 0; i < n; i++) at.score[i] = job->score[i] + job->along[i];
    at.loss = flr_active()->loss_rows(&job->pb, 0, n, at.score, at.residual, at.curvature);
    if (!(at.loss + penalty(job, at.coef) < flr_proximal_objective(job))) return 0;
    at.gradient = malloc(((size_t)flr_padded(job->pb.x.p) + 16) * sizeof(double));
    if (!at.gradient) return FLR_NO_MEMORY;
    const int outcome = flr_run_collect(&job->pb, at.residual, 0, at.gradient, ex);
    if (outcome == FLR_OK) move_to(job, &at);
    free(at.gradient);
    return outcome == FLR_OK ? 1 : outcome;
}

/* Evaluates coef + size * step and goes there if the objective falls enough: 1, else 0 (or < 0). */
static int advance(flr_proximal *job, double f, double size, double *trial, flr_executor ex)
{
    flr_point at = point_at(job, size, trial);
    at.gradient = trial + job->capacity + 16;
    int outcome = flr_run_evaluate(&job->pb, &at, ex);
    if (outcome != FLR_OK) return outcome < 0 ? outcome : -1;
    const double gain = f - at.loss - penalty(job, at.coef);
    if (!(gain >= 0.01 * size * job->decrease - ROUNDING * f)) return 0;
    move_to(job, &at);
    return 1;
}

/* The first step of a path's next penalty. A step errs by the model's third order and by its old
 * curvatures; along a path both change slowly, so that it is bent by what it took to get from the landing
 * of the last penalty's first step to the end. Taken as `advance` does; a bend that does not help costs a
 * read. */
static int take_bent_step(flr_proximal *job, double f, double *trial, flr_executor ex)
{
    const ptrdiff_t m = job->pb.x.p;
    double *plain = trial + 2 * (job->capacity + 16) + 3 * (job->pb.n + 16);
    const double plain_b = job->step_b;
    int bent = 0;
    memcpy(plain, job->step, (size_t)m * sizeof(double));
    for (ptrdiff_t j = 0; j < m; j++) {
        const double to = job->coef[j] + job->step[j], further = to + job->bend[j];
        if (job->bend[j] == 0.0 || to * further <= 0.0) continue;
        job->step[j] += job->bend[j];
        bent = 1;
    }
    if (!bent) return 0;
    job->step_b += job->bend_b;
    const int taken = advance(job, f, 1.0, trial, ex);
    if (taken != 0) return taken;
    memcpy(job->step, plain, (size_t)m * sizeof(double));
    job->step_b = plain_b;
    return 0;
}

/* Where a path's first step at a penalty leads. */
static void land(flr_proximal *job)
{
    for (ptrdiff_t j = 0; j < job->pb.x.p; j++) job->landing[j] = job->coef[j] + job->step[j];
    job->landing_b = job->intercept + job->step_b;
    job->landed = 1;
}

/* What take_bent_step needs to know of the last penalty, whose last step is still there; 0 if bends change
 * too much from one penalty to the next for it. */
static int learn_bend(flr_proximal *job)
{
    double size = 0.0, change = 0.0;
    for (ptrdiff_t j = 0; j < job->pb.x.p; j++) {
        const int known = job->landed && job->landing[j] != 0.0;
        const double old = job->bend[j];
        job->bend[j] = known ? job->coef[j] + job->step[j] - job->landing[j] : 0.0;
        if (job->bend[j] == 0.0 && old == 0.0) continue; /* it may be new, its curvature not made yet */
        const double own = own_curvature(job, j);
        size += own * job->bend[j] * job->bend[j];
        change += own * (job->bend[j] - old) * (job->bend[j] - old);
    }
    job->bend_b = job->landed ? job->intercept + job->step_b - job->landing_b : 0.0;
    job->landed = 0;
    return change < TRUST * size;
}

/* The present curvature of a row. A row that is wrong beyond doubt has next to none, and a full
 * residual: a model that believed it would send scores to 1e20. */
static double move(const flr_proximal *job, ptrdiff_t i)
{
    const double least = FAINTEST * fabs(job->residual[i]);
    return job->curvature[i] > least ? job->curvature[i] : least;
}

/* The moves of a Gram matrix to be made: of all rows, or of a sample of them if there is one. */
static void choose_moves(flr_proximal *job)
{
    if (!job->thin) {
        for (ptrdiff_t i = 0; i < job->pb.n; i++) job->moves[i] = move(job, i);
        return;
    }
    memset(job->moves, 0, (size_t)job->pb.n * sizeof(double));
    for (ptrdiff_t k = 0; k < job->thin_pb.n; k++) {
        const int64_t i = job->thin_rows[k];
        job->moves[i] = job->thin_moves[k] = move(job, i) * job->thin_factor[k];
    }
}

static int steps(flr_proximal *job, double *trial, double *w, double *slope, ptrdiff_t *list,
                 flr_executor ex)
{
    const ptrdiff_t m = job->pb.x.p;
    /* how well kept curvatures must contract: a new Gram matrix costs a few steps, of many columns m/20,
     * without one they cost less than a step */
    const double keep = m < 8 ? 0.0 : !job->gram ? 0.01 : m < 600 ? 0.02 : 0.1;
    double before = job->paused ? job->before : INFINITY, least = job->least;
    int fresh = 0, last = 0, first = job->ahead && !job->paused, outcome = FLR_OK;
    if (job->paused && job->decrease <= ROUNDING * (job->loss + penalty(job, job->coef))) least = INFINITY;
    const int ahead = first && learn_bend(job);
    job->paused = job->n_iter = 0;
    memset(job->step, 0, (size_t)(job->capacity + 16) * sizeof(double));
    for (;;) {
        const double f = job->loss + penalty(job, job->coef);
        job->status = FLR_PROXIMAL_NONFINITE;
        if (!(f < INFINITY)) return FLR_OK;
        if (job->built == 0) {
            choose_moves(job);
            fresh = 1;
        }
        if (job->built == 0 || job->built < m) {
            outcome = job->gram ? build(job, job->single, ex) : survey(job, ex);
            if (outcome != FLR_OK) return outcome;
        }
        for (ptrdiff_t j = 0; j < m; j++)
            if (!(own_curvature(job, j) < INFINITY)) return FLR_OK;
        /* far from the optimum the model is not worth more */
        last = job->ahead && job->gram && job->n_iter > 0; /* a path's values mostly take one step */
        const double loose = last ? 0.0 : before > 1e-3 * f && before < INFINITY ? 0.02 : 1e-3;
        if ((outcome = minimise(job, loose, w, slope, list, ex)) != FLR_OK) return outcome;
        const int credible = job->decrease <= f; /* no objective falls below zero */
        if (!fresh && (!credible || (job->decrease > keep * before && job->decrease > least))) {
            job->built = job->thin = 0; /* that is too slow */
            if (!credible) memset(job->step, 0, (size_t)(job->capacity + 16) * sizeof(double));
            continue;
        }
        if (!(job->decrease < INFINITY)) return FLR_OK;
        job->status = FLR_PROXIMAL_CONVERGED;
        if (job->decrease <= least) break;
        job->status = FLR_PROXIMAL_MAX_ITER;
        if (job->n_iter == job->max_iter) break;
        if (first) land(job);
        int taken = first && ahead ? take_bent_step(job, f, trial, ex) : 0;
        if (taken < 0) return taken;
        first = 0;
        for (double size = 1.0; size > 1e-10 && !taken; size *= 0.5) {
            taken = advance(job, f, size, trial, ex);
            if (taken < 0) return taken;
            if (!taken && (!fresh || job->thin)) break;
        }
        job->status = FLR_PROXIMAL_STALLED;
        if (!taken && fresh && !job->thin) break;
        if (!taken) {
            job->built = job->thin = 0;
            continue;
        }
        before = job->decrease;
        fresh = 0;
        job->n_iter++;
        memset(job->step, 0, (size_t)(job->capacity + 16) * sizeof(double));
        if (job->decrease <= ROUNDING * f) least = INFINITY; /* the next is for the proof only */
        if (job->pause) {
            job->before = before;
            job->paused = 1;
            job->status = FLR_PROXIMAL_PAUSED;
            return FLR_OK;
        }
    }
    if (!last && (outcome = minimise(job, 0.0, w, slope, list, ex)) != FLR_OK) return outcome;
    return project(job, ex);
}

int flr_run_proximal(flr_proximal *job, flr_executor ex)
{
    const size_t length = (size_t)job->capacity + 16, n = (size_t)job->pb.n + 16;
    double *w = job->work + 2 * length + 3 * n, *slope = w + length;
    ptrdiff_t *list = malloc(length * sizeof(ptrdiff_t));
    if (!list) return FLR_NO_MEMORY;
    const int outcome = steps(job, job->work, w, slope, list, ex);
    free(list);
    return outcome;
}
