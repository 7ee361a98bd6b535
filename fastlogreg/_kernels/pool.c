/* A pool of sleeping threads, and the ordered sum on top of it.
 *
 * Threads are started on first use and sleep on a condition variable, after a spin short enough not
 * to disturb a BLAS that works next. OpenMP is not used: its usual run-time hangs after fork and
 * keeps spinning beside other libraries' threads. On Windows everything runs on the calling thread.
 */
#if defined(__linux__)
#define _GNU_SOURCE /* affinity */
#endif
#include "pool.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
    flr_task task;
    void *context;
    flr_poll poll;
    ptrdiff_t n_tasks, n_slots;
    size_t length, scratch_length;
    double *total, *slots, *scratch;
    int interrupted;
    double polled; /* when, in seconds */
#ifndef _WIN32
    _Atomic ptrdiff_t next, merged;
    _Atomic int cancel, merging;
    _Atomic char *ready;
#endif
} job_t;

static double now(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Asks the caller whether to stop, every 50 ms at most; a short run never asks. */
static int asked_to_stop(job_t *job)
{
    double time = now();
    if (!job->poll || time - job->polled < 0.05) return 0;
    job->polled = time;
    return job->poll();
}

static int run_alone(job_t *job)
{
    for (ptrdiff_t k = 0; k < job->n_tasks; k++) {
        if (job->n_tasks > 1 && job->length) {
            memset(job->slots, 0, job->length * sizeof(double));
            job->task(job->context, k, job->slots, job->scratch);
            for (size_t i = 0; i < job->length; i++) job->total[i] += job->slots[i];
        } else {
            job->task(job->context, k, job->total, job->scratch);
        }
        if (asked_to_stop(job)) return FLR_INTERRUPTED;
    }
    return FLR_OK;
}

#ifndef _WIN32

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#if defined(__x86_64__) || defined(__i386__)
#define RELAX() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define RELAX() __asm__ __volatile__("yield")
#else
#define RELAX() ((void)0)
#endif

enum { MAX_THREADS = 256, SPINS = 4000 }; /* some 50 us: passes of one fit find the threads awake */

static struct {
    pthread_mutex_t use;  /* held by the thread whose job the pool works on */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake, done;
    job_t *job;
    int n_workers, wanted;
    _Atomic int inside;
    _Atomic unsigned generation;
    pthread_t workers[MAX_THREADS];
    int avoided, avoiding; /* the processor that so many workers keep off */
} pool = {.use = PTHREAD_MUTEX_INITIALIZER,
          .lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER};

/* Adds finished slots to the total as far as they follow each other; whoever can, does it. */
static void merge(job_t *job)
{
    for (;;) {
        ptrdiff_t at = atomic_load(&job->merged);
        if (at >= job->n_tasks || !atomic_load(&job->ready[at % job->n_slots])) return;
        if (atomic_exchange(&job->merging, 1)) return;
        for (at = atomic_load(&job->merged);
             at < job->n_tasks && atomic_load(&job->ready[at % job->n_slots]); at++) {
            const double *slot = job->slots + (size_t)(at % job->n_slots) * job->length;
            for (size_t i = 0; i < job->length; i++) job->total[i] += slot[i];
            atomic_store(&job->ready[at % job->n_slots], 0);
            atomic_store(&job->merged, at + 1);
        }
        atomic_store(&job->merging, 0); /* and look again: a slot may have become ready meanwhile */
    }
}

static void work(job_t *job, int id)
{
    double *scratch = job->scratch + (size_t)id * job->scratch_length;
    for (;;) {
        ptrdiff_t k = atomic_fetch_add(&job->next, 1);
        if (k >= job->n_tasks || atomic_load(&job->cancel)) return;
        double *slot = NULL;
        if (job->length) {
            for (unsigned spin = 0; k >= atomic_load(&job->merged) + job->n_slots; spin++) {
                if (atomic_load(&job->cancel)) return;
                if (spin < SPINS)
                    RELAX();
                else
                    sched_yield();
            }
            slot = job->slots + (size_t)(k % job->n_slots) * job->length;
            memset(slot, 0, job->length * sizeof(double));
        }
        job->task(job->context, k, slot, scratch);
        if (job->length) {
            atomic_store(&job->ready[k % job->n_slots], 1);
            merge(job);
        }
        if (id == 0 && asked_to_stop(job)) {
            job->interrupted = 1;
            atomic_store(&job->cancel, 1);
        }
    }
}

static void *worker(void *unused)
{
    unsigned seen = 0;
    (void)unused;
    for (;;) {
        for (int spin = 0; spin < SPINS && atomic_load(&pool.generation) == seen; spin++) RELAX();
        pthread_mutex_lock(&pool.lock);
        while (atomic_load(&pool.generation) == seen) pthread_cond_wait(&pool.wake, &pool.lock);
        seen = atomic_load(&pool.generation);
        job_t *job = pool.job;
        int id = 0;
        if (job && pool.wanted > 0) {
            id = pool.wanted--;
            pool.inside++;
        }
        pthread_mutex_unlock(&pool.lock);
        if (!id) continue;
        work(job, id);
        pthread_mutex_lock(&pool.lock);
        if (--pool.inside == 0) pthread_cond_signal(&pool.done);
        pthread_mutex_unlock(&pool.lock);
    }
    return NULL;
}

/* The child of a fork has one thread and no worker. */
static void after_fork(void)
{
    pthread_mutex_init(&pool.use, NULL);
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.wake, NULL);
    pthread_cond_init(&pool.done, NULL);
    pool.job = NULL;
    pool.n_workers = pool.wanted = pool.avoiding = 0;
    atomic_store(&pool.inside, 0);
}

