// SPDX-License-Identifier: MIT
#include "common/csv/field_parser.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

using namespace rowsum;

namespace {

/// How many bytes at the start of the text are taken for a simple field; -1 if it is none.
ptrdiff_t simple_size(std::string_view text, char delimiter = ',') {
  const char* const end = skip_simple_field(text.data(), text.data() + text.size(), delimiter);
  return end ? end - text.data() : -1;
}

}  // namespace

TEST_CASE("field_parser: what is a simple field") {
  CHECK(simple_size("12") == 2);
  CHECK(simple_size(" 12\t,3") == 4);
  CHECK(simple_size("-12\r\n") == 3);
  CHECK(simple_size("+12\n") == 3);
  CHECK(simple_size("\"12\",3") == 4);
  CHECK(simple_size("\" -12 \"\n") == 7);
  CHECK(simple_size(" 12 ", ' ') == -1);
  CHECK(simple_size("12 ", ' ') == 2);
  CHECK(simple_size("\" 12\"", ' ') == -1);
  CHECK(simple_size("+12", '+') == -1);
  CHECK(simple_size("12+", '+') == 2);
}

TEST_CASE("field_parser: a simple field is an integer, and ends there") {
  constexpr std::string_view alphabet = "0 -+\"\t,\nx";
  size_t simple = 0;
  for (const char delimiter : {',', ' ', '+', '\t'}) {
    FieldParser parser({delimiter});
    for (size_t length = 0; length <= 6; ++length) {
      size_t texts = 1;
      for (size_t i = 0; i < length; ++i) texts *= alphabet.size();
      for (size_t number = 0; number < texts; ++number) {
        std::string text;
        for (size_t i = 0, rest = number; i < length; ++i, rest /= alphabet.size()) {
          text += alphabet[rest % alphabet.size()];
        }
        const ptrdiff_t size = simple_size(text, delimiter);
        if (size < 0) continue;
        ++simple;
        const char* const end = parser.parse(text.data(), text.data() + text.size());
        if (!parser.is_integer() || end - text.data() != size) FAIL(text);
      }
    }
  }
  CHECK(simple > 10'000);
}
