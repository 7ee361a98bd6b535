/* Which columns outside of a working set matter. See screening.c. */
#ifndef FLR_SCREENING_H
#define FLR_SCREENING_H

#include "run.h"

enum { FLR_SCREEN_KEPT = 16 }; /* residuals */

/* What is known of the products of all p columns with residuals near the present one. */
typedef struct {
    flr_problem pb;              /* all columns; dense, or nothing is kept */
    int learned;                 /* residuals that were multiplied out */
    int kept, fresh;             /* of them put into places; the last ones that are not orthonormal yet */
    double *directions;          /* KEPT x n */
    double *products;            /* KEPT x p: X' of them */
    double *last;                /* p + 1 and padding: the best estimate of the last residual's products */
    double *norms;               /* as many: of the columns, about their means with an intercept; */
    int normed;                  /* whether these are there: two reads of X */
    double *work;                /* n + p + 16 */
    int64_t *found;              /* p: the answer of a question */
} flr_screen;

/* A threshold for each column, or the same for all; `inside` marks the columns that do not count. */
typedef struct {
    const double *level;
    ptrdiff_t stride; /* 1, or 0 */
    const uint8_t *inside;
} flr_thresholds;

/* Multiplies all columns by r, and keeps that. FLR_OK or what went wrong. */
int flr_screen_learn(flr_screen *screen, const double *r, flr_executor ex);

/* Columns outside whose product with the last residual is, as far as known, above the level. */
ptrdiff_t flr_screen_foreseen(flr_screen *screen, flr_thresholds at);

/* Columns outside whose product with r exceeds the level, the worst first; negative: what went wrong. If
 * there are any, others whose product comes near may be among them. */
ptrdiff_t flr_screen_violators(flr_screen *screen, const double *r, flr_thresholds at, flr_executor ex);

#endif
