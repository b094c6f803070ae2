// System calls whose text is not there yet when they begin: a process has not touched it itself. A
// closure that reads such text waits in the kernel until the call ends and runs then, over the
// context of its beginning (vm_bpf/park.bpf.h). For that the call's end needs a link, too.
#pragma once

#include <set>
#include <vector>

#include "bytecode/program.hpp"
#include "host/loader.hpp"
#include "host/target.hpp"

namespace host {

// Whether a closure reads text or bytes of the traced process.
bool reads_text(const bytecode::Program& program);

// Links the ends of the places' system calls. All targets have a `call_end`.
Result<std::vector<Attachment>> link_call_ends(Attaching& attaching,
                                               const std::vector<AttachPlace>& places);

// Forgets the runs that still wait in these slots; how many. Nothing parks there any more.
size_t forget_parked(const Loader& loader, const std::set<uint32_t>& slots);

}  // namespace host
