/* Threads: tasks run by a small pool, their sums added in the order of the tasks. */
#ifndef FLR_POOL_H
#define FLR_POOL_H

#include <stddef.h>

/* One task adds what it finds into `slot` (zeroed doubles); `scratch` is its thread's own. */
typedef void (*flr_task)(void *context, ptrdiff_t task, double *slot, double *scratch);

/* Called by the calling thread every 50 ms or so between tasks; non-zero stops the run. */
typedef int (*flr_poll)(void);

enum { FLR_OK = 0, FLR_NO_MEMORY = -1, FLR_INTERRUPTED = -2 };

/* Runs tasks 0..n_tasks-1 on at most n_threads threads and adds their slots of `length` doubles to
 * `total` in task order: the bits do not depend on the number of threads.
 * Safe from several threads at once (a second caller works alone) and after fork. */
int flr_ordered_sum(flr_task task, void *context, ptrdiff_t n_tasks, int n_threads, size_t length,
                    double *total, size_t scratch_length, flr_poll poll);

#endif
