// How a process knows that it is a worker of p1_read.
#pragma once

namespace rowsum {

/// The variable in the environment of a worker, and of all that it starts, that tells which one it
/// is: "PLACE.LIFE". Both are counted from 0; a place has one life after another.
constexpr const char* worker_variable = "ROWSUM_WORKER";

}  // namespace rowsum
