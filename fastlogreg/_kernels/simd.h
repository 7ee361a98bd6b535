/* The few vector operations that the kernels use, once per instruction set.
 *
 * vd holds VL doubles.  With gcc and clang + - * / work on it; what does not stands here.
 * The plain version uses the compiler's generic vectors of two doubles (SSE2, NEON, ...), or, on a
 * compiler without them, single doubles.
 */
#ifndef FLR_SIMD_H
#define FLR_SIMD_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define FLR_INLINE static inline __attribute__((always_inline))
#define FLR_UNROLL _Pragma("GCC unroll 16")
#define FLR_PREFETCH_L2(p) __builtin_prefetch((const void *)(p), 0, 2)
#define FLR_IN_ORDER() __asm__ volatile("" ::: "memory") /* the compiler moves no read across */
#define FLR_RESTRICT __restrict__
#define FLR_ALIGN64 __attribute__((aligned(64)))
#else
#define FLR_INLINE static __inline
#define FLR_UNROLL
#define FLR_PREFETCH_L2(p) ((void)(p))
#define FLR_IN_ORDER() ((void)0)
#define FLR_RESTRICT
#define FLR_ALIGN64
#endif

#if defined(FLR_AVX512)
/* ------------------------------------------------------------------ AVX-512 F, CD, VL, BW, DQ */
#include <immintrin.h>
#define VL 8
typedef __m512d vd;
typedef __mmask8 vmask;

/* keeps a loaded value in its register, where gcc would load it anew for every use */
#define FLR_KEEP(a) __asm__("" : "+v"(a))

FLR_INLINE vd v_load(const double *p) { return _mm512_loadu_pd(p); }
FLR_INLINE vd v_load_f(const float *p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
FLR_INLINE vd v_load_tail(const double *p, int count)
{
    return _mm512_maskz_loadu_pd((__mmask8)((1u << count) - 1u), p);
}
FLR_INLINE vd v_load_tail_f(const float *p, int count)
{
    return _mm512_cvtps_pd(_mm256_maskz_loadu_ps((__mmask8)((1u << count) - 1u), p));
}
FLR_INLINE void v_store(double *p, vd a) { _mm512_storeu_pd(p, a); }
FLR_INLINE vd v_set1(double a) { return _mm512_set1_pd(a); }
FLR_INLINE vd v_fma(vd a, vd b, vd c) { return _mm512_fmadd_pd(a, b, c); }
FLR_INLINE vd v_fnma(vd a, vd b, vd c) { return _mm512_fnmadd_pd(a, b, c); }
FLR_INLINE vd v_abs(vd a) { return _mm512_abs_pd(a); }
FLR_INLINE vd v_sqrt(vd a) { return _mm512_sqrt_pd(a); }
FLR_INLINE vd v_load_label(const uint8_t *p)
{
    return _mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
/* the second operand is returned when one is nan */
FLR_INLINE vd v_max(vd a, vd b) { return _mm512_max_pd(a, b); }
FLR_INLINE vmask v_gt(vd a, vd b) { return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ); }
FLR_INLINE vmask v_eq(vd a, vd b) { return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ); }
FLR_INLINE vd v_select(vmask m, vd a, vd b) { return _mm512_mask_blend_pd(m, b, a); }
FLR_INLINE vd v_round(vd a) { return _mm512_roundscale_pd(a, 0); }
/* a * 2^k for integral k, right into the denormals */
FLR_INLINE vd v_scale2(vd a, vd k) { return _mm512_scalef_pd(a, k); }
FLR_INLINE vd v_scale2_normal(vd a, vd k) { return _mm512_scalef_pd(a, k); }
/* floor(log2(a)) of a normal a > 0 */
FLR_INLINE vd v_exponent(vd a) { return _mm512_getexp_pd(a); }
FLR_INLINE double v_sum(vd a) { return _mm512_reduce_add_pd(a); }
FLR_INLINE double v_hmax(vd a) { return _mm512_reduce_max_pd(a); }
/* lane k of the result is the sum of the lanes of a[k] */
FLR_INLINE vd v_rowsum(const vd *a)
{
    vd t0 = _mm512_unpacklo_pd(a[0], a[1]) + _mm512_unpackhi_pd(a[0], a[1]);
    vd t1 = _mm512_unpacklo_pd(a[2], a[3]) + _mm512_unpackhi_pd(a[2], a[3]);
    vd t2 = _mm512_unpacklo_pd(a[4], a[5]) + _mm512_unpackhi_pd(a[4], a[5]);
    vd t3 = _mm512_unpacklo_pd(a[6], a[7]) + _mm512_unpackhi_pd(a[6], a[7]);
    vd u0 = _mm512_shuffle_f64x2(t0, t1, 0x88) + _mm512_shuffle_f64x2(t0, t1, 0xDD);
    vd u1 = _mm512_shuffle_f64x2(t2, t3, 0x88) + _mm512_shuffle_f64x2(t2, t3, 0xDD);
    return _mm512_shuffle_f64x2(u0, u1, 0x88) + _mm512_shuffle_f64x2(u0, u1, 0xDD);
}

