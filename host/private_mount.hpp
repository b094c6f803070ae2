// A file system of the kernel's that nobody has mounted.
#pragma once

#include "host/fd.hpp"

namespace host {

// Its root ("tracefs", "debugfs"), mounted for this descriptor alone: it appears in no namespace
// and is gone with the last descriptor. Without a descriptor where that is not allowed.
Fd private_mount(const char* type);

}  // namespace host
