// SPDX-License-Identifier: MIT
#include "common/io/death_by_signal.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <initializer_list>

#include "tests/support/child.h"

using namespace rowsum;

TEST_CASE("death by signal: a message, as long as there is one") {
  const auto outcome_of = [](int signal, std::initializer_list<const char*> messages) {
    return run_in_child([&] {
      for (const char* message : messages) report_on_signals(message);
      ::raise(signal);
      return 0;
    });
  };
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    const Outcome told = outcome_of(signal, {"last words"});
    CHECK(told.status == 128 + signal);
    CHECK(told.errors.ends_with(": last words\n"));
    const Outcome silent = outcome_of(signal, {"last words", nullptr});
    CHECK(silent.status == 128 + signal);
    CHECK(silent.errors == "");
  }
}
