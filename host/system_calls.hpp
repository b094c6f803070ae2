// Many system calls in one request: one program for all of them.
#pragma once

#include <vector>

#include "host/session.hpp"
#include "host/target.hpp"

namespace host {

// Turns the targets that are tracepoints of system calls into places of sys_enter and sys_exit,
// where there are more of them than a few; the same fields, a note that says so. A call whose
// number nobody here knows keeps its tracepoint.
void dispatch_syscalls(Machine& machine, std::vector<Target>& targets);

}  // namespace host
