// The session, driven line by line by the benchmark: what it costs without Nushell. Each line of
// the standard input is a command with fields between tabs, each line of the standard output its
// answer: numbers, times in nanoseconds; or `error` and a sentence.
//
//   stats                     the kernel measures BPF programs until this process ends
//   attach TARGET CLOSURE     id, time of resolve, of compile, of attach
//   attach-all KIND TARGET SYMBOL CLOSURE   one probe on all that the words mean (SYMBOL may be
//                             empty): how many, time of resolve, of compile, of attach
//   detach ID                 time of the call
//   detach-all                ends the session: time until the kernel has let go of everything
//   swap ID CLOSURE           time of the swap alone; the closure is compiled before
//   info ID                   hits, rows, lost, delivered; KIND:COUNT of each fault
//   bare-attach TARGET        time of libbpf's call alone, with the interpreter as the program
//   bare-detach               time of libbpf's call that undoes it
//
// Rows are drained and dropped all the while.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bytecode/compile.hpp"
#include "host/session.hpp"
#include "vm.skel.h"

namespace {

using Fields = std::vector<std::string>;
using Clock = std::chrono::steady_clock;

int64_t nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

template <typename T>
T must(bytecode::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message + " " + result.error().detail);
  return std::move(result).value();
}

struct SkeletonDeleter {
  void operator()(vm* object) const { vm__destroy(object); }
};

class Bench {
 public:
  std::string answer(const Fields& fields) {
    const auto& command = fields.at(0);
    if (command == "stats") return stats();
    if (command == "attach") return attach(fields.at(1), fields.at(2));
    if (command == "attach-all")
      return attach_all(fields.at(1), fields.at(2), fields.at(3), fields.at(4));
    if (command == "detach") return detach(number(fields.at(1)));
    if (command == "detach-all") return detach_all();
    if (command == "swap") return swap(number(fields.at(1)), fields.at(2));
    if (command == "info") return info(number(fields.at(1)));
    if (command == "bare-attach") return bare_attach(fields.at(1));
    if (command == "bare-detach") return bare_detach();
    throw std::runtime_error("unknown command " + command);
  }

  std::vector<int> ring_fds() const { return session_->ring_fds(); }
  size_t drain() {
    return session_->drain([](host::Row&&) {});
  }

 private:
  static host::ProbeId number(const std::string& text) {
    return static_cast<host::ProbeId>(std::stoul(text));
  }

  std::string stats() {
    // Not closed: the kernel measures as long as the descriptor is open.
    if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
      throw std::runtime_error("the kernel does not measure BPF programs");
    return "0";
  }

  std::string attach(const std::string& name, const std::string& closure) {
    const auto start = Clock::now();
    const host::Target target = must(session_->resolve(host::Kind::tracepoint, name));
    const int64_t resolved = nanoseconds_since(start);
    bytecode::Program program = must(bytecode::compile(closure, target.schema, {}));
    const int64_t compiled = nanoseconds_since(start);
    const host::ProbeInfo probe = must(session_->attach(target, std::move(program), {}));
    const int64_t attached = nanoseconds_since(start);
    return std::to_string(probe.id) + " " + std::to_string(resolved) + " " +
           std::to_string(compiled - resolved) + " " + std::to_string(attached - compiled);
  }

  // One probe on all that the words mean: how many targets, and the time to resolve, compile and
  // attach.
  std::string attach_all(const std::string& kind, const std::string& target,
                         const std::string& symbol, const std::string& closure) {
    host::Request request;
    request.kind = host::find_kind(kind).value();
    request.targets = {target};
    if (!symbol.empty()) request.symbols = {symbol};
    const auto start = Clock::now();
    host::Resolution found = must(session_->resolve(request));
    const int64_t resolved = nanoseconds_since(start);
    std::vector<host::Member> members;
    for (host::Target& each : found.targets) {
      std::shared_ptr<const bytecode::Program> program;
      for (const host::Member& known : members) {
        if (!known.target.schema.same_layout(each.schema)) continue;
        program = known.program;
        break;
      }
      if (!program)
        program = std::make_shared<const bytecode::Program>(
            must(bytecode::compile(closure, each.schema, {})));
      members.push_back({std::move(each), std::move(program)});
    }
    const int64_t compiled = nanoseconds_since(start);
    const host::ProbeInfo probe = must(session_->attach(std::move(members), {}));
    const int64_t attached = nanoseconds_since(start);
    return std::to_string(probe.targets) + " " + std::to_string(resolved) + " " +
           std::to_string(compiled - resolved) + " " + std::to_string(attached - compiled);
  }

