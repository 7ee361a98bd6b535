/* Types of the kernels and the list of them.
 *
 * A kernel is plain C on raw pointers: no Python, no threads, no globals, no allocation; it is
 * compiled once per instruction set and reached through a table of function pointers (dispatch.c).
 * All sums, coefficients and gradients are double, whatever the type of the data.
 */
#ifndef FLR_H
#define FLR_H

#include <stddef.h>
#include <stdint.h>

enum { FLR_DENSE_C, FLR_DENSE_F, FLR_CSR, FLR_CSC };

/* A read-only n-by-p matrix of float or double; never owns memory. */
typedef struct {
    int layout;
    int is_float;         /* values are float, else double */
    ptrdiff_t n, p;
    ptrdiff_t ld;         /* dense: elements from one row (C) or column (F) to the next */
    const void *values;   /* dense values, or the stored ones; NULL: all stored ones are 1.0 */
    const int32_t *index; /* sparse: column (CSR) or row (CSC) of each stored value */
    const int64_t *start; /* sparse: first stored value of each row (CSR) or column (CSC), and the end */
} flr_matrix;

/* Rows of a matrix with their targets. `rows` (dense C only) picks n rows of x; label, target, weight
 * and offset are indexed by the position, not by rows[]. */
typedef struct {
    flr_matrix x;
    ptrdiff_t n;
    const int64_t *rows;
    const uint8_t *label;  /* 0/1; if NULL, target holds values in [0, 1] */
    const double *target;
    const double *weight;  /* NULL: all 1 */
    const double *offset;  /* NULL: all 0 */
    int intercept;         /* an unpenalised constant is the last parameter */
} flr_problem;

/* What one evaluation at a point reads and writes; any output but loss may be NULL.
 * Sums are over rows, weighted, not divided by the sum of weights. */
typedef struct {
    const double *coef;    /* p values, zero-padded to a multiple of 8 */
    double intercept;
    double loss;
    double *gradient;      /* p + 1: columns, then the sum of residuals */
    double *hessian;       /* Q x Q with Q = flr_padded(p + intercept), upper triangle of tiles */
    double *residual;      /* per row: weight * dloss/dz */
    double *curvature;     /* per row: weight * d2loss/dz2 */
    double *score;         /* per row: z */
} flr_point;

static inline ptrdiff_t flr_padded(ptrdiff_t q) { return (q + 7) & ~(ptrdiff_t)7; }

/* K classes over the rows of a problem, whose own targets and offset are left aside. CSC has no rows. */
typedef struct {
    flr_problem rows;
    ptrdiff_t K;
    const int32_t *label;  /* 0..K-1; if NULL, target (n, K) holds probabilities, rows summing to 1 */
    const double *target;
    const double *offset;  /* (n, K); NULL: all 0 */
} flr_softmax;

/* One value a class and column, as the class kernels read and write them: for dense X a padded row a
 * class, for CSR a padded row a column. */
static inline ptrdiff_t flr_class_stride(const flr_softmax *sm)
{
    return sm->rows.x.layout == FLR_CSR ? flr_padded(sm->K) : flr_padded(sm->rows.x.p) + 8;
}
static inline size_t flr_class_size(const flr_softmax *sm)
{
    return (size_t)flr_class_stride(sm) *
           (size_t)(sm->rows.x.layout == FLR_CSR ? sm->rows.x.p : sm->K) + 32;
}

/* What one evaluation reads and writes; any output but loss may be NULL. Raw sums, as flr_point. */
typedef struct {
    const double *coef, *intercept; /* flr_class_size; padded(K) */
    double loss;
    double *gradient;               /* as coef */
    double *sums;                   /* K: summed residuals; needed with gradient */
    double *proba;                  /* K rows of padded(n): the probabilities */
} flr_softmax_point;

enum { FLR_CLASS_ROWS = 256 }; /* rows of a block of the class kernels, at most */

/* Doubles of scratch of the class kernels: scores and score changes of a block, and sparse rows. */
static inline size_t flr_softmax_scratch(const flr_softmax *sm)
{
    return (size_t)(FLR_CLASS_ROWS + 8) * 2 * ((size_t)flr_padded(sm->K) + 8) + 64;
}