/* a[k] lane j becomes a[j] lane k */
FLR_INLINE void v_transpose(vd *a)
{
    vd t[8], u[8];
    FLR_UNROLL
    for (int k = 0; k < 8; k += 2) {
        t[k] = _mm512_unpacklo_pd(a[k], a[k + 1]);
        t[k + 1] = _mm512_unpackhi_pd(a[k], a[k + 1]);
    }
    FLR_UNROLL
    for (int k = 0; k < 8; k += 4)
        FLR_UNROLL
        for (int j = 0; j < 2; j++) {
            u[k + j] = _mm512_shuffle_f64x2(t[k + j], t[k + j + 2], 0x88);
            u[k + j + 2] = _mm512_shuffle_f64x2(t[k + j], t[k + j + 2], 0xDD);
        }
    FLR_UNROLL
    for (int j = 0; j < 4; j++) {
        a[j] = _mm512_shuffle_f64x2(u[j], u[j + 4], 0x88);
        a[j + 4] = _mm512_shuffle_f64x2(u[j], u[j + 4], 0xDD);
    }
}

/* vf: twice as many floats, for products that only steer a solver */
typedef __m512 vf;
FLR_INLINE vf f_load(const float *p) { return _mm512_loadu_ps(p); }
FLR_INLINE vf f_set1(float a) { return _mm512_set1_ps(a); }
FLR_INLINE vf f_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
FLR_INLINE void v_store_f(float *p, vd a) { _mm256_storeu_ps(p, _mm512_cvtpd_ps(a)); }
FLR_INLINE void f_split(vf a, vd *low, vd *high)
{
    *low = _mm512_cvtps_pd(_mm512_castps512_ps256(a));
    *high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1));
}

#elif defined(FLR_AVX2)
/* ------------------------------------------------------------------ AVX2 + FMA */
#include <immintrin.h>
#define VL 4
typedef __m256d vd;
typedef __m256d vmask;

#define FLR_KEEP(a) __asm__("" : "+x"(a))

