// Which of Highway's targets the kernels are compiled for: those of SimdLevel. To be included
// before <hwy/foreach_target.h>.
//
// SSSE3 and AVX3_DL are left out because they differ little from their neighbours, and SVE because
// its masks have no fixed number of bits.
#pragma once

#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
