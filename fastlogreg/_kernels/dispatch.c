/* Which instruction set this machine has, and the table of kernels in use.
 *
 * cpuid and xgetbv are asked directly: the compilers' own test was seen to say a wrong "no" inside a
 * shared library, and says nothing about the operating system's part.
 */
#include "flr.h"

#include <string.h>

extern const flr_table flr_table_base;
#ifdef FLR_HAVE_AVX2
extern const flr_table flr_table_avx2;
#endif
#ifdef FLR_HAVE_AVX512
extern const flr_table flr_table_avx512;
#endif

static const flr_table *active = &flr_table_base;

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>

static int has_avx2_or_avx512(int avx512)
{
    unsigned a, b, c, d, low, high;
    const unsigned state = avx512 ? 0xE6 : 0x6; /* registers that the system saves */
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    if (!(c & (1u << 27)) || !(c & (1u << 28)) || !(c & (1u << 12))) return 0; /* xsave, AVX, FMA */
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & state) != state) return 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    if (!(b & (1u << 5))) return 0; /* AVX2 */
    if (!avx512) return 1;
    const unsigned need = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31; /* F DQ CD BW VL */
    return (b & need) == need;
}
#else
static int has_avx2_or_avx512(int avx512)
{
    (void)avx512;
    return 0;
}
#endif

static const flr_table *find(const char *level)
{
    if (!strcmp(level, "baseline")) return &flr_table_base;
#ifdef FLR_HAVE_AVX2
    if (!strcmp(level, "avx2") && has_avx2_or_avx512(0)) return &flr_table_avx2;
#endif
#ifdef FLR_HAVE_AVX512
    if (!strcmp(level, "avx512") && has_avx2_or_avx512(1)) return &flr_table_avx512;
#endif
    return NULL;
}

const flr_table *flr_active(void) { return active; }

int flr_available(const char *level)
{
    (void)has_avx2_or_avx512;
    return find(level) != NULL;
}

int flr_select(const char *level)
{
    const flr_table *table = find(level);
    if (!table) return -1;
    active = table;
    return 0;
}
