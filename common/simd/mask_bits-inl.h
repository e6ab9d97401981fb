// SPDX-License-Identifier: MIT
// Turns masks of bytes into bits of a register, for code that is compiled once for each kind of
// vectors.

#if defined(ROWSUM_MASK_BITS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ROWSUM_MASK_BITS_INL_H
#undef ROWSUM_MASK_BITS_INL_H
#else
#define ROWSUM_MASK_BITS_INL_H
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rowsum {
namespace HWY_NAMESPACE {

/// The mask of a vector of bytes, its first lane in the lowest bit. Highway stores masks to memory.
/// Each is loaded in a word of its own size, because a load of several of them in a wider word
/// would have to wait for the stores. With AVX-512 a mask is such a word already.
template <class D, class Mask>
HWY_INLINE uint64_t mask_bits([[maybe_unused]] D d, Mask mask) {
#if HWY_TARGET == HWY_AVX3
  return static_cast<uint64_t>(mask.raw);
#else
  hwy::UnsignedFromSize<HWY_MAX_BYTES / 8> bits;
  static_assert(sizeof bits <= sizeof(uint64_t));
  hwy::HWY_NAMESPACE::StoreMaskBits(d, mask, reinterpret_cast<uint8_t*>(&bits));
  return bits;
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace rowsum
HWY_AFTER_NAMESPACE();
#endif
