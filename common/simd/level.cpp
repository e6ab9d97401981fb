// SPDX-License-Identifier: MIT
#include "common/simd/level.h"

#include <cstdlib>
#include <string_view>

namespace rowsum {

namespace {

SimdLevel best_level() {
#if defined(__aarch64__)
  return SimdLevel::neon;
#else
  for (const SimdLevel level : {SimdLevel::avx512, SimdLevel::avx2, SimdLevel::sse4}) {
    if (has_simd_level(level)) return level;
  }
  return SimdLevel::scalar;
#endif
}

SimdLevel initial_level() {
  const SimdLevel best = best_level();
  const char* const asked = std::getenv("ROWSUM_SIMD");
  if (!asked) return best;
  const std::string_view name = asked;
  const SimdLevel level = name == "scalar" ? SimdLevel::scalar
                          : name == "sse4" ? SimdLevel::sse4
                          : name == "avx2" ? SimdLevel::avx2
                                           : best;
  return level < best ? level : best;
}

SimdLevel& current_level() {
  static SimdLevel level = initial_level();
  return level;
}

}  // namespace

SimdLevel simd_level() {
  return current_level();
}

void set_simd_level(SimdLevel level) {
  current_level() = level;
}

bool has_simd_level(SimdLevel level) {
  switch (level) {
    case SimdLevel::scalar:
      return true;
#if defined(__x86_64__)
    // The instructions with which Highway compiles its targets of these names (detect_targets.h).
    case SimdLevel::sse4:
      return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
    case SimdLevel::avx2:
      return has_simd_level(SimdLevel::sse4) && __builtin_cpu_supports("avx2") &&
             __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
             __builtin_cpu_supports("fma");
    case SimdLevel::avx512:
      return has_simd_level(SimdLevel::avx2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2");
#elif defined(__aarch64__)
    case SimdLevel::neon:
      return true;
#endif
    default:
      return false;
  }
}

}  // namespace rowsum