  std::string detach(host::ProbeId id) {
    const auto start = Clock::now();
    must(session_->detach(id));
    return std::to_string(nanoseconds_since(start));
  }

  std::string detach_all() {
    const auto start = Clock::now();
    session_.reset();
    const int64_t time = nanoseconds_since(start);
    session_ = make_session();
    return std::to_string(time);
  }

  std::string swap(host::ProbeId id, const std::string& closure) {
    const std::vector<host::Target>* targets = session_->targets_of(id);
    if (targets == nullptr) throw std::runtime_error("no such probe");
    bytecode::Program program = must(bytecode::compile(closure, targets->front().schema, {}));
    const auto start = Clock::now();
    must(session_->swap(id, std::move(program)));
    return std::to_string(nanoseconds_since(start));
  }

  std::string info(host::ProbeId id) const {
    const auto probe = session_->info(id);
    if (!probe) throw std::runtime_error("no such probe");
    std::string faults;
    for (const host::FaultCount& fault : probe->faults)
      faults += " " + fault.kind + ":" + std::to_string(fault.count);
    return std::to_string(probe->hits) + " " + std::to_string(probe->rows) + " " +
           std::to_string(probe->lost) + " " + std::to_string(probe->delivered) + faults;
  }

  std::string bare_attach(const std::string& name) {
    if (!bare_) {
      bare_.reset(vm__open());
      if (!bare_) throw std::runtime_error("libbpf does not open the interpreter");
      bpf_program* program = nullptr;
      bpf_object__for_each_program(program, bare_->obj) {
        bpf_program__set_autoload(program, program == bare_->progs.vm_tracepoint);
      }
      if (vm__load(bare_.get()) != 0) throw std::runtime_error("libbpf does not load it");
    }
    const size_t colon = name.find(':');
    LIBBPF_OPTS(bpf_tracepoint_opts, options, .bpf_cookie = 1);
    const auto start = Clock::now();
    bpf_link* link = bpf_program__attach_tracepoint_opts(bare_->progs.vm_tracepoint,
                                                         name.substr(0, colon).c_str(),
                                                         name.substr(colon + 1).c_str(), &options);
    const int64_t time = nanoseconds_since(start);
    if (link == nullptr) throw std::runtime_error("libbpf does not attach to " + name);
    bare_links_.push_back(link);
    return std::to_string(time);
  }

  std::string bare_detach() {
    if (bare_links_.empty()) throw std::runtime_error("nothing is attached");
    bpf_link* link = bare_links_.back();
    bare_links_.pop_back();
    const auto start = Clock::now();
    bpf_link__destroy(link);
    return std::to_string(nanoseconds_since(start));
  }

  static std::unique_ptr<host::Session> make_session() {
    return std::make_unique<host::Session>(host::SessionOptions{});
  }

  std::unique_ptr<host::Session> session_ = make_session();
  std::unique_ptr<vm, SkeletonDeleter> bare_;
  std::vector<bpf_link*> bare_links_;
};

Fields split(const std::string& line) {
  Fields fields{""};
  for (const char letter : line) {
    if (letter == '\t')
      fields.emplace_back();
    else
      fields.back() += letter;
  }
  return fields;
}

void serve(Bench& bench, const std::string& line) {
  std::string answer;
  try {
    answer = bench.answer(split(line));
  } catch (const std::exception& failure) {
    answer = std::string("error ") + failure.what();
  }
  std::puts(answer.c_str());
  std::fflush(stdout);
}

}  // namespace

int main() {
  // As the plugin does: under a flood nap for a millisecond, so that the ring buffer does not wake
  // this process for each row.
  constexpr size_t flood_rows = 32;
  constexpr int nap_ms = 1;
  Bench bench;
  std::string input;
  bool napping = false;
  while (true) {
    std::vector<pollfd> fds{{STDIN_FILENO, POLLIN, 0}};
    if (!napping)
      for (const int fd : bench.ring_fds()) fds.push_back({fd, POLLIN, 0});
    poll(fds.data(), fds.size(), napping ? nap_ms : -1);
    napping = bench.drain() > flood_rows;
    if (fds[0].revents == 0) continue;
    char bytes[4096];
    const ssize_t length = read(STDIN_FILENO, bytes, sizeof bytes);
    if (length <= 0) return 0;
    input.append(bytes, static_cast<size_t>(length));
    for (size_t end = input.find('\n'); end != std::string::npos; end = input.find('\n')) {
      const std::string line = input.substr(0, end);
      input.erase(0, end + 1);
      serve(bench, line);
    }
  }
}
