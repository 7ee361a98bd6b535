/* Newton's method on a small problem, start to end without leaving C.
 *
 * Per step: gradient and Hessian from the rows' residuals and curvatures, one Cholesky
 * factorisation of the equilibrated Hessian, the rows' score changes u = X d; from these follow the
 * certificate (below), the line search and the next scores without another product with X.
 * Certificate: the dual point of d gives min f >= f - gap, gap = (costs of dual_terms) + alpha/2 |d|^2;
 * any later point's gap is its f less that bound, so the last step needs no Hessian at its end.
 * Line search: Armijo with halving; within rounding of f the point is final.
 */

/* Relative size of the rounding in f: descent below it is noise. */
#define ROUNDING 4e-15

/* A := U with U'U = A for the q x q upper triangle (row stride ld) of a unit-diagonal matrix;
 * 0 if a pivot is lost to rounding. */
static int cholesky(ptrdiff_t q, ptrdiff_t ld, double *A)
{
    const double least = 20.0 * (double)q * 2.2e-16;
    for (ptrdiff_t k = 0; k < q; k++) {
        double *FLR_RESTRICT row = A + k * ld;
        if (!(row[k] > least)) return 0;
        const double inverse = 1.0 / sqrt(row[k]);
        for (ptrdiff_t j = k; j < q; j++) row[j] *= inverse;
        for (ptrdiff_t i = k + 1; i < q; i++) {
            double *FLR_RESTRICT other = A + i * ld;
            const double factor = row[i];
            for (ptrdiff_t j = i; j < q; j++) other[j] -= factor * row[j];
        }
    }
    return 1;
}

/* x := (U'U)^{-1} x */
static void cholesky_solve(ptrdiff_t q, ptrdiff_t ld, const double *U, double *x)
{
    for (ptrdiff_t k = 0; k < q; k++) {
        const double *row = U + k * ld;
        const double xk = x[k] /= row[k];
        for (ptrdiff_t j = k + 1; j < q; j++) x[j] -= xk * row[j];
    }
    for (ptrdiff_t k = q - 1; k >= 0; k--) {
        const double *row = U + k * ld;
        double sum = x[k];
        for (ptrdiff_t j = k + 1; j < q; j++) sum -= row[j] * x[j];
        x[k] = sum / row[k];
    }
}

/* d := -(H + alpha I)^{-1} g through the equilibrated Cholesky factor; 0 if H is singular. */
static int newton_direction(ptrdiff_t q, ptrdiff_t Q, double *H, double *scale, const double *g,
                            double *d)
{
    for (ptrdiff_t j = 0; j < q; j++) {
        if (H[j * Q + j] == 0.0) H[j * Q + j] = 1.0; /* a column of zeros: its coefficient stays */
        if (!(H[j * Q + j] > 0.0 && H[j * Q + j] < 1e300)) return 0;
        scale[j] = 1.0 / sqrt(H[j * Q + j]);
    }
    for (ptrdiff_t i = 0; i < q; i++) {
        for (ptrdiff_t j = i; j < q; j++) H[i * Q + j] *= scale[i] * scale[j];
        H[i * Q + i] = 1.0;
        d[i] = -g[i] * scale[i];
    }
    if (!cholesky(q, Q, H)) return 0;
    cholesky_solve(q, Q, H, d);
    for (ptrdiff_t j = 0; j < q; j++) d[j] *= scale[j];
    return 1;
}

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

/* The mean gradient with the penalty's, and its largest entry. */
static void small_gradient(const flr_problem *pb, flr_newton_job *job, ptrdiff_t rows, const double *r,
                           const double *theta, double *g)
{
    const ptrdiff_t n = pb->n, p = pb->x.p, q = p + (pb->intercept ? 1 : 0);
    double sum = 0.0;
    memset(g, 0, (size_t)(flr_padded(q) + 8) * sizeof(double));
    for (ptrdiff_t i = 0; i < n; i += rows)
        block_collect(0, pb, i, n - i < rows ? n - i : rows, r + i, g);
    for (ptrdiff_t i = 0; i < n; i++) sum += r[i];
    g[p] = pb->intercept ? sum : 0.0;
    job->gradient_max = 0.0;
    for (ptrdiff_t i = 0; i < q; i++) {
        g[i] = g[i] / job->total_weight + (i < p ? job->alpha * theta[i] : 0.0);
        const double size = fabs(g[i]);
        if (!(size <= job->gradient_max)) job->gradient_max = size;
    }
}

