// The functions of the running kernel that probes can go to, by name.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "host/kallsyms.hpp"
#include "host/tracefs.hpp"

namespace host {

// Where the list comes from: what the function tracer can trace (`tracefs` may be null), else the
// symbols of `kallsyms`, from which sections that the kernel keeps from probes are left out.
// Nothing that the kernel's own list forbids, no part that a compiler split off (`.cold`), no name
// twice. Until `sink` returns false.
void each_probeable_function(const Tracefs* tracefs, const Kallsyms& kallsyms,
                             const std::function<bool(const KernelFunction&)>& sink);

// A line of available_filter_functions: "vfs_read", "nf_nat_init [nf_nat]". Pure.
std::optional<KernelFunction> parse_filter_line(std::string_view line);

// Leaves out of a walk through kallsyms, in the order of addresses, what lies in sections of code
// without probes, and symbols that are no functions of anybody's. Pure.
class SectionFilter {
 public:
  bool takes(std::string_view name);

 private:
  std::string_view until_;  // the mark that ends the section we are in
};

// Whether the name is that of code which a compiler or the kernel's build made beside a function.
bool is_made_symbol(std::string_view name);

}  // namespace host
