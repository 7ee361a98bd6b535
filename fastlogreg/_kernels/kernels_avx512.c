/* The kernels for the avx512 instruction set. */
#define FLR_AVX512
#define FLR_LEVEL avx512
#define FLR_LEVEL_NAME "avx512"
#include "kernels.inl"
