// SPDX-License-Identifier: MIT
// To be included in place of Highway's HWY_BEFORE_NAMESPACE(), by kernels that compress bytes. All
// processors of SimdLevel::avx512 can do that (VBMI2), but Highway's target AVX3 does not use it.
// Its target AVX3_DL, which does, is compiled with instructions that AMD Zen 4 and Intel Ice Lake
// do not have (AVX-VNNI in Highway 1.0).
//
// This file has no include guard, because it is included once for each target.
#if HWY_TARGET == HWY_AVX3
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512vbmi2")
#else
HWY_BEFORE_NAMESPACE();
#endif
