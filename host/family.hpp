// The processes that a probe follows (--follow): those that were named, and all that they start.
// The kernel keeps the list, from the fork on; here it is begun and ended.
#pragma once

#include <cstdint>
#include <vector>

#include "host/target.hpp"

namespace host {

// Begins the family `id` of the processes `pids`, whose own hits count unless only their children's
// do. It is followed for as long as the attachments are kept.
Result<std::vector<Attachment>> begin_family(Machine& machine, Programs& programs,
                                             const Loader& loader, uint32_t id,
                                             const AttachOptions& options);
// Forgets its members.
void end_family(const Loader& loader, uint32_t id);

}  // namespace host
