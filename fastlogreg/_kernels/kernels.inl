/* The kernels of flr.h for one instruction set: included by kernels_*.c, which name the set. */
#include "flr.h"
#include "simd.h"

#if VL == 1
#define PANEL 4 /* columns of a tile: as many accumulators as the registers hold */
#elif VL == 2
#define PANEL 8
#elif VL == 4
#define PANEL 12
#else
#define PANEL 24
#endif

#include "math.inl"

/* a value or its square: the gradient's and the Hessian diagonal's backward products */
FLR_INLINE vd v_term(const int squared, vd x)
{
    if (squared) return x * x;
    return x;
}
FLR_INLINE double s_term(const int squared, double x) { return squared ? x * x : x; }

#define T double
#define FN(name) name##_f64
#define LOAD v_load
#define LOAD_TAIL v_load_tail
#include "matrix.inl"
#undef T
#undef FN
#undef LOAD
#undef LOAD_TAIL

#define T float
#define FN(name) name##_f32
#define LOAD v_load_f
#define LOAD_TAIL v_load_tail_f
#include "matrix.inl"
#undef T
#undef FN
#undef LOAD
#undef LOAD_TAIL

#include "gram.inl"
#include "cholesky.inl"
#include "evaluate.inl"
#include "elementwise.inl"
#include "newton.inl"

#define FLR_GLUE2(a, b) a##b
#define FLR_GLUE(a, b) FLR_GLUE2(a, b)
#define X(ret, name, args) name,
/* NULL offset or weight mean none; see flr.h for what each kernel does */
const flr_table FLR_GLUE(flr_table_, FLR_LEVEL) = {FLR_LEVEL_NAME, FLR_KERNELS(X)};
#undef X
