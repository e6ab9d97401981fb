// SPDX-License-Identifier: MIT
// Which of Highway's targets the kernels are compiled for: those of SimdLevel. To be included
// before <hwy/foreach_target.h>.
//
// SSSE3 is left out because it differs little from its neighbours, and SVE because its masks have
// no fixed number of bits. Why AVX3_DL is left out: see before_kernels-inl.h.
#pragma once

#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
