// Which vector instructions the kernels use: the best that this processor has, found at run time.
//
// Highway compiles each kernel once a level (foreach_target); choosing among them takes these few
// lines of our own, because its own choice lives in a shared library that Debian ships no static
// form of, and loading shared libraries would double the time the programs take to start.
#pragma once

namespace rowsum {

enum class SimdLevel {
  scalar,  // no vectors: plain C++, what the others are tested against
  sse4,
  avx2,
  avx512,
  neon,
};

/// The level in use. The environment variable ROWSUM_SIMD (scalar, sse4, avx2, avx512) can lower
/// it, never raise it beyond what the processor has; another word changes nothing.
SimdLevel simd_level();

/// Whether this processor has the level.
bool has_simd_level(SimdLevel level);

/// For tests: from now on this one, which the processor must have.
void set_simd_level(SimdLevel level);

}  // namespace rowsum
