// How the host words what the kernel or the machine refused: the operation, what errno says, and
// what the user can do about it.
#pragma once

#include <string>
#include <string_view>

#include "bytecode/result.hpp"

namespace host {

// `operation` reads after "cannot": "attach to sched:sched_switch". `error` is an errno, positive.
// EPERM and EACCES get the hint that names the missing capability; `log` goes into the detail.
bytecode::Error refusal(std::string_view operation, int error, std::string_view log = {});

// Whether a refusal() would meet every further attempt as well: no descriptors, no memory, no
// right.
bool is_of_the_machine(const bytecode::Error& refused);

// A target that is not there, or that this kernel cannot take.
bytecode::Error no_target(std::string message, std::string hint);

// Which of the capabilities that tracing needs this process lacks: "CAP_BPF and CAP_PERFMON";
// empty where it has them all.
std::string missing_capabilities();

}  // namespace host
