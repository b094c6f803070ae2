// Events that the kernel counts and samples: what perf and interval probes have in common.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/target.hpp"

namespace host {

// Perf's own events by the names that perf gives them, and their numbers.
struct PerfName {
  std::string_view name;
  uint32_t type;
  uint64_t config;
  // Between two hits where nobody asks: 0 means that it is a clock, sampled so many times a second.
  uint64_t period;
};
const std::vector<PerfName>& perf_names();

// What a sample's context holds: the registers, and with BTF's help its address and period.
void describe_sample(Machine& machine, bytecode::Schema& schema);

// The processors that are online.
std::vector<uint32_t> online_cpus();
// "0-3,5", as sysfs writes it. Pure.
std::vector<uint32_t> parse_cpus(std::string_view text);

// The event of one target on each of the processors, the program linked to it.
Result<Attached> attach_samples(Attaching& attaching, const std::vector<AttachPlace>& places,
                                const std::vector<uint32_t>& cpus);

}  // namespace host
