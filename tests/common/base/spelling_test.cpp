// SPDX-License-Identifier: MIT
#include "common/base/spelling.h"

#include <doctest/doctest.h>

using namespace rowsum;

TEST_CASE("edit distance") {
  struct {
    const char* one;
    const char* other;
    size_t distance;
  } const cases[] = {{"", "", 0},
                     {"", "abc", 3},
                     {"header", "header", 0},
                     {"heder", "header", 1},
                     {"headers", "header", 1},
                     {"haeder", "header", 2},
                     {"xeader", "header", 1},
                     {"kitten", "sitting", 3},
                     {"abc", "xyz", 3}};
  for (const auto& is : cases) {
    CAPTURE(is.one);
    CAPTURE(is.other);
    CHECK(edit_distance(is.one, is.other) == is.distance);
    CHECK(edit_distance(is.other, is.one) == is.distance);
  }
}

TEST_CASE("the nearest name") {
  const std::vector<std::string> names = {"header", "help", "fields", "max-row", "to"};
  CHECK(nearest("heder", names) == "header");
  CHECK(nearest("haeder", names) == "header");
  CHECK(nearest("feilds", names) == "fields");
  CHECK(nearest("maxrow", names) == "max-row");
  CHECK(nearest("hlp", names) == "help");
  CHECK(nearest("hlep", names) == "help");
  CHECK(nearest("too", names) == "to");
  CHECK(nearest("m", names) == "max-row");
  CHECK(nearest("header", names) == "header");
}

TEST_CASE("a word that is too far from all names") {
  const std::vector<std::string> names = {"header", "help", "to"};
  CHECK(!nearest("bogus", names));
  CHECK(!nearest("hxyq", names));
  CHECK(!nearest("fatherhood", {"header"}));
  CHECK(!nearest("", {"header"}));
  CHECK(!nearest("header", {}));
}

TEST_CASE("of names that are equally near the first one counts") {
  CHECK(nearest("cat", {"bat", "car"}) == "bat");
  CHECK(nearest("cat", {"boat", "car", "bat"}) == "car");
}
