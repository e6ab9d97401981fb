#include "p1_read/pipeline.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <initializer_list>
#include <string>
#include <thread>

#include "tests/support/files.h"
#include "tests/support/pipes.h"
#include "tests/support/streams.h"
#include "tests/support/temporary_directory.h"

using namespace rowsum;

namespace {

using Type = ControlMessage::Type;

/// One place with two lives, and the test in the places of the launcher, of p2_sum and p3_write.
class Surroundings {
 public:
  explicit Surroundings(const std::string& input) : path_(directory_.file("in.csv")) {
    write_file(path_, input);
    shared_ = open_file(path_, O_RDONLY);
    for (const char* const name : {"/in.0.0", "/in.0.1"}) {
      const std::string fifo = directory_.path().string() + name;
      REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    }
  }

  ReadPipeline options() const {
    ReadPipeline options;
    options.directory = directory_.path();
    options.places = 1;
    options.control = control_.out.get();
    options.shared = shared_.get();
    options.retries = 3;
    return options;
  }
  const std::string& input() const { return path_; }

  /// All in one write, as in a round of p3_write.
  void say(std::initializer_list<ControlMessage> messages) {
    std::string bytes;
    for (const ControlMessage& message : messages) encode(message, bytes);
    if (::write(control_.in.get(), bytes.data(), bytes.size()) < 0)
      throw std::runtime_error("write");
  }
  void leave() { control_.in.close(); }

  /// The stream of a life, as far as the end. Throws when nothing comes any more.
  std::string stream(const char* name) {
    // With O_RDWR it is not waited for anybody to open it.
    const OwnedFd fifo(::open(directory_.file(name).c_str(), O_RDWR | O_CLOEXEC));
    std::string bytes;
    StreamParser parser(name, Content::batches);
    while (parser.item() != StreamParser::Item::end) {
      if (parser.item() != StreamParser::Item::none) parser.next();
      pollfd wanted{fifo.get(), POLLIN, 0};
      if (::poll(&wanted, 1, 10'000) != 1) throw std::runtime_error("nothing comes");
      const std::span<char> space = parser.space();
      const ssize_t n = ::read(fifo.get(), space.data(), space.size());
      if (n <= 0) throw std::runtime_error("read");
      bytes.append(space.data(), static_cast<size_t>(n));
      parser.filled(static_cast<size_t>(n));
    }
    return bytes;
  }

 private:
  TemporaryDirectory directory_;
  std::string path_;
  OwnedFd shared_;
  Pipe control_;
};

BatcherOptions two_bytes_a_batch() {
  BatcherOptions options;
  options.batch_size = 2;
  return options;
}

}  // namespace

TEST_CASE("pipeline: of what is said in one breath with a failure nothing is lost") {
  Surroundings surroundings("1\n2\n");
  Pipeline pipeline(surroundings.options(), DealPolicy::round_robin);
  Inputs inputs({surroundings.input()});
  surroundings.say({{Type::failed, 0, 0, 74}, {Type::over, 0, 0, 0}, {Type::failed, 0, 1, 65}});
  CHECK(thrown_by([&] { pipeline.run(inputs, two_bytes_a_batch()); }) ==
        Thrown{ExitStatus::io, ""});
  surroundings.leave();
  pipeline.fail(ExitStatus::io);
  // The next life has been given its stream.
  const Seen seen = seen_in(surroundings.stream("in.0.1"));
  REQUIRE(seen.hello);
  CHECK(seen.hello->life == 1);
  CHECK(seen.verdict == Verdict{ExitStatus::io, 0, 0});
}

TEST_CASE("pipeline: the next life is given the same, whatever became of the input") {
  Surroundings surroundings("1\n2\n3\n");
  ReadPipeline options = surroundings.options();
  options.checksum = true;
  std::string first, second, problem;
  // The worker has gone before it returned anything; the next one has time until the input is gone.
  std::thread others([&] {
    try {
      first = surroundings.stream("in.0.0");
      if (::truncate(surroundings.input().c_str(), 0) != 0) throw std::runtime_error("truncate");
      surroundings.say({{Type::alive, 0, 0, 0}, {Type::over, 0, 0, 0}});
      second = surroundings.stream("in.0.1");
      for (const uint64_t end : {2, 4, 6}) surroundings.say({{Type::received, 0, 1, end}});
      surroundings.say({{Type::printed, 0, 0, 6}});
    } catch (const std::exception& error) {
      problem = error.what();
    }
    surroundings.leave();
  });
  Pipeline pipeline(options, DealPolicy::round_robin);
  Inputs inputs({surroundings.input()});
  const Thrown thrown = thrown_by([&] { pipeline.run(inputs, two_bytes_a_batch()); });
  others.join();
  CHECK(thrown == Thrown());
  REQUIRE(problem == "");
  const Seen seen = seen_in(second);
  REQUIRE(seen.hello);
  CHECK(seen.hello->life == 1);
  CHECK(seen.frames.size() == 3);
  CHECK(seen.verdict == Verdict{ExitStatus::complete, 6, 3});
  // All but the hello, which says which life it is: frames, checksums and end.
  const size_t hello = first.find(
      "\x8f"
      "BAT");
  REQUIRE(hello != std::string::npos);
  CHECK(second.substr(hello) == first.substr(hello));
}
