/* Some columns of a CSR matrix, by column. See columns.c. */
#ifndef FLR_COLUMNS_H
#define FLR_COLUMNS_H

#include "run.h"

/* Where `count` columns of x go: position[j] is 0..count-1, or negative for nowhere. */
typedef struct {
    const flr_matrix *x;
    const int32_t *position;
    ptrdiff_t count;
    int64_t *places; /* FLR_COLUMN_TASKS x count: first what each task finds, then where it begins */
    int32_t *index;  /* what is found: rows */
    void *values;    /* and values, of the type of x; NULL if x has none */
} flr_columns_pick;

enum { FLR_COLUMN_TASKS = 8 };

/* Counts; start[count + 1]: where each column begins and the last one ends, from start[0] on. */
int flr_count_columns(flr_columns_pick *pick, int64_t *start, flr_executor ex);

/* Writes rows and values to these places. */
int flr_pick_columns(flr_columns_pick *pick, flr_executor ex);

#endif
