// SPDX-License-Identifier: MIT
// The kernels by themselves, on one processor: cutting, selecting fields, parsing and summing,
// printing, the codec.
//
//   micro_benchmark [--benchmark_filter=cut]      (Google Benchmark; --help lists its options)
//
// The texts have the shapes of the workloads and lie in the cache, as a batch does when p2_sum has
// just read it.
#include <benchmark/benchmark.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "common/base/buffer.h"
#include "common/csv/field_filter.h"
#include "common/wire/frame_parser.h"
#include "common/wire/stream_writer.h"
#include "common/worker/line_printer.h"
#include "p1_read/batcher.h"
#include "p2_sum/batch_summer.h"

namespace rowsum {
namespace {

struct Shape {
  const char* name;
  int fewest_columns, most_columns;
  int64_t min, max;
  bool is_messy = false;
};
constexpr std::array<Shape, 5> shapes = {{{"digits", 100, 100, 0, 9},
                                          {"narrow", 3, 3, 0, 999},
                                          {"wide", 500, 500, INT64_MIN, INT64_MAX},
                                          {"mixed", 1, 90, -1'000'000, 1'000'000},
                                          {"messy", 1, 90, -1'000'000, 1'000'000, true}}};

struct Text {
  Buffer bytes;
  Batch batch;

  std::string_view view() const { return {bytes.data(), batch.text}; }
};

/// About the number of bytes of a batch.
Text text_of(const Shape& shape) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<int> columns(shape.fewest_columns, shape.most_columns);
  std::uniform_int_distribution<int64_t> values(shape.min, shape.max);
  std::string text;
  Text result;
  for (; text.size() < BatcherOptions().batch_size - 20'000; ++result.batch.rows) {
    for (int left = columns(random); left > 0; --left) {
      const std::string value = std::to_string(values(random));
      const auto dress = shape.is_messy ? random() % 40 : 2;
      text += dress == 0 ? '"' + value + '"' : dress == 1 ? "  " + value + " " : value;
      if (left > 1) text += ',';
    }
    text += shape.is_messy ? "\r\n" : "\n";
  }
  result.bytes.reserve(text.size());
  text.copy(result.bytes.data(), text.size());
  result.batch.range.end = result.batch.text = text.size();
  return result;
}

void cut(benchmark::State& state, const Shape& shape) {
  const Text text = text_of(shape);
  for (auto _ : state) {
    Batcher batcher(BatcherOptions(), 0);
    batcher.begin_input(0, "");
    batcher.feed(text.view());
    batcher.end_input();
    benchmark::DoNotOptimize(batcher.take_full());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.batch.text));
}

void sum(benchmark::State& state, const Shape& shape) {
  const Text text = text_of(shape);
  BatchSummer summer{Dialect()};
  for (auto _ : state) {
    benchmark::DoNotOptimize(summer.answer(text.batch, text.view()));
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.batch.text));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * text.batch.rows));
}

/// Selects fields and, if `is_summed`, sums them. Bytes are those of whole rows, as in sum().
void filter(benchmark::State& state, const Shape& shape, const char* list, bool is_summed) {
  const Text text = text_of(shape);
  const FieldFilter filter(FieldList::parse(list, false), Dialect());
  BatchSummer summer{Dialect()};
  Buffer selected;
  Batch batch = text.batch;
  for (auto _ : state) {
    batch.text = filter.append(text.view(), selected, 0);
    if (is_summed) {
      benchmark::DoNotOptimize(summer.answer(batch, {selected.data(), batch.text}));
    }
    benchmark::DoNotOptimize(selected.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.batch.text));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * text.batch.rows));
}

/// Items are lines.
void print(benchmark::State& state, int64_t min, int64_t max) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<int64_t> values(min, max);
  std::vector<int64_t> sums(4096);
  for (int64_t& value : sums) value = values(random);
  LinePrinter printer;
  for (auto _ : state) {
    printer.begin(1'000'000);
    for (const int64_t value : sums) printer.print(value);
    benchmark::DoNotOptimize(printer.lines().data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * printer.lines().size()));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * sums.size()));
}

void print_exact(benchmark::State& state) {
  ExactSum sum;
  sum.add_digits(true, "123456789012345678901234567890123456789012345678901234567890");
  LinePrinter printer;
  for (auto _ : state) {
    std::string digits;
    sum.print(digits);
    printer.begin(1'000'000);
    printer.print(digits);
    benchmark::DoNotOptimize(printer.lines().data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

/// Sends and receives the reference to a batch, as p1_read does with workers: once for each batch.
void encode_batch(benchmark::State& state) {
  const Batch batch{{1 << 20, (1 << 20) + 250'000}, 250'000, 0, 10'000, 1250};
  for (auto _ : state) benchmark::DoNotOptimize(batch_frame_shared(batch));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

void decode_batch(benchmark::State& state) {
  const Batch batch{{1 << 20, (1 << 20) + 250'000}, 250'000, 0, 10'000, 1250};
  const std::string frame = batch_frame_shared(batch);
  for (auto _ : state) benchmark::DoNotOptimize(decode_header(frame));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

/// Rejects are the only values that cereal encodes in the main loop. Items are rejects.
std::vector<Reject> some_rejects() {
  return std::vector<Reject>(100, {17, 3, 4711, 1234, "abc", "1,2,abc,4\n"});
}

void encode_rejects(benchmark::State& state) {
  const auto rejects = some_rejects();
  for (auto _ : state) benchmark::DoNotOptimize(encode(rejects));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * rejects.size()));
}

void decode_rejects(benchmark::State& state) {
  const auto rejects = some_rejects();
  const std::string bytes = encode(rejects);
  for (auto _ : state) benchmark::DoNotOptimize(rowsum::decode_rejects(bytes));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * rejects.size()));
}

void add_benchmarks() {
  const auto add = [](const std::string& name, auto function) {
    benchmark::RegisterBenchmark(name.c_str(), function);
  };
  for (const Shape& shape : shapes) {
    const std::string name = shape.name;
    add("cut/" + name, [&shape](benchmark::State& state) { cut(state, shape); });
    add("sum/" + name, [&shape](benchmark::State& state) { sum(state, shape); });
    for (const char* const list : {"1", "2-", "1,3,5"}) {
      add("filter/" + name + "/" + list,
          [&shape, list](benchmark::State& state) { filter(state, shape, list, false); });
      add("filter_and_sum/" + name + "/" + list,
          [&shape, list](benchmark::State& state) { filter(state, shape, list, true); });
    }
  }
  add("print/3_digits", [](benchmark::State& state) { print(state, 100, 999); });
  add("print/1_to_19_digits", [](benchmark::State& state) { print(state, INT64_MIN, INT64_MAX); });
  add("print/60_digits", print_exact);
  add("encode/batch", encode_batch);
  add("decode/batch", decode_batch);
  add("encode/rejects", encode_rejects);
  add("decode/rejects", decode_rejects);
}

}  // namespace
}  // namespace rowsum

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  rowsum::add_benchmarks();
  benchmark::RunSpecifiedBenchmarks();
}
