// Control groups of the one hierarchy that BPF knows (version 2).
#pragma once

#include <cstdint>
#include <string>

#include "bytecode/result.hpp"
#include "host/fd.hpp"

namespace host {

// The hierarchy's root, where it is mounted; a mount of our own that no path leads to where it is
// not. No descriptor where neither can be had.
Fd open_cgroups();
// The path of a group below that root, "/" for the root itself; empty where there is no such group.
std::string cgroup_path(const Fd& root, uint64_t id);
// A group by its folder, or by its path below the root ("/system.slice"). An Error where that is
// none.
bytecode::Result<Fd> open_cgroup(const std::string& path);

}  // namespace host
