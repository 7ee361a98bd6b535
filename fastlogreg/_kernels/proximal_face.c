/* Newton's steps of the proximal model on the face of its signs: the columns off zero and off their bounds.
 *
 * There the model is a quadratic without kinks, minimised at once by the Cholesky factor of its part of the
 * Gram matrix, which is kept while columns come and go (face.inl) from step to step and along a path.
 */
#include "proximal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double RIDGE = 1e-10; /* on the diagonal, relative, lest steps go anywhere */

void flr_release_proximal(flr_proximal *job)
{
    free(job->face.factor);
    free(job->faced);
    free(job->faced_l2);
    free(job->scaled);
    job->scaled_room = 0;
    job->face.factor = job->faced_l2 = NULL;
    job->scaled = NULL;
    job->faced = NULL;
    job->face.q = job->face.room = 0;
}

/* Room for a face of so many columns. */
static int enlarge_face(flr_proximal *job, ptrdiff_t columns)
{
    flr_face *face = &job->face;
    if (columns <= face->room) return 1;
    ptrdiff_t room = columns + columns / 2 + 16;
    if (room > job->capacity) room = job->capacity;
    double *factor = malloc((size_t)(room * room) * sizeof(double));
    double *l2 = malloc((size_t)room * sizeof(double));
    ptrdiff_t *faced = malloc((size_t)room * sizeof(ptrdiff_t));
    if (!factor || !l2 || !faced) {
        free(factor);
        free(l2);
        free(faced);
        return 0;
    }
    for (ptrdiff_t k = 0; k < face->q; k++) {
        memcpy(factor + k * room, face->factor + k * face->room, (size_t)face->q * sizeof(double));
        faced[k] = job->faced[k];
        l2[k] = job->faced_l2[k];
    }
    const ptrdiff_t q = face->q;
    flr_release_proximal(job);
    *face = (flr_face){q, room, factor};
    job->faced = faced;
    job->faced_l2 = l2;
    return 1;
}

/* The factor of all `wanted` columns at once, by panels; 0, and none, if they depend on each other. */
static int whole_face(flr_proximal *job, const unsigned char *wanted, ptrdiff_t q)
{
    const ptrdiff_t m = job->pb.x.p, ld = job->capacity, Q = flr_padded(q);
    flr_face *face = &job->face;
    ptrdiff_t k = 0;
    face->q = 0;
    double *A = calloc((size_t)(Q * Q + Q) + flr_gram_scratch(q), sizeof(double)), *scale = A + Q * Q;
    if (!A) return 0;
    for (ptrdiff_t j = 0; j < m; j++)
        if (wanted[j]) job->faced[k++] = j;
    for (ptrdiff_t a = 0; a < q; a++) {
        const ptrdiff_t j = job->faced[a];
        for (ptrdiff_t b = a; b < q; b++) A[a * Q + b] = job->gram[j * ld + job->faced[b]];
        job->faced_l2[a] = job->l2[j];
        A[a * Q + a] += job->l2[j] + RIDGE * job->gram[j * (ld + 1)];
    }
    const int good = flr_active()->cholesky(q, Q, A, scale, scale + Q);
    if (good) {
        for (ptrdiff_t a = 0; a < q; a++)
            for (ptrdiff_t b = a; b < q; b++) face->factor[a * face->room + b] = A[a * Q + b] / scale[b];
        face->q = q;
    }
    free(A);
    return good;
}

/* How much it costs to turn the face to coefficients w, in cycles over them: at most `most`. */
int flr_face_patience(const flr_proximal *job, const double *w, int most)
{
    const ptrdiff_t m = job->pb.x.p;
    ptrdiff_t off = 0, stay = 0;
    for (ptrdiff_t j = 0; j < m; j++) off += w[j] != 0.0;
    for (ptrdiff_t k = 0; k < job->face.q; k++) {
        const ptrdiff_t j = job->faced[k];
        stay += w[j] != 0.0 && job->faced_l2[k] == job->l2[j];
    }
    const ptrdiff_t cycles = (off - stay) * off / (2 * m + 1);
    return cycles < 3 ? 3 : cycles < most ? (int)cycles : most;
}

/* Brings the face's factor to the columns that are `wanted`, but for those that depend on others. */
static void turn_face(flr_proximal *job, unsigned char *wanted, ptrdiff_t many, double *scratch)
{
    const ptrdiff_t m = job->pb.x.p, ld = job->capacity;
    const flr_table *kernels = flr_active();
    flr_face *face = &job->face;
    ptrdiff_t leaving = 0;
    for (ptrdiff_t k = 0; k < face->q; k++)
        leaving += !wanted[job->faced[k]] || job->faced_l2[k] != job->l2[job->faced[k]];
    if (leaving > 4 + face->q / 8) face->q = 0; /* a new one costs less */
    if (many > face->q + face->q / 2 + 64 && whole_face(job, wanted, many)) return;
    for (ptrdiff_t k = face->q - 1; k >= 0; k--) {
        const ptrdiff_t j = job->faced[k];
        if (wanted[j] && job->faced_l2[k] == job->l2[j]) {
            wanted[j] = 0; /* it is there */
            continue;
        }
        kernels->face_drop(face, k, scratch);
        const size_t behind = (size_t)(face->q - k);
        memmove(job->faced + k, job->faced + k + 1, behind * sizeof(ptrdiff_t));
        memmove(job->faced_l2 + k, job->faced_l2 + k + 1, behind * sizeof(double));
    }
    for (ptrdiff_t j = 0; j < m; j++) {
        if (!wanted[j]) continue;
        const ptrdiff_t q = face->q;
        const double *row = job->gram + j * ld;
        for (ptrdiff_t k = 0; k < q; k++) scratch[k] = row[job->faced[k]];
        if (!kernels->face_add(face, scratch, (1.0 + RIDGE) * row[j] + job->l2[j])) continue;
        job->faced[q] = j;
        job->faced_l2[q] = job->l2[j];
    }
}

