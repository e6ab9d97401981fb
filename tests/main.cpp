// SPDX-License-Identifier: MIT
// The unit tests. Each case may take a minute or two. doctest itself checks the time only when a
// case has ended.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace {

const doctest::detail::TestCase* case_at_work() {
  const doctest::ContextOptions* const run = doctest::getContextOptions();
  return run ? run->currentTest : nullptr;
}

/// If the same case is running at two checks in a row, reports its name and ends this process, and
/// its children with it. `errors` is standard error, which a case may have redirected.
void end_what_hangs(int errors) {
  const doctest::detail::TestCase* before = nullptr;
  for (;;) {
    std::this_thread::sleep_for(std::chrono::minutes(1));
    const doctest::detail::TestCase* const now = case_at_work();
    if (now && now == before && !doctest::detail::isDebuggerActive()) {
      ::dprintf(errors, "unit_tests: hang: %s (%s:%u)\n", now->m_name, now->m_file.c_str(),
                now->m_line);
      ::_exit(1);
    }
    before = now;
  }
}

}  // namespace

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  std::thread(end_what_hangs, ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)).detach();
  return context.run();
}
