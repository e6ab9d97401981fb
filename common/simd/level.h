// SPDX-License-Identifier: MIT
// Which vector instructions the kernels use: the best ones that this processor has, found at run
// time.
//
// Highway compiles each kernel once for each level (foreach_target). The choice among them is made
// here and not by Highway: Debian ships that part of Highway only as a shared library, and loading
// shared libraries would double the time that the programs take to start.
#pragma once

namespace rowsum {

enum class SimdLevel {
  scalar,  // no vectors: plain C++, against which the others are tested
  sse4,
  avx2,
  avx512,  // as Intel Ice Lake and AMD Zen 4 have it, with VBMI2
  neon,
};

/// The level in use. The environment variable ROWSUM_SIMD (scalar, sse4, avx2, avx512) can lower
/// it, but not raise it beyond what the processor has. Any other value changes nothing.
SimdLevel simd_level();

/// Whether this processor supports the level.
bool has_simd_level(SimdLevel level);

/// For tests: uses this level from now on. The processor must support it.
void set_simd_level(SimdLevel level);

}  // namespace rowsum