enum { FLR_ROWS_MAX = 1024 }; /* rows of a block, at most: its scores live on the stack */
enum { FLR_GRAM_ROWS = 128 }; /* rows packed for one sweep of the Hessian's tiles */
enum { FLR_LEVERAGE_ROWS = 96 }; /* rows of a block whose leverages are found together */

/* Doubles of scratch that an evaluation with a Hessian needs. */
static inline size_t flr_gram_scratch(ptrdiff_t q)
{
    return (size_t)FLR_GRAM_ROWS * 2 * ((size_t)flr_padded(q) + 8) + 16;
}

/* A point whose leverages are read too, see leverage.inl; any output of these may be NULL. */
typedef struct {
    flr_point at;
    int known;            /* at.score and at.curvature are read, not written; no other sums but pull */
    const double *factor; /* Q x Q, upper triangle, zeros elsewhere: F with F F' = (sum h x x')^{-1} */
    double *leverage;     /* per row */
    double *pull;         /* p + 1, zero-padded: sums over rows of leverage * (2 pi - 1) * [x, 1] */
} flr_firth_point;

/* Doubles of scratch that a block's leverages need, with room for a Hessian beside them. */
static inline size_t flr_leverage_scratch(ptrdiff_t q)
{
    return (size_t)FLR_LEVERAGE_ROWS * ((size_t)flr_padded(q) + 8) + flr_gram_scratch(q);
}

/* The small Newton fit, start to end in one call. */
enum { FLR_CONVERGED, FLR_MAX_ITER, FLR_STALLED, FLR_SINGULAR, FLR_SEPARATED, FLR_NONFINITE, FLR_DIVERGED };
typedef struct {
    double alpha, total_weight, tol;
    int max_iter;
    int sample_first; /* seek a start on part of the rows */
    int rough;        /* of such a part: a step after the estimate is within tol, stop unproved */
    int n_threads;
    double *theta;     /* p + 1 values, zero-padded to flr_padded(p + 1) + 8: start and solution */
    double *workspace; /* flr_newton_memory(n, p) doubles */
    double objective, gap, gradient_max;
    int status, n_iter;
} flr_newton_job;

/* Vectors of the rows, the factor, vectors of the parameters with the L-BFGS pairs, packing, and a copy
 * of at most half of the rows. */
static inline size_t flr_newton_workspace(ptrdiff_t n, ptrdiff_t p)
{
    size_t q = (size_t)flr_padded(p + 1), rows = (size_t)n;
    return 6 * (rows + 16) + q * q + 20 * (q + 8) + flr_gram_scratch(p + 1) + 64;
}

static inline size_t flr_newton_memory(ptrdiff_t n, ptrdiff_t p)
{
    ptrdiff_t half = (n + 1) / 2;
    size_t sample = flr_newton_workspace(half, p) + (size_t)half * (size_t)(p + 3) + (size_t)(p + 1);
    size_t all = flr_newton_workspace(n, p);
    return (sample > all ? sample : all) + 64;
}

/* A quadratic with a penalty on a box, see coordinate.inl; l1, l2, lower and upper may be NULL. */
typedef struct {
    ptrdiff_t q, ld;
    const double *H, *l1, *l2, *lower, *upper;
} flr_quadratic;

/* R'R = a matrix of q columns, of at most `room`; factor: room x room. */
typedef struct {
    ptrdiff_t q, room;
    double *factor;
} flr_face;

/* The quadratic over columns of x (column-major or CSC) under weights k: see column_step; model.H is unused.
 * k is NULL for CSC, whose values are scaled by its root. */
typedef struct {
    flr_quadratic model;
    const flr_matrix *x;
    const double *k, *gradient, *curvature, *cross; /* of each row; of each column */
    double scale;                                   /* 1 / sum k, or 0 without an intercept */
    double *t;                                      /* n: k * (x step); see columns_sum */
} flr_columns;

/* Forms of a prediction: scores (n), or probabilities of target 0 and 1 (n, 2); of many classes (n, K). */
enum { FLR_SCORE, FLR_SCORE_F32, FLR_PROBA, FLR_PROBA_F32 };

