// Attaching to places of files: what uprobes, uretprobes and USDT probes have in common.
#pragma once

#include <vector>

#include "host/target.hpp"

namespace host {

// Several places of one file by one link where the kernel can (uprobe.multi), each by its own else.
Result<Attached> attach_user_places(Attaching& attaching, const std::vector<AttachPlace>& places,
                                    bool is_return);

}  // namespace host
