/* The kernels of flr.h for one instruction set: included by kernels_*.c, which name the set. */
#include "flr.h"
#include "simd.h"

#if VL == 1
#define PANEL 4 /* columns of a tile: as many accumulators as the registers hold */
#define PANEL_F 8 /* the same for a tile in single precision */
#elif VL == 2
#define PANEL 8
#define PANEL_F 16
#elif VL == 4
#define PANEL 12
#define PANEL_F 24
#else
#define PANEL 24
#define PANEL_F 48
#endif

#include "math.inl"

/* classes that one tile of X's rows meets, and vectors of columns */
#if VL == 8
#define CLASS_TILE 8
#else
#define CLASS_TILE 4
#endif

/* A row of few vectors of columns has them all in registers, in products with it and sums of it. */
#define FEW_CASES(call)                                                                             \
    case 1: call(1); break;                                                                         \
    case 2: call(2); break;                                                                         \
    case 3: call(3); break;                                                                         \
    case 4: call(4); break;                                                                         \
    case 5: call(5); break;                                                                         \
    case 6: call(6); break;                                                                         \
    case 7: call(7); break;                                                                         \
    case 8: call(8); break;
#if VL == 8
#define FEW 16
#define MORE_CASES(call)                                                                            \
    case 9: call(9); break;                                                                         \
    case 10: call(10); break;                                                                       \
    case 11: call(11); break;                                                                       \
    case 12: call(12); break;                                                                       \
    case 13: call(13); break;                                                                       \
    case 14: call(14); break;                                                                       \
    case 15: call(15); break;                                                                       \
    case 16: call(16); break;
#else
#define FEW 8
#define MORE_CASES(call)
#endif
#define BY_VECTORS(p, call)                                                                         \
    switch (((p) + VL - 1) / VL) {                                                                  \
        FEW_CASES(call)                                                                             \
        MORE_CASES(call)                                                                            \
    default: call(0);                                                                               \
    }

/* Bytes by which they are asked for before their turn; half and twice as many make no difference. */
enum { SCORES_AHEAD = 2048, COLLECT_AHEAD = 16384 };

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
#include "classes.inl"
#undef T
#undef FN
#undef LOAD
#undef LOAD_TAIL

#define T float
#define FN(name) name##_f32
#define LOAD v_load_f
#define LOAD_TAIL v_load_tail_f
#include "matrix.inl"
#include "classes.inl"
#undef T
#undef FN
#undef LOAD
#undef LOAD_TAIL

/* the pack of the Hessian: data double or float, packed as double or as float */
#define T double
#define LOAD v_load
#define LOAD_TAIL v_load_tail
#define S double
#define STORE v_store
#define WIDTH PANEL
#define PADDED(Q) (Q)
#define FN(name) name##_f64
#include "pack.inl"
#undef S
#undef STORE
#undef WIDTH
#undef PADDED
#undef FN
#define S float
#define STORE v_store_f
#define WIDTH PANEL_F
#define PADDED(Q) (((Q) + 2 * VL - 1) / (2 * VL) * (2 * VL))
#define FN(name) name##_f64_single
#include "pack.inl"
#undef FN
#undef T
#undef LOAD
#undef LOAD_TAIL
#define T float
#define LOAD v_load_f
#define LOAD_TAIL v_load_tail_f
#define FN(name) name##_f32_single
#include "pack.inl"
#undef FN
#undef S
#undef STORE
#undef WIDTH
#undef PADDED
#define S double
#define STORE v_store
#define WIDTH PANEL
#define PADDED(Q) (Q)
#define FN(name) name##_f32
#include "pack.inl"
#undef FN
#undef T
#undef LOAD
#undef LOAD_TAIL
#undef S
#undef STORE
#undef WIDTH
#undef PADDED

#include "gram.inl"
#include "cholesky.inl"
#include "evaluate.inl"
#include "leverage.inl"
#include "elementwise.inl"
#include "newton.inl"
#include "coordinate.inl"
#include "face.inl"
#include "softmax.inl"

#define FLR_GLUE2(a, b) a##b
#define FLR_GLUE(a, b) FLR_GLUE2(a, b)
#define X(ret, name, args) name,
/* NULL offset or weight mean none; see flr.h for what each kernel does */
const flr_table FLR_GLUE(flr_table_, FLR_LEVEL) = {FLR_LEVEL_NAME, FLR_KERNELS(X)};
#undef X
