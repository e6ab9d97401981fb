// SPDX-License-Identifier: MIT
// The hello with which every stream that p1_read writes begins.
#pragma once

#include "p1_read/batcher.h"
#include "p1_read/inputs.h"

namespace rowsum {

inline Hello first_hello(const Inputs& inputs, const Identity& identity,
                         const BatcherOptions& options) {
  Hello hello;
  hello.dialect = options.dialect;
  hello.header = options.header;
  hello.fields = options.fields;
  hello.identity = identity;
  hello.inputs = inputs.names();
  hello.begin = inputs.begin();
  hello.end = inputs.end();
  hello.largest_text = options.largest_text();
  return hello;
}

}  // namespace rowsum
