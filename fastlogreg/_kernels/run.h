/* Whole passes over a problem: chunks of rows (or columns) handed to the pool. */
#ifndef FLR_RUN_H
#define FLR_RUN_H

#include "flr.h"
#include "pool.h"

typedef struct {
    int n_threads;
    flr_poll poll;
} flr_executor;

/* Each returns FLR_OK, FLR_NO_MEMORY or FLR_INTERRUPTED. Vectors of coefficients are padded as in
 * flr.h; outputs are overwritten. A Hessian needs a layout other than CSC. */
int flr_run_evaluate(const flr_problem *pb, flr_point *at, flr_executor ex);
/* with leverages: at->gradient has p + 1 entries, point->pull too; not CSC */
int flr_run_firth_score(const flr_problem *pb, flr_firth_point *point, flr_executor ex);
int flr_run_curved_product(const flr_problem *pb, const double *curvature, const double *v,
                           double v_b, double *along, double *out, flr_executor ex);
int flr_run_collect(const flr_problem *pb, const double *r, int squared, double *out, flr_executor ex);
/* CSC: its values times a factor of their rows, see flr.h */
int flr_run_scale_columns(const flr_problem *pb, const double *factor, int single, void *out,
                          double *squares, double *sums, flr_executor ex);
int flr_run_gram(const flr_problem *pb, const double *h, int single, ptrdiff_t from, double *H,
                 flr_executor ex);
int flr_run_predict(const flr_problem *pb, const double *coef, double intercept, int form, void *out,
                    flr_executor ex);
int flr_run_dual_gap(const flr_problem *pb, const double *coef, double intercept, const double *v,
                     double v_b, const double *moves, double out[3], flr_executor ex);
double flr_run_sum(const double *x, ptrdiff_t n, flr_executor ex);

#endif
