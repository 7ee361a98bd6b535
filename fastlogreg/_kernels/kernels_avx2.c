/* The kernels for the avx2 instruction set. */
#define FLR_AVX2
#define FLR_LEVEL avx2
#define FLR_LEVEL_NAME "avx2"
#include "kernels.inl"
