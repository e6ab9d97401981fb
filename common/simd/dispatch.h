// SPDX-License-Identifier: MIT
// To be used once at the end of the source file of a kernel, after Highway's HWY_AFTER_NAMESPACE():
//
//   #if HWY_ONCE
//   auto* kernel() { ROWSUM_BY_SIMD_LEVEL(sum_rows, sum_rows_scalar); }
//   #endif
//
// Returns the function `name` compiled for the level in use, or `scalar`.
#pragma once

#include "common/simd/level.h"

#if defined(__x86_64__)
#define ROWSUM_BY_SIMD_LEVEL(name, scalar) \
  switch (simd_level()) {                  \
    case SimdLevel::avx512:                \
      return &N_AVX3::name;                \
    case SimdLevel::avx2:                  \
      return &N_AVX2::name;                \
    case SimdLevel::sse4:                  \
      return &N_SSE4::name;                \
    default:                               \
      return &scalar;                      \
  }
#else
#define ROWSUM_BY_SIMD_LEVEL(name, scalar) \
  return simd_level() == SimdLevel::scalar ? &scalar : &HWY_STATIC_DISPATCH(name)
#endif
