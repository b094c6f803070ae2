// Pieces that several commands answer with, and the words that name a probe or a map.
#pragma once

#include <string>
#include <vector>

#include "plugin/commands/commands.hpp"
#include "plugin/commands/flags.hpp"

namespace plugin {

// {id kind target name note}: what attach commands answer with and the others take.
bytecode::Record probe_record(const host::ProbeInfo& probe);

struct MapWords {
  bool clear = false;      // empty it in the same moment
  bool addresses = false;  // stacks as numbers
};
// One map: its table, as a stream where it is long, or its number. Several: a record of them by
// name. None: null. Stacks get their names, which may take a while; histograms a column of bars
// that fits the terminal.
Task<Answer> map_values(CallPtr call, Tracing& tracing, std::vector<std::string> names, Span blame,
                        MapWords words = {});

struct ProbeRef {
  host::ProbeId id = 0;
  Span span;
};

// The probes that an argument or a piped value means: an id, a probe's record, its name, or a list
// of these. `live` refuses what has ended.
Outcome<std::vector<ProbeRef>> probe_refs(const Node& value, Tracing& tracing, bool live);

// The probes named by the positional arguments, or where there are none by the pipe.
Task<Outcome<std::vector<ProbeRef>>> probe_arguments(CallPtr call, Tracing& tracing, bool live);
// Whether a piped value is a probe's record, or a list of them. A command that needs no input gets
// some all the same where it stands first in a block: `[1 2] | each {|n| bpf-stream | ... }`.
bool is_probe_record(const Node& value);

// Map names by an argument or the pipe: a map's name, or a probe whose maps are meant.
struct MapRefs {
  std::vector<std::string> names;
  Span span;
};
Task<Outcome<MapRefs>> map_argument(CallPtr call, Tracing& tracing);
// Does `change` to each of them; stops at the first that is refused.
Task<Answer> change_maps(CallPtr call, Tracing& tracing,
                         host::Status (host::Session::*change)(std::string_view));

}  // namespace plugin
