// How a trace goes on once its probes, one or a group, are attached.
//
//   --stream                the closures' values, until the reader or the probes end
//   --for 5sec              wait, detach, answer with the closures' maps
//   --run {^make}           run that, detach, answer with the closures' maps
//
// Without a map the last two answer with the closures' values, as a stream.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "plugin/commands/flags.hpp"

namespace plugin {

class Course {
 public:
  // Before the probes are attached: maps that nobody writes by now are theirs, and begin empty.
  Course(CallPtr call, Tracing& tracing, const AttachFlags& flags, bool has_maps);

  // Whether the trace ends by itself; else the answer is for the caller to give.
  bool ends() const { return flags_.stream || flags_.time || flags_.run; }
  // To the end, if it has an end here.
  Task<Answer> run(std::vector<host::ProbeId> probes);

 private:
  Answer stream(const std::vector<host::ProbeId>& probes);
  Task<Answer> counts(std::vector<host::ProbeId> probes);
  std::vector<std::string> results(const std::vector<host::ProbeId>& probes) const;

  CallPtr call_;
  Tracing& tracing_;
  const AttachFlags& flags_;
  bool has_maps_;
  std::set<std::string> idle_;
};

}  // namespace plugin