static const int64_t flr_tail_mask[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
static const int32_t flr_tail_mask_f[8] = {-1, -1, -1, -1, 0, 0, 0, 0};

FLR_INLINE vd v_load(const double *p) { return _mm256_loadu_pd(p); }
FLR_INLINE vd v_load_f(const float *p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
FLR_INLINE vd v_load_tail(const double *p, int count)
{
    return _mm256_maskload_pd(p, _mm256_loadu_si256((const __m256i *)(flr_tail_mask + 4 - count)));
}
FLR_INLINE vd v_load_tail_f(const float *p, int count)
{
    return _mm256_cvtps_pd(
        _mm_maskload_ps(p, _mm_loadu_si128((const __m128i *)(flr_tail_mask_f + 4 - count))));
}
FLR_INLINE void v_store(double *p, vd a) { _mm256_storeu_pd(p, a); }
FLR_INLINE vd v_set1(double a) { return _mm256_set1_pd(a); }
FLR_INLINE vd v_fma(vd a, vd b, vd c) { return _mm256_fmadd_pd(a, b, c); }
FLR_INLINE vd v_fnma(vd a, vd b, vd c) { return _mm256_fnmadd_pd(a, b, c); }
FLR_INLINE vd v_abs(vd a) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a); }
FLR_INLINE vd v_sqrt(vd a) { return _mm256_sqrt_pd(a); }
FLR_INLINE vd v_load_label(const uint8_t *p)
{
    int32_t four;
    memcpy(&four, p, 4);
    return _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(four)));
}
FLR_INLINE vd v_max(vd a, vd b) { return _mm256_max_pd(a, b); }
FLR_INLINE vmask v_gt(vd a, vd b) { return _mm256_cmp_pd(a, b, _CMP_GT_OQ); }
FLR_INLINE vmask v_eq(vd a, vd b) { return _mm256_cmp_pd(a, b, _CMP_EQ_OQ); }
FLR_INLINE vd v_select(vmask m, vd a, vd b) { return _mm256_blendv_pd(b, a, m); }
FLR_INLINE vd v_round(vd a) { return _mm256_round_pd(a, 8); }
FLR_INLINE vd v_scale2_normal(vd a, vd k)
{
    /* adding 1.5 * 2^52 leaves the integer k + 1023 in the low bits: the exponent of 2^k */
    __m256i bits = _mm256_castpd_si256(k + _mm256_set1_pd(0x1.8p52 + 1023.0));
    return a * _mm256_castsi256_pd(_mm256_slli_epi64(bits, 52));
}
FLR_INLINE vd v_exponent(vd a)
{
    __m256i bits = _mm256_srli_epi64(_mm256_castpd_si256(a), 52);
    bits = _mm256_or_si256(bits, _mm256_castpd_si256(_mm256_set1_pd(0x1p52)));
    return _mm256_castsi256_pd(bits) - _mm256_set1_pd(0x1p52 + 1023.0);
}
FLR_INLINE double v_sum(vd a)
{
    __m128d h = _mm256_castpd256_pd128(a) + _mm256_extractf128_pd(a, 1);
    return _mm_cvtsd_f64(h) + _mm_cvtsd_f64(_mm_unpackhi_pd(h, h));
}
FLR_INLINE double v_hmax(vd a)
{
    __m128d h = _mm_max_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_max_sd(h, _mm_unpackhi_pd(h, h)));
}
FLR_INLINE vd v_rowsum(const vd *a)
{
    vd t0 = _mm256_hadd_pd(a[0], a[1]), t1 = _mm256_hadd_pd(a[2], a[3]);
    return _mm256_permute2f128_pd(t0, t1, 0x20) + _mm256_permute2f128_pd(t0, t1, 0x31);
}
FLR_INLINE void v_transpose(vd *a)
{
    vd t0 = _mm256_unpacklo_pd(a[0], a[1]), t1 = _mm256_unpackhi_pd(a[0], a[1]);
    vd t2 = _mm256_unpacklo_pd(a[2], a[3]), t3 = _mm256_unpackhi_pd(a[2], a[3]);
    a[0] = _mm256_permute2f128_pd(t0, t2, 0x20);
    a[1] = _mm256_permute2f128_pd(t1, t3, 0x20);
    a[2] = _mm256_permute2f128_pd(t0, t2, 0x31);
    a[3] = _mm256_permute2f128_pd(t1, t3, 0x31);
}
typedef __m256 vf;
FLR_INLINE vf f_load(const float *p) { return _mm256_loadu_ps(p); }
FLR_INLINE vf f_set1(float a) { return _mm256_set1_ps(a); }
FLR_INLINE vf f_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
FLR_INLINE void v_store_f(float *p, vd a) { _mm_storeu_ps(p, _mm256_cvtpd_ps(a)); }
FLR_INLINE void f_split(vf a, vd *low, vd *high)
{
    *low = _mm256_cvtps_pd(_mm256_castps256_ps128(a));
    *high = _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1));
}
#define FLR_TWO_STEP_SCALE

#elif defined(__GNUC__)
/* ------------------------------------------------------------------ any processor, generic pairs */
#define VL 2
typedef double vd __attribute__((vector_size(16)));
typedef int64_t vmask __attribute__((vector_size(16)));

FLR_INLINE vd v_load(const double *p)
{
    vd a;
    memcpy(&a, p, sizeof a);
    return a;
}
FLR_INLINE vd v_load_f(const float *p) { return (vd){p[0], p[1]}; }
FLR_INLINE vd v_load_tail(const double *p, int count) { return (vd){p[0], count > 1 ? p[1] : 0.0}; }
FLR_INLINE vd v_load_tail_f(const float *p, int count) { return (vd){p[0], count > 1 ? p[1] : 0.0}; }
FLR_INLINE void v_store(double *p, vd a) { memcpy(p, &a, sizeof a); }
FLR_INLINE vd v_set1(double a) { return (vd){a, a}; }
FLR_INLINE vd v_fma(vd a, vd b, vd c) { return a * b + c; }
FLR_INLINE vd v_fnma(vd a, vd b, vd c) { return c - a * b; }
FLR_INLINE vmask v_gt(vd a, vd b) { return a > b; }
FLR_INLINE vmask v_eq(vd a, vd b) { return a == b; }
FLR_INLINE vd v_select(vmask m, vd a, vd b) { return (vd)((m & (vmask)a) | (~m & (vmask)b)); }
FLR_INLINE vd v_abs(vd a) { return (vd)((vmask)a & (vmask){INT64_MAX, INT64_MAX}); }
FLR_INLINE vd v_max(vd a, vd b) { return v_select(a > b, a, b); }
FLR_INLINE vd v_sqrt(vd a) { return (vd){sqrt(a[0]), sqrt(a[1])}; }
FLR_INLINE vd v_load_label(const uint8_t *p) { return (vd){p[0], p[1]}; }
FLR_INLINE vd v_round(vd a)
{
    /* right for |a| < 2^51, all that is asked of it; volatile-free because of no -ffast-math */
    const vd magic = v_set1(0x1.8p52);
    return (a + magic) - magic;
}
FLR_INLINE vd v_scale2_normal(vd a, vd k)
{
    return a * (vd)((vmask)(k + v_set1(0x1.8p52 + 1023.0)) << 52);
}
FLR_INLINE vd v_exponent(vd a)
{
    return (vd)((vmask)a >> 52 | (vmask)v_set1(0x1p52)) - v_set1(0x1p52 + 1023.0);
}
FLR_INLINE double v_sum(vd a) { return a[0] + a[1]; }
FLR_INLINE double v_hmax(vd a) { return a[0] > a[1] ? a[0] : a[1]; }
FLR_INLINE vd v_rowsum(const vd *a) { return (vd){a[0][0] + a[0][1], a[1][0] + a[1][1]}; }
FLR_INLINE void v_transpose(vd *a)
{
    vd t = a[0];
    a[0] = (vd){t[0], a[1][0]};
    a[1] = (vd){t[1], a[1][1]};
}
typedef float vf __attribute__((vector_size(16)));
FLR_INLINE vf f_load(const float *p)
{
    vf a;
    memcpy(&a, p, sizeof a);
    return a;
}
FLR_INLINE vf f_set1(float a) { return (vf){a, a, a, a}; }
FLR_INLINE vf f_fma(vf a, vf b, vf c) { return a * b + c; }
FLR_INLINE void v_store_f(float *p, vd a)
{
    p[0] = (float)a[0];
    p[1] = (float)a[1];
}
FLR_INLINE void f_split(vf a, vd *low, vd *high)
{
    *low = (vd){a[0], a[1]};
    *high = (vd){a[2], a[3]};
}
#define FLR_TWO_STEP_SCALE

