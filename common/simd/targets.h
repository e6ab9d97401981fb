// Which of Highway's targets the kernels are compiled for: those of SimdLevel. To be included
// before <hwy/foreach_target.h>.
//
// SSSE3 and AVX3 are left out because they are hardly faster than their neighbours: the AVX-512 of
// AVX3 lacks the instructions that compress bytes. SVE is left out because its masks have no fixed
// number of bits.
#pragma once

#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