/* Where coefficient j stops on its way from w to `to`: at zero, at a bound, or there. */
static double stop_of(const flr_proximal *job, ptrdiff_t j, double w, double to)
{
    double wall = to < w ? job->lower[j] : job->upper[j];
    if (job->l1[j] > 0.0 && w * to < 0.0 && fabs(wall) > 0.0 && wall * w <= 0.0) wall = 0.0;
    return (to < w ? to < wall : to > wall) ? wall : to;
}

/* out = H d, where d (m entries) is the face's Newton step from total slopes g: with more columns on the
 * face than off it, from (H + ridge + l2) d = g, as exact as that was solved. */
static void product_on_face(const flr_proximal *job, const double *d, const double *g, double *out)
{
    const ptrdiff_t m = job->pb.x.p, ld = job->capacity, q = job->face.q;
    if (2 * q <= m) {
        memset(out, 0, (size_t)m * sizeof(double));
        for (ptrdiff_t a = 0; a < q; a++)
            flr_active()->add_scaled(m, d[job->faced[a]], job->gram + job->faced[a] * ld, out);
        return;
    }
    for (ptrdiff_t j = 0; j < m; j++) out[j] = INFINITY;
    for (ptrdiff_t a = 0; a < q; a++) {
        const ptrdiff_t j = job->faced[a];
        out[j] = g[j] - (job->l2[j] + RIDGE * job->gram[j * (ld + 1)]) * d[j];
    }
    for (ptrdiff_t j = 0; j < m; j++)
        if (out[j] == INFINITY) out[j] = flr_active()->dot(m, job->gram + j * ld, d);
}

/* Newton on the face of the coefficients that are off zero and off their bounds: goes to its minimum,
 * or, if some meet zero or a bound on the way, to where these stay there and the others go on; where that
 * is no lower, to where the first of them meets. 1 if it got to the minimum, 0 if not, -1 if memory is
 * short. */
int flr_face_step(flr_proximal *job, double *w, double *slope)
{
    const ptrdiff_t m = job->pb.x.p, ld = job->capacity;
    const size_t length = (size_t)m + 1;
    ptrdiff_t wide = 0, blocking = -1;
    double size = 1.0, gain = 0.0;
    double *g = calloc(6 * length, sizeof(double)), *d = g + length, *moved = d + length;
    double *trial = moved + length, *solved = trial + length, *scratch = solved + length;
    unsigned char *wanted = malloc(length);
    if (!g || !wanted) {
        free(g);
        free(wanted);
        return -1;
    }
    for (ptrdiff_t j = 0; j < m; j++) {
        wanted[j] = (w[j] != 0.0 || job->l1[j] == 0.0) && job->lower[j] < w[j] && w[j] < job->upper[j] &&
                    job->gram[j * ld + j] + job->l2[j] > 0.0;
        wide += wanted[j];
    }
    const int room = enlarge_face(job, wide);
    if (room) turn_face(job, wanted, wide, scratch);
    free(wanted);
    const ptrdiff_t q = room ? job->face.q : 0, *faced = job->faced;
    for (ptrdiff_t a = 0; a < q; a++) {
        const ptrdiff_t j = faced[a];
        const double sign = w[j] > 0.0 ? 1.0 : w[j] < 0.0 ? -1.0 : 0.0;
        solved[a] = g[j] = slope[j] + job->l2[j] * w[j] + sign * job->l1[j];
    }
    if (q) flr_active()->face_solve(&job->face, solved);
    for (ptrdiff_t a = 0; a < q; a++) d[faced[a]] = solved[a];
    product_on_face(job, d, g, moved);
    for (ptrdiff_t j = 0; j < m; j++) trial[j] = slope[j] - moved[j];
    for (ptrdiff_t a = 0; a < q; a++) {
        const ptrdiff_t j = faced[a];
        const double stop = stop_of(job, j, w[j], w[j] - d[j]);
        if (stop == w[j] - d[j]) continue;
        flr_active()->add_scaled(m, stop - (w[j] - d[j]), job->gram + j * ld, trial);
        if ((w[j] - stop) / d[j] < size) {
            size = (w[j] - stop) / d[j];
            blocking = j;
        }
    }
    for (ptrdiff_t a = 0; a < q; a++) {
        const ptrdiff_t j = faced[a];
        const double to = stop_of(job, j, w[j], w[j] - d[j]);
        gain += 0.5 * (w[j] - to) * (slope[j] + trial[j] + job->l2[j] * (w[j] + to)) +
                job->l1[j] * (fabs(w[j]) - fabs(to));
    }
    const int whole = blocking < 0 || gain > 0.0;
    for (ptrdiff_t a = 0; a < q; a++) {
        const ptrdiff_t j = faced[a];
        const double to = w[j] - d[j];
        w[j] = whole || j == blocking ? stop_of(job, j, w[j], to) : w[j] - size * d[j];
    }
    for (ptrdiff_t j = 0; j < m; j++) slope[j] = whole ? trial[j] : slope[j] - size * moved[j];
    free(g);
    return !room ? -1 : blocking < 0;
}
