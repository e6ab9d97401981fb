// SPDX-License-Identifier: MIT
#include "p1_read/part_check.h"

#include <doctest/doctest.h>

#include <string>

#include "common/wire/frame.h"
#include "tests/support/files.h"
#include "tests/support/parts.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/thrown.h"

namespace rowsum {

namespace {

/// A file whose plan has been made, and that then is another one.
class ChangedFile {
 public:
  ChangedFile(const std::string& text, uint64_t parts)
      : plan_(plan_of(text, parts)), path_(directory_.file("in.csv")) {
    write_file(path_, text);
  }

  const Plan& plan() const { return plan_; }
  const std::string& path() const { return path_; }
  Range nominal(uint64_t part) const { return nominal_range(plan_.file, part); }

  Thrown check(PartCheck& check) const {
    return thrown_by([&] { check.check(Inputs({path_})); });
  }
  /// The refusal of these bytes.
  Thrown refusal(const Range& range) const {
    return {ExitStatus::bad_data, path_ + ": " + describe(range) +
                                      " are not what they were in the outline; make all outlines "
                                      "and the plan anew"};
  }

 private:
  TemporaryDirectory directory_;
  Plan plan_;
  std::string path_;
};

}  // namespace

TEST_CASE("part check: a byte that has changed is noticed in every part that it belongs to") {
  const std::string text = "1,2\n\"3\n\n\n\n\n\n\n\n\n\",4\r\n5\r6\n7";
  for (const uint64_t parts : {1, 2, 3, 7, 26, 30}) {
    CAPTURE(parts);
    ChangedFile file(text, parts);
    for (size_t i = 0; i < text.size(); ++i) {
      CAPTURE(i);
      std::string other = text;
      other[i] ^= 1;
      write_file(file.path(), other);
      for (uint64_t part = 1; part <= parts; ++part) {
        CAPTURE(part);
        PartCheck check(file.plan(), part);
        const Range needed{file.plan().parts[part - 1].begin, file.nominal(part).end};
        const bool is_needed = needed.begin <= i && i < needed.end;
        const Thrown thrown = file.check(check);
        if (is_needed) {
          // The nominal range with this byte is what is refused.
          uint64_t with = 1;
          while (file.nominal(with).end <= i) ++with;
          CHECK(thrown == file.refusal(file.nominal(with)));
        } else if (i >= file.nominal(part).end) {
          CHECK(thrown == Thrown());
        }
      }
    }
    write_file(file.path(), text);
    for (uint64_t part = 1; part <= parts; ++part) {
      PartCheck check(file.plan(), part);
      CHECK(file.check(check) == Thrown());
    }
  }
}

TEST_CASE("part check: what has been seen is not read again") {
  std::string text;
  while (text.size() < 7 * block_size / 2) text += "12,3\n";
  ChangedFile file(text, 1);
  std::string other = text;
  for (const uint64_t block : {0, 1}) other[block * block_size + 77] = '5';
  write_file(file.path(), other);
  PartCheck check(file.plan(), 1);
  SUBCASE("nothing has") {
    CHECK(file.check(check) == file.refusal({0, text.size()}));
  }
  SUBCASE("in pieces of any size") {
    for (size_t at = 0; at < 5 * block_size / 2; at += 77'777) {
      check.saw(at, std::string_view(text).substr(at, 77'777));
    }
    CHECK(file.check(check) == Thrown());
  }
  SUBCASE("with a gap") {
    check.saw(0, std::string_view(text).substr(0, block_size - 1));
    check.saw(block_size, std::string_view(text).substr(block_size, block_size));
    CHECK(file.check(check) == file.refusal({0, text.size()}));
  }
  SUBCASE("one block, as a worker has seen it") {
    const auto hash = [&](const Range& range) {
      return payload_checksum("", std::string_view(text).substr(range.begin, range.size()));
    };
    const Range blocks[] = {{0, block_size}, {block_size, 2 * block_size}};
    check.saw_hash(blocks[0], hash(blocks[0]));
    SUBCASE("and the other one") {
      check.saw_hash(blocks[1], hash(blocks[1]));
      CHECK(file.check(check) == Thrown());
    }
    SUBCASE("and no block") {
      check.saw_hash({block_size, 2 * block_size - 1}, hash(blocks[1]));
      CHECK(file.check(check) == file.refusal({0, text.size()}));
    }
  }
  SUBCASE("of the changed bytes") {
    check.saw(0, other);
    write_file(file.path(), text);
    CHECK(file.check(check) == file.refusal({0, text.size()}));
  }
}

TEST_CASE("part check: the row before a part is held against the last block of the one before") {
  std::string text;
  while (text.size() < 5 * block_size) text += "12,345\n";
  ChangedFile file(text, 2);
  const uint64_t border = file.nominal(1).end;
  const Range last = block_at(file.nominal(1), border - 1);
  REQUIRE(file.plan().parts[1].begin < border);
  const auto check_with = [&](uint64_t at) {
    std::string other = text;
    other[at] ^= 1;
    write_file(file.path(), other);
    PartCheck check(file.plan(), 2);
    return file.check(check);
  };
  CHECK(check_with(border - 1) == file.refusal(last));
  CHECK(check_with(last.begin) == file.refusal(last));
  CHECK(check_with(last.begin - 1) == Thrown());  // is not of this part
}

TEST_CASE("part check: the beginning of the file belongs to every part") {
  const std::string text = "a,b\n1\n2\n3\n";
  const TemporaryDirectory directory;
  const std::string path = directory.file("in.csv");
  DividedFile file = divided(text, 3);
  file.rows_begin = 4;
  file.beginning = hash_of("a,b\n");
  const Plan plan = fold(outlines_of(file, text));
  for (uint64_t part = 1; part <= 3; ++part) {
    write_file(path, text);
    PartCheck check(plan, part);
    check.check(Inputs({path}));
    write_file(path, "c" + text.substr(1));
    CHECK(thrown_by([&] {
            check.check(Inputs({path}));
          }).message.starts_with(path + ": bytes 0 to 4"));
  }
}

TEST_CASE("part check: borders of blocks") {
  const std::string text(3 * block_size, '\n');
  const Plan plan = plan_of(text, 2);
  const PartCheck check(plan, 2);
  const uint64_t begin = 3 * block_size / 2, middle = begin + block_size, end = 3 * block_size;
  for (const uint64_t border : {begin, middle, end}) {
    CHECK(check.is_border(border));
    CHECK_FALSE(check.is_border(border - 1));
    CHECK_FALSE(check.is_border(border + 1));
    CHECK(check.until_border(border - 1) == 1);
  }
  CHECK(check.until_border(0) == begin);
  CHECK(check.until_border(begin) == block_size);
  CHECK(check.until_border(middle) == block_size / 2);
  CHECK(check.until_border(end) > 0);
}

}  // namespace rowsum