#else
/* ------------------------------------------------------------------ one double at a time */
#define VL 1
typedef double vd;
typedef int vmask;

FLR_INLINE vd v_load(const double *p) { return *p; }
FLR_INLINE vd v_load_f(const float *p) { return *p; }
FLR_INLINE vd v_load_tail(const double *p, int count) { return count ? *p : 0.0; }
FLR_INLINE vd v_load_tail_f(const float *p, int count) { return count ? *p : 0.0; }
FLR_INLINE void v_store(double *p, vd a) { *p = a; }
FLR_INLINE vd v_set1(double a) { return a; }
FLR_INLINE vd v_fma(vd a, vd b, vd c) { return a * b + c; }
FLR_INLINE vd v_fnma(vd a, vd b, vd c) { return c - a * b; }
FLR_INLINE vmask v_gt(vd a, vd b) { return a > b; }
FLR_INLINE vmask v_eq(vd a, vd b) { return a == b; }
FLR_INLINE vd v_select(vmask m, vd a, vd b) { return m ? a : b; }
FLR_INLINE vd v_abs(vd a) { return fabs(a); }
FLR_INLINE vd v_max(vd a, vd b) { return a > b ? a : b; }
FLR_INLINE vd v_sqrt(vd a) { return sqrt(a); }
FLR_INLINE vd v_load_label(const uint8_t *p) { return *p; }
FLR_INLINE vd v_round(vd a) { return rint(a); }
FLR_INLINE vd v_scale2_normal(vd a, vd k) { return ldexp(a, (int)k); }
FLR_INLINE vd v_exponent(vd a) { return (double)ilogb(a); }
FLR_INLINE double v_sum(vd a) { return a; }
FLR_INLINE double v_hmax(vd a) { return a; }
FLR_INLINE vd v_rowsum(const vd *a) { return a[0]; }
FLR_INLINE void v_transpose(vd *a) { (void)a; }
typedef struct {
    float a, b;
} vf;
FLR_INLINE vf f_load(const float *p)
{
    vf a = {p[0], p[1]};
    return a;
}
FLR_INLINE vf f_set1(float a)
{
    vf b = {a, a};
    return b;
}
FLR_INLINE vf f_fma(vf a, vf b, vf c)
{
    vf d = {a.a * b.a + c.a, a.b * b.b + c.b};
    return d;
}
FLR_INLINE void v_store_f(float *p, vd a) { *p = (float)a; }
FLR_INLINE void f_split(vf a, vd *low, vd *high)
{
    *low = a.a;
    *high = a.b;
}
#define FLR_TWO_STEP_SCALE
#endif

#ifndef FLR_KEEP
#define FLR_KEEP(a) ((void)0)
#endif

#ifdef FLR_TWO_STEP_SCALE
/* two normal factors, so that the one rounding happens where the result leaves the normal range */
FLR_INLINE vd v_scale2(vd a, vd k)
{
    vd half = v_round(k * v_set1(0.5)), rest = k - half;
    vd one = v_set1(1.0);
    return a * v_scale2_normal(one, half) * v_scale2_normal(one, rest);
}
#endif

#endif
