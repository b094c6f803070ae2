// Many places by few links. The kernel refuses a whole set for one place that cannot be probed:
// sets are halved until the place is found.
#pragma once

#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "host/target.hpp"

namespace host {

// How to link a set, and how to link one place by itself.
struct Linking {
  std::function<Result<Attachment>(std::span<const AttachPlace>)> together;
  std::function<Result<Attachment>(const AttachPlace&)> alone;
  // Whether this kernel links sets at all; asked when it refuses the first.
  std::function<bool()> can;
  const char* feature = "";  // what to call it where it is missing: "kprobe.multi"
  // How large a set may be at most. A refused one is undone place by place, which takes long.
  size_t at_most = std::numeric_limits<size_t>::max();
};

// Links all places. One that cannot be probed is an Error if it was named, and is left out with a
// note if a glob meant it among others. What the machine has no more of is an Error in any case.
Result<Attached> attach_together(const Machine& machine, const std::vector<AttachPlace>& places,
                                 const Linking& linking);

}  // namespace host
