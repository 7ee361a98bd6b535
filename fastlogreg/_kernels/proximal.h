/* Proximal Newton on some columns: the inner solver of L1, elastic net and bounds. See proximal.c. */
#ifndef FLR_PROXIMAL_H
#define FLR_PROXIMAL_H

#include "run.h"

enum { FLR_PROXIMAL_CONVERGED, FLR_PROXIMAL_MAX_ITER, FLR_PROXIMAL_STALLED, FLR_PROXIMAL_NONFINITE,
       FLR_PROXIMAL_PAUSED };

/* What persists from call to call. m = pb.x.p columns are in work, of at most `capacity`. All sums are
 * raw: weighted, not divided by anything; penalties are on that scale. Coefficients and gradients have
 * `capacity` entries and 16 more, zero beyond m; row vectors have n and 16 more. */
typedef struct {
    flr_problem pb;
    ptrdiff_t capacity;
    double *coef, *gradient, *step;            /* step: the last one, not taken */
    double intercept, gradient_b, step_b;
    double *score, *residual, *curvature;      /* of each row, at coef */
    double *along;                             /* X step + step_b */
    double *landing, landing_b;                /* where the first step of the last penalty led, */
    double *bend, bend_b;                      /* and from there to its end: see take_bent_step */
    int landed;                                /* whether `landing` is there */
    int ahead;                                 /* the penalty is a path's next: bend the first step */
    double *slopes;                            /* X' (residual + moves * along) */
    double loss;                               /* at coef, without penalty */
    double *moves;                             /* the curvatures that the Gram matrix was made with */
    double *gram;                              /* capacity x capacity: sum moves x x', centred; NULL: */
    double *diagonal;                          /* only its diagonal; pb.x is then by column */
    void *scaled;                              /* in its place for sparse X: see scale_columns */
    size_t scaled_room;                        /* its bytes */
    flr_matrix model_x;                        /* the columns with these values; dense ones as they are */
    double *cross, total;                      /* sum moves x, sum moves */
    double *work;                              /* 4 (capacity + 16) + 3 (n + 16) */
    int thin;                                  /* make it of a sample of the rows: */
    flr_problem thin_pb;                       /* its rows, the columns in work */
    const int64_t *thin_rows;                  /* where they are among all rows */
    const double *thin_factor;                 /* what each stands for */
    double *thin_moves;                        /* scratch, thin_pb.n */
    ptrdiff_t built;                           /* columns of the Gram matrix that are there */
    flr_face face;                             /* the factor of its part off zero and off the bounds, */
    ptrdiff_t *faced;                          /* which columns these are, */
    double *faced_l2;                          /* and their l2 */
    double *l1, *l2, *lower, *upper;           /* m each */
    double decrease;                           /* of the objective that `step` promises */
    double least;                              /* stop where a step promises no more */
    double exact;                              /* how far a slope may be off in the last step */
    int max_iter, n_iter, single, status;
    int pause;                                 /* return after every step; the next call goes on */
    int paused;                                /* what it goes on from */
    double before;
} flr_proximal;

/* FLR_OK, FLR_NO_MEMORY or FLR_INTERRUPTED; the outcome is in `status`. */
int flr_run_proximal(flr_proximal *job, flr_executor ex);

/* Frees what flr_run_proximal keeps. */
void flr_release_proximal(flr_proximal *job);

/* Of proximal_face.c. How much it costs to turn the face to coefficients w, in cycles over them, from 3 to
 * `most`; one step: goes on from w, whose gradient of the model is `slope`, to the face's minimum (1) or to
 * where coefficients meet zero or a bound (0); -1 if memory is short. */
int flr_face_patience(const flr_proximal *job, const double *w, int most);
int flr_face_step(flr_proximal *job, double *w, double *slope);

/* loss + penalty at coef */
double flr_proximal_objective(const flr_proximal *job);

/* loss + penalty at coef + step, once `along` is there: no read of X. landing: coef + step within the box,
 * and zero where the objective does not notice that. */
double flr_proximal_look_ahead(flr_proximal *job, double *landing);

/* Goes where the step left over leads, its rows' scores known by `along`: one product with X. 1, or 0 where
 * the objective is no lower; negative: what went wrong. */
int flr_proximal_take(flr_proximal *job, flr_executor ex);

/* What a slope is compared with: the largest l1, or a tenth of the largest slope if that is more. */
double flr_proximal_unit(const flr_proximal *job);

/* The largest entry of the shortest subgradient at coef. */
double flr_proximal_violation(const flr_proximal *job);

/* What the dual point whose residuals are residual + moves * along proves, v = X' of them (m entries).
 * The gap is at most cost + left + beyond * objective, if reach < 1. */
typedef struct {
    double cost, reach; /* of the rows, see dual_terms */
    double left;        /* sum_j pen(b_j) + b_j v_j + pen*(-v_j), as far as pen* is finite */
    double beyond;      /* by which share of l1_j a |v_j| exceeds it, where it is not */
} flr_proof;
flr_proof flr_proximal_prove(const flr_proximal *job, const double *along, const double *v);

#endif
