/* The kernels for the baseline instruction set. */
#define FLR_LEVEL base
#define FLR_LEVEL_NAME "baseline"
#include "kernels.inl"
