// The user's words for places in programs and libraries, as targets: functions (uprobe, uretprobe)
// and marked places (usdt), with what their debug information or notes say of them.
#pragma once

#include <string_view>
#include <vector>

#include "host/session.hpp"

namespace host {

// Every function that `symbol` means in the file: a name, plain or demangled, NAME+0x4, an address,
// or a glob. Of kind uprobe or uretprobe; what a return probe cannot be is an Error. Without
// `symbol` the first word holds both, "FILE:SYMBOL". One target at least, each place once. A place
// where no symbol begins and no line table has a statement is refused unless `is_unsafe`.
Result<std::vector<Target>> uprobe_targets(Kind kind, std::string_view file,
                                           std::string_view symbol, bool is_unsafe = false);

// Every place of the probes that "PROVIDER:NAME", or NAME of any provider, means; either may be a
// glob. Without `probe` the first word holds all, "FILE:PROVIDER:NAME".
Result<std::vector<Target>> usdt_targets(std::string_view file, std::string_view probe);

}  // namespace host