/* The list of kernels: it declares, stores and fills the dispatch tables. */
#define FLR_KERNELS(X)                                                                              \
    /* elementwise on arrays of n; y and s of cross_entropy may be NULL only for s */               \
    X(void, sigmoid, (ptrdiff_t n, const double *z, double *out))                                   \
    X(void, sigmoid_f32, (ptrdiff_t n, const float *z, float *out))                                 \
    X(void, softplus, (ptrdiff_t n, const double *z, double sign, double *out))                     \
    X(void, softplus_f32, (ptrdiff_t n, const float *z, float sign, float *out))                    \
    X(void, cross_entropy, (ptrdiff_t n, const double *y, const double *z, double *out))            \
    X(double, weighted_log_loss,                                                                    \
      (ptrdiff_t n, const double *y, const double *z, const double *s))                             \
    /* out = (y == one); 0, if a value is neither `zero` nor `one` */                              \
    X(int, encode, (ptrdiff_t n, const double *y, double zero, double one, uint8_t *out))           \
    /* n scores to the asked form (enum below); out as that form needs */                           \
    X(void, transform, (ptrdiff_t n, const double *z, int form, void *out))                         \
    /* rows [lo, hi) of a problem; not CSC */                                                       \
    X(void, predict, (const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *coef,        \
                      double intercept, int form, void *out))                                       \
    X(void, evaluate, (const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, flr_point *at,            \
                       double *scratch))                                                            \
    /* out[p + 1] += sum_i h_i u_i x_i over rows [lo, hi), u_i = x_i.v + v_b, which goes to along    \
     * unless that is NULL; not CSC */                                                              \
    X(void, curved_product, (const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi,                     \
                             const double *curvature, const double *v, double v_b, double *along,   \
                             double *out))                                                          \
    /* out[p + 1] += sums over rows [lo, hi) of r_i x_ij, or r_i x_ij^2, then of r_i; not CSC */    \
    X(void, collect, (const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *r,           \
                      int squared, double *out))                                                    \
    /* out[k] = sum over all rows of r_i x_ij with j = columns[k], dense only */                     \
    X(void, collect_some, (const flr_matrix *x, const double *r, ptrdiff_t count,                   \
                           const int64_t *columns, double *out))                                    \
    /* the certificate's sums over rows [lo, hi), see evaluate.inl; out[3]; not CSC */              \
    X(void, dual_gap, (const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *coef,       \
                       double intercept, const double *v, double v_b, const double *moves,          \
                       double *out))                                                                \
    /* the same given scores z and their changes u */                                               \
    X(void, dual_gap_rows, (const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *z,     \
                            const double *u, const double *moves, double *out))                     \
    /* the same of m rows whose curvatures h are known; weight, moves may be NULL */                 \
    X(void, dual_terms, (ptrdiff_t m, const double *z, const double *u, const double *h,            \
                         const double *weight, const double *moves, double *out))                   \
    /* loss of rows [lo, hi) given their scores; writes residual and curvature */                   \
    X(double, loss_rows, (const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, const double *z,       \
                          double *residual, double *curvature))                                     \
    /* columns [lo, hi) of a CSC matrix: z += X w, and g = X' r */                                  \
    X(void, csc_matvec, (const flr_matrix *x, ptrdiff_t lo, ptrdiff_t hi, const double *w,          \
                         double *z))                                                                \
    X(void, csc_rmatvec, (const flr_matrix *x, ptrdiff_t lo, ptrdiff_t hi, const double *r,         \
                          int squared, double *g))                                                  \
    X(void, newton, (const flr_problem *pb, flr_newton_job *job))                                   \
    /* tiles of the upper triangle of H (Q x Q), those that touch columns >= from, += the sum over  \
     * rows [lo, hi) of h_i x_i x_i', h NULL: 1 */                                                  \
    X(void, gram, (const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, ptrdiff_t from,               \
                   const double *h, double *H, double *scratch))                                    \
    /* the same to about 1e-7, twice as fast */                                                     \
    X(void, gram_single, (const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, ptrdiff_t from,        \
                          const double *h, double *H, double *scratch))                             \
    /* many classes, rows [lo, hi), see softmax.inl; gradients and sums are added to */             \
    X(void, softmax_evaluate, (const flr_softmax *sm, ptrdiff_t lo, ptrdiff_t hi,                   \
                               flr_softmax_point *at, double *scratch))                             \
    X(void, softmax_curved, (const flr_softmax *sm, ptrdiff_t lo, ptrdiff_t hi, const double *proba, \
                             const double *v, const double *v_b, double *out, double *sums,         \
                             double *scratch))                                                      \
    X(void, softmax_dual_gap, (const flr_softmax *sm, ptrdiff_t lo, ptrdiff_t hi,                   \
                               const double *proba, const double *v, const double *v_b, double *out, \
                               double *scratch))                                                    \
    X(void, softmax_predict, (const flr_softmax *sm, ptrdiff_t lo, ptrdiff_t hi, const double *coef, \
                              const double *intercept, int form, void *out, double *scratch))       \
    /* out (K, length) += b (K, count) x (count, length); rows of out are padded to VL */            \
    X(void, product, (ptrdiff_t K, ptrdiff_t count, ptrdiff_t length, const double *b, ptrdiff_t ldb, \
                      const double *x, ptrdiff_t ldx, double *out, ptrdiff_t ldo))                   \
    /* factor and solve with a symmetric positive definite matrix, see cholesky.inl */              \
    X(int, cholesky, (ptrdiff_t q, ptrdiff_t Q, double *A, double *scale, double *scratch))         \
    X(void, cholesky_solve,                                                                         \
      (ptrdiff_t q, ptrdiff_t Q, const double *U, const double *scale, double *x))                  \
    /* F := S U^{-1}, so that F F' is the inverse of the factored matrix */                         \
    X(void, cholesky_invert,                                                                        \
      (ptrdiff_t q, ptrdiff_t Q, const double *U, const double *scale, double *F))                  \
    /* rows [lo, hi) with their leverages, see leverage.inl; not CSC */                             \
    X(void, firth_score, (const flr_problem *pb, ptrdiff_t lo, ptrdiff_t hi, flr_firth_point *point,\
                          double *scratch))                                                         \
    /* one cycle of coordinate descent on a penalised quadratic, or cycles, see coordinate.inl */   \
    X(double, coordinate_sweep,                                                                     \
      (ptrdiff_t q, ptrdiff_t ld, const double *H, const double *l1, const double *l2,              \
       const double *lower, const double *upper, double *w, double *slope))                         \
    X(int, coordinate_cycles, (const flr_quadratic *model, double *w, double *slope,                \
                               ptrdiff_t *list, double so_far, double loose, double exact,          \
                               int max_cycles))                                                     \
    X(int, column_cycles, (const flr_columns *model, double *w, double *state, ptrdiff_t *list,     \
                           double so_far, double loose, double exact, int max_cycles))              \
    X(void, columns_sum, (const flr_columns *model, const double *step))                            \
    /* columns [lo, hi) of CSC x times a factor f of their rows, as float or double, the sums of     \
     * their squares, and of their products with f */                                               \
    X(void, scale_columns, (const flr_matrix *x, ptrdiff_t lo, ptrdiff_t hi, const double *factor,  \
                            int single, void *out, double *squares, double *sums))                  \
    X(void, add_scaled, (ptrdiff_t n, double a, const double *x, double *y))                        \
    /* a Cholesky factor whose columns come and go, see face.inl */                                 \
    X(int, face_add, (flr_face *face, double *a, double diagonal))                                  \
    X(void, face_drop, (flr_face *face, ptrdiff_t k, double *row))                                  \
    X(void, face_solve, (const flr_face *face, double *x))                                          \
    /* writes base + j to out where |products_j| + slack norms_j > factor level_j (stride 0: level_0)      \
     * and inside_j is 0; norms may be NULL; how many */                                                                   \
    X(ptrdiff_t, exceeding, (ptrdiff_t n, const double *products, double slack, const double *norms, \
                             double factor, const double *level, ptrdiff_t stride,                  \
                             const uint8_t *inside, ptrdiff_t base, int64_t *out))                  \
    X(double, dot, (ptrdiff_t n, const double *a, const double *b))                                 \
    X(double, sum, (const double *x, ptrdiff_t n))

typedef struct {
    const char *name;
#define X(ret, name, args) ret(*name) args;
    FLR_KERNELS(X)
#undef X
} flr_table;

/* The table in use, chosen at import by dispatch.c; never NULL afterwards. */
const flr_table *flr_active(void);
int flr_select(const char *level); /* 0, or -1 if this build or machine lacks it */
int flr_available(const char *level);

#endif