static void newton(const flr_problem *pb, flr_newton_job *job)
{
    const ptrdiff_t n = pb->n, p = pb->x.p, q = p + (pb->intercept ? 1 : 0), Q = flr_padded(q);
    const ptrdiff_t rows = block_rows(pb) < 256 ? block_rows(pb) : 256;
    double *z = job->workspace, *u = z + n + 16, *r = u + n + 16, *h = r + n + 16;
    double *z_new = h + n + 16, *H = z_new + n + 16, *g = H + Q * Q, *d = g + Q + 8;
    double *scale = d + Q + 8, *theta_new = scale + Q + 8, *scratch = theta_new + Q + 8;
    double *theta = job->theta, f, f_new, least = -(double)INFINITY; /* min f is no less */
    const double inverse_weight = 1.0 / job->total_weight;

    for (ptrdiff_t i = 0; i < n; i += rows)
        block_scores(pb, i, n - i < rows ? n - i : rows, rows, theta, pb->intercept ? theta[p] : 0.0, 1,
                     z + i);
    f = penalised(job, p, loss_rows(pb, 0, n, z, r, h), theta);
    job->status = FLR_MAX_ITER;
    for (job->n_iter = 0;; job->n_iter++) {
        double cost[3] = {0.0, 0.0, 0.0}, ridge = 0.0, slope = 0.0, size = 1.0;
        ptrdiff_t filled = 0;
        memset(H, 0, (size_t)(Q * Q) * sizeof(double));
        small_gradient(pb, job, rows, r, theta, g);
        for (ptrdiff_t i = 0; i < n; i += rows)
            gram_add(pb, i, n - i < rows ? n - i : rows, &filled, h + i, H, scratch);
        gram_add(pb, n, 0, &filled, 0, H, scratch);
        for (ptrdiff_t i = 0; i < q; i++) {
            for (ptrdiff_t j = i; j < q; j++) H[i * Q + j] *= inverse_weight;
            if (i < p) H[i * Q + i] += job->alpha;
        }
        job->objective = f;
        job->gap = (double)INFINITY;
        if (!(f < (double)INFINITY) || !(job->gradient_max < (double)INFINITY)) {
            job->status = FLR_NONFINITE;
            return;
        }
        memset(d, 0, (size_t)(Q + 8) * sizeof(double));
        if (!newton_direction(q, Q, H, scale, g, d)) {
            job->status = FLR_SINGULAR;
            return;
        }
        for (ptrdiff_t i = 0; i < n; i += rows)
            block_scores(pb, i, n - i < rows ? n - i : rows, rows, d, pb->intercept ? d[p] : 0.0, 0, u + i);
        dual_terms(n, z, u, h, pb->weight, 0, cost);
        for (ptrdiff_t j = 0; j < q; j++) {
            slope += g[j] * d[j];
            if (j < p) ridge += job->alpha * d[j] * d[j];
        }
        if (cost[1] < 1.0) {
            job->gap = cost[0] * inverse_weight + 0.5 * ridge;
            if (f - job->gap > least) least = f - job->gap;
        }
        if (job->gap <= job->tol * f) {
            job->status = FLR_CONVERGED;
            return;
        }
        if (job->alpha == 0.0 && f < 1e-8 && all_right(pb, z)) {
            job->status = FLR_SEPARATED;
            return;
        }
        if (job->n_iter >= job->max_iter) return;
        for (;;) {
            for (ptrdiff_t i = 0; i < n; i++) z_new[i] = z[i] + size * u[i];
            for (ptrdiff_t j = 0; j < q; j++) theta_new[j] = theta[j] + size * d[j];
            f_new = penalised(job, p, loss_rows(pb, 0, n, z_new, r, h), theta_new);
            if (f_new <= f + 1e-4 * size * slope) break;
            if (-slope * size <= 1e-14 * f && f_new <= f * (1.0 + ROUNDING)) {
                /* the promised descent is below rounding: this is as far as doubles go */
                job->status = FLR_STALLED;
                return;
            }
            size *= 0.5;
            if (size < 1e-12) {
                job->status = FLR_STALLED;
                return;
            }
        }
        f = f_new;
        memcpy(theta, theta_new, (size_t)q * sizeof(double));
        double *swap = z;
        z = z_new;
        z_new = swap;
        const double gap = f - least + ROUNDING * f;
        if (gap <= job->tol * f) {
            job->status = FLR_CONVERGED;
            job->gap = gap;
            job->objective = f;
            job->n_iter++;
            small_gradient(pb, job, rows, r, theta, g);
            return;
        }
    }
}
