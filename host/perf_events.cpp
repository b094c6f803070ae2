#include "host/perf_events.hpp"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>

#include "host/describe.hpp"
#include "host/refusal.hpp"

namespace host {

namespace {

constexpr uint32_t word_bytes = 8;
// The context of a perf_event program as memory has it (struct bpf_perf_event_data_kern): the
// address of the registers, then that of the sample.
constexpr uint32_t sample_word = word_bytes;

// Of struct perf_sample_data.
void add_member(const Btf& types, bytecode::Schema& schema, const char* name) {
  const bytecode::TypeId sample = types.find("struct perf_sample_data");
  const auto member = sample != 0 ? types.member(sample, name) : std::nullopt;
  if (!member) return;
  bytecode::Field field = typed_field(types, name, member->type, sample_word);
  field.deref = {static_cast<int32_t>(member->bit_offset / 8)};
  schema.args.push_back(std::move(field));
}

bytecode::Error refused(const Target& target, uint32_t cpu, int error) {
  bytecode::Error wrong =
      refusal("sample " + target.text + " on processor " + std::to_string(cpu), error);
  if (error == ENOENT || error == EOPNOTSUPP)
    wrong.hint = target.sample.type == PERF_TYPE_HARDWARE
                     ? "this machine counts no such event, as virtual machines often do not; "
                       "cpu-clock and task-clock work everywhere"
                     : "this kernel does not have that event";
  else if (error == ENODEV || error == EINVAL)
    wrong.hint = "is that processor online?";
  return wrong;
}

}  // namespace

const std::vector<PerfName>& perf_names() {
  constexpr uint32_t software = PERF_TYPE_SOFTWARE, hardware = PERF_TYPE_HARDWARE;
  constexpr uint64_t often = 1'000'000, rare = 1'000;
  static const std::vector<PerfName> names = {
      {"cpu-clock", software, PERF_COUNT_SW_CPU_CLOCK, 0},
      {"task-clock", software, PERF_COUNT_SW_TASK_CLOCK, 0},
      {"page-faults", software, PERF_COUNT_SW_PAGE_FAULTS, 1},
      {"faults", software, PERF_COUNT_SW_PAGE_FAULTS, 1},
      {"minor-faults", software, PERF_COUNT_SW_PAGE_FAULTS_MIN, 1},
      {"major-faults", software, PERF_COUNT_SW_PAGE_FAULTS_MAJ, 1},
      {"context-switches", software, PERF_COUNT_SW_CONTEXT_SWITCHES, 1},
      {"cs", software, PERF_COUNT_SW_CONTEXT_SWITCHES, 1},
      {"cpu-migrations", software, PERF_COUNT_SW_CPU_MIGRATIONS, 1},
      {"migrations", software, PERF_COUNT_SW_CPU_MIGRATIONS, 1},
      {"alignment-faults", software, PERF_COUNT_SW_ALIGNMENT_FAULTS, 1},
      {"emulation-faults", software, PERF_COUNT_SW_EMULATION_FAULTS, 1},
      {"cpu-cycles", hardware, PERF_COUNT_HW_CPU_CYCLES, often},
      {"cycles", hardware, PERF_COUNT_HW_CPU_CYCLES, often},
      {"instructions", hardware, PERF_COUNT_HW_INSTRUCTIONS, often},
      {"cache-references", hardware, PERF_COUNT_HW_CACHE_REFERENCES, often},
      {"cache-misses", hardware, PERF_COUNT_HW_CACHE_MISSES, rare},
      {"branch-instructions", hardware, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, often},
      {"branches", hardware, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, often},
      {"branch-misses", hardware, PERF_COUNT_HW_BRANCH_MISSES, rare},
      {"bus-cycles", hardware, PERF_COUNT_HW_BUS_CYCLES, often},
      {"stalled-cycles-frontend", hardware, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, often},
      {"stalled-cycles-backend", hardware, PERF_COUNT_HW_STALLED_CYCLES_BACKEND, often},
      {"ref-cycles", hardware, PERF_COUNT_HW_REF_CPU_CYCLES, often},
  };
  return names;
}

void describe_sample(Machine& machine, bytecode::Schema& schema) {
  schema.regs = named_registers_behind(0);
  describe_task(machine, schema);
  const auto types = machine.btf();
  if (!types) return;
  add_member(**types, schema, "addr");
  add_member(**types, schema, "period");
}

std::vector<uint32_t> parse_cpus(std::string_view text) {
  std::vector<uint32_t> cpus;
  const auto number = [&text]() -> std::optional<uint32_t> {
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return value;
  };
  while (const auto first = number()) {
    uint32_t last = *first;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      last = number().value_or(last);
    }
    for (uint32_t cpu = *first; cpu <= last; ++cpu) cpus.push_back(cpu);
    if (!text.starts_with(',')) break;
    text.remove_prefix(1);
  }
  return cpus;
}

std::vector<uint32_t> online_cpus() {
  std::ifstream file("/sys/devices/system/cpu/online");
  std::string text;
  std::getline(file, text);
  std::vector<uint32_t> cpus = parse_cpus(text);
  if (cpus.empty())
    for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); ++cpu)
      cpus.push_back(static_cast<uint32_t>(cpu));
  return cpus;
}

Result<Attached> attach_samples(Attaching& attaching, const std::vector<AttachPlace>& places,
                                const std::vector<uint32_t>& cpus) {
  Result<const bpf_program*> program = attaching.programs.shared("vm_perf_event");
  if (!program) return std::move(program).error();
  Attached attached;
  for (const AttachPlace& place : places) {
    const Target& target = *place.target;
    perf_event_attr attributes = {};
    attributes.size = sizeof attributes;
    attributes.type = target.sample.type;
    attributes.config = target.sample.config;
    attributes.freq = target.sample.is_frequency ? 1 : 0;
    attributes.sample_period = target.sample.period;
    for (const uint32_t cpu : cpus) {
      Fd event(static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, static_cast<int>(cpu),
                                        -1, PERF_FLAG_FD_CLOEXEC)));
      if (!event) return refused(target, cpu, errno);
      Result<Link> link = link_perf_event(std::move(event), *program, place.cookie, target.text);
      if (!link) return std::move(link).error();
      attached.attachments.push_back({std::move(link).value(), *program});
    }
  }
  return attached;
}

}  // namespace host