static void register_fork(void) { pthread_atfork(NULL, NULL, after_fork); }

static void hire(int wanted)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_attr_t attributes;
    pthread_once(&once, register_fork);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    while (pool.n_workers < wanted) {
        if (pthread_create(&pool.workers[pool.n_workers], &attributes, worker, NULL)) break;
        pool.n_workers++;
    }
    pthread_attr_destroy(&attributes);
}

/* Lets workers run where the caller may, but not on its own processor.  A virtual processor that has
 * slept for some milliseconds does not look idle to its guest's scheduler: that wakes a worker where the
 * caller runs, to wait there for its turn, 3 ms and more, instead of the 0.1 ms that waking takes. */
static void keep_off_caller(void)
{
#if defined(__linux__)
    cpu_set_t allowed;
    const int here = sched_getcpu();
    if (here < 0 || (here == pool.avoided && pool.avoiding == pool.n_workers)) return;
    if (sched_getaffinity(0, sizeof allowed, &allowed)) return; /* more than 1024 processors */
    CPU_CLR(here, &allowed);
    if (!CPU_COUNT(&allowed)) return;
    for (int k = 0; k < pool.n_workers; k++)
        pthread_setaffinity_np(pool.workers[k], sizeof allowed, &allowed);
    pool.avoided = here;
    pool.avoiding = pool.n_workers;
#endif
}

static int run_together(job_t *job, int n_threads)
{
    pthread_mutex_lock(&pool.lock);
    hire(n_threads - 1);
    keep_off_caller();
    pool.job = job;
    pool.wanted = n_threads - 1;
    atomic_fetch_add(&pool.generation, 1);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
    work(job, 0);
    pthread_mutex_lock(&pool.lock);
    pool.job = NULL; /* nobody joins from here on */
    pthread_mutex_unlock(&pool.lock);
    for (int spin = 0; spin < SPINS && atomic_load(&pool.inside) > 0; spin++) RELAX();
    pthread_mutex_lock(&pool.lock);
    while (pool.inside > 0) pthread_cond_wait(&pool.done, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
    return job->interrupted ? FLR_INTERRUPTED : FLR_OK;
}

#endif

int flr_ordered_sum(flr_task task, void *context, ptrdiff_t n_tasks, int n_threads, size_t length,
                    double *total, size_t scratch_length, flr_poll poll)
{
    job_t job = {0};
    int outcome;
    if (n_tasks <= 0) return FLR_OK;
    if (n_threads > n_tasks) n_threads = (int)n_tasks;
#ifdef _WIN32
    n_threads = 1;
#else
    if (n_threads > MAX_THREADS) n_threads = MAX_THREADS;
    if (n_threads > 1 && pthread_mutex_trylock(&pool.use)) n_threads = 1;
#endif
    if (n_threads < 1) n_threads = 1;
    job.task = task;
    job.context = context;
    job.poll = poll;
    job.polled = poll ? now() : 0.0;
    job.n_tasks = n_tasks;
    job.length = length;
    job.total = total;
    job.scratch_length = scratch_length;
    job.n_slots = n_threads == 1 ? 1 : length < 4096 ? 8 * n_threads : n_threads + 1;
    if (job.n_slots > n_tasks) job.n_slots = n_tasks;
    job.slots = malloc(((size_t)job.n_slots * length + (size_t)n_threads * scratch_length + 8) *
                           sizeof(double) +
                       (size_t)job.n_slots);
    if (!job.slots) {
        outcome = FLR_NO_MEMORY;
    } else {
        job.scratch = job.slots + (size_t)job.n_slots * length;
        if (n_threads == 1) {
            outcome = run_alone(&job);
        } else {
#ifndef _WIN32
            job.ready = (_Atomic char *)(job.scratch + (size_t)n_threads * scratch_length);
            for (ptrdiff_t k = 0; k < job.n_slots; k++) atomic_init(&job.ready[k], 0);
            outcome = run_together(&job, n_threads);
#else
            outcome = FLR_OK;
#endif
        }
    }
    free(job.slots);
#ifndef _WIN32
    if (n_threads > 1) pthread_mutex_unlock(&pool.use);
#endif
    return outcome;
}
