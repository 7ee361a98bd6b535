/* Some columns of a CSR matrix, by column: the rows are shared among tasks, of which each counts first what
 * it has of every column, and then knows where to write it. The order of the rows is kept.
 *
 * Source: Gustavson, "Two fast algorithms for sparse matrices: multiplication and permuted transposition",
 * ACM Trans. Math. Softw. 4(3) (1978).
 */
#include "columns.h"

#include <string.h>

enum { SOME = 512 }; /* stored values that are looked at together */

static void rows_of(const flr_columns_pick *pick, ptrdiff_t task, ptrdiff_t *lo, ptrdiff_t *hi)
{
    const ptrdiff_t n = pick->x->n;
    *lo = n / FLR_COLUMN_TASKS * task + (n % FLR_COLUMN_TASKS) * task / FLR_COLUMN_TASKS;
    *hi = n / FLR_COLUMN_TASKS * (task + 1) + (n % FLR_COLUMN_TASKS) * (task + 1) / FLR_COLUMN_TASKS;
}

/* Of stored values [begin, end), at most SOME, those whose column goes somewhere: which they are, and where
 * they go. Without a branch, which nobody could foresee. */
static int sift(const flr_columns_pick *pick, int64_t begin, int64_t end, int32_t *which, int32_t *to)
{
    const int32_t *index = pick->x->index + begin;
    int found = 0;
    for (int32_t k = 0; k < (int32_t)(end - begin); k++) {
        which[found] = k;
        to[found] = pick->position[index[k]];
        found += to[found] >= 0; /* else the next one goes there */
    }
    return found;
}

static void count_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    const flr_columns_pick *pick = context;
    const flr_matrix *x = pick->x;
    int64_t *found = pick->places + task * pick->count;
    int32_t which[SOME], to[SOME];
    ptrdiff_t lo, hi;
    (void)slot, (void)scratch;
    rows_of(pick, task, &lo, &hi);
    memset(found, 0, (size_t)pick->count * sizeof(int64_t));
    for (int64_t k = x->start[lo]; k < x->start[hi]; k += SOME) {
        const int some = sift(pick, k, k + SOME < x->start[hi] ? k + SOME : x->start[hi], which, to);
        for (int a = 0; a < some; a++) found[to[a]]++;
    }
}

static void pick_task(void *context, ptrdiff_t task, double *slot, double *scratch)
{
    const flr_columns_pick *pick = context;
    const flr_matrix *x = pick->x;
    int64_t *place = pick->places + task * pick->count;
    int32_t which[SOME], to[SOME];
    ptrdiff_t lo, hi;
    (void)slot, (void)scratch;
    rows_of(pick, task, &lo, &hi);
    for (ptrdiff_t i = lo; i < hi; i++)
        for (int64_t k = x->start[i]; k < x->start[i + 1]; k += SOME) {
            const int some = sift(pick, k, k + SOME < x->start[i + 1] ? k + SOME : x->start[i + 1], which, to);
            for (int a = 0; a < some; a++) {
                const int64_t at = place[to[a]]++;
                pick->index[at] = (int32_t)i;
                if (!x->values) continue;
                if (x->is_float)
                    ((float *)pick->values)[at] = ((const float *)x->values)[k + which[a]];
                else
                    ((double *)pick->values)[at] = ((const double *)x->values)[k + which[a]];
            }
        }
}

static int run(flr_task task, flr_columns_pick *pick, flr_executor ex)
{
    const int64_t stored = pick->x->start[pick->x->n] - pick->x->start[0];
    const int n_threads = stored < 50000 ? 1 : ex.n_threads; /* waking others costs more */
    return flr_ordered_sum(task, pick, FLR_COLUMN_TASKS, n_threads, 0, NULL, 0, ex.poll);
}

int flr_count_columns(flr_columns_pick *pick, int64_t *start, flr_executor ex)
{
    const int outcome = run(count_task, pick, ex);
    if (outcome != FLR_OK) return outcome;
    for (ptrdiff_t j = 0; j < pick->count; j++) {
        start[j + 1] = start[j];
        for (ptrdiff_t task = 0; task < FLR_COLUMN_TASKS; task++) {
            int64_t *place = pick->places + task * pick->count + j;
            const int64_t found = *place;
            *place = start[j + 1];
            start[j + 1] += found;
        }
    }
    return FLR_OK;
}

int flr_pick_columns(flr_columns_pick *pick, flr_executor ex) { return run(pick_task, pick, ex); }
