/* Whole passes over a softmax problem, and the small Newton fit. See softmax.c, softmax_newton.c. */
#ifndef FLR_SOFTMAX_H
#define FLR_SOFTMAX_H

#include "run.h"

/* theta, gradient, v and out have K rows of q = p + intercept values, the intercept last. proba has K
 * rows of padded(n). Each returns FLR_OK, FLR_NO_MEMORY or FLR_INTERRUPTED; X is not CSC. */
int flr_run_softmax(const flr_softmax *sm, const double *theta, double *loss, double *gradient,
                    double *proba, flr_executor ex);
int flr_run_softmax_curved(const flr_softmax *sm, const double *proba, const double *v, double *out,
                           flr_executor ex);
int flr_run_softmax_dual_gap(const flr_softmax *sm, const double *proba, const double *v, double out[3],
                             flr_executor ex);
int flr_run_softmax_predict(const flr_softmax *sm, const double *theta, int form, void *out,
                            flr_executor ex);

/* Newton's method in one call. `ridge` has q values, the same for every class; status as flr_newton_job. */
typedef struct {
    const double *ridge;
    double total_weight, tol;
    int max_iter;
    ptrdiff_t reference; /* the class whose coefficients stay as they are, -1 for none */
    double *theta; /* start and solution */
    double objective, gap, gradient_max;
    int status, n_iter;
} flr_softmax_job;
int flr_softmax_newton(const flr_softmax *sm, flr_softmax_job *job, flr_executor ex);

#endif
