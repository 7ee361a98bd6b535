/* The maximum of a likelihood penalised by Jeffreys' prior, start to end in one call. See firth.c. */
#ifndef FLR_FIRTH_H
#define FLR_FIRTH_H

#include "run.h"

enum { FLR_FIRTH_CONVERGED, FLR_FIRTH_STALLED, FLR_FIRTH_MAX_ITER, FLR_FIRTH_SINGULAR, FLR_FIRTH_NONFINITE,
       FLR_FIRTH_STUCK };

/* q = columns and intercept, Q = flr_padded(q). */
typedef struct {
    const flr_problem *pb; /* not CSC */
    double power;          /* a: the penalty is a log det(sum h x x'); 0: none */
    double tol;            /* stop where a step is at most this many standard errors long */
    int max_iter;
    int sample_first;      /* seek a start on part of the rows */
    const uint8_t *fixed;  /* q: parameters that stay as they are; NULL: none */
    double *theta;         /* Q + 8: start and solution */
    double *factor;        /* Q x Q: F, with F F' the inverse of the information at the solution */
    double *gradient;      /* Q + 8: of the penalised -log-likelihood there, fixed parameters too */
    double loss, log_determinant;
    double step;           /* length of the step that was not taken, in standard errors */
    int status, n_iter;
} flr_firth;

/* FLR_OK, FLR_NO_MEMORY or FLR_INTERRUPTED; the outcome is in `status`. */
int flr_run_firth(flr_firth *job, flr_executor ex);

#endif
