#include "tests/kernel_session/fixture.hpp"

#include <bpf/bpf.h>
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>

extern "C" void session_hit(int64_t number, const char* word) {
  asm volatile("" : : "r"(number), "r"(word) : "memory");
}
extern "C" void session_other(int64_t number) { asm volatile("" : : "r"(number) : "memory"); }

extern "C" int64_t session_triple(int64_t number) {
  asm volatile("" : "+r"(number) : : "memory");
  return 3 * number;
}

// Counted up by the kernel while a probe looks.
extern "C" {
__extension__ unsigned short session_mark_semaphore __attribute__((used, section(".probes")));
}
extern "C" bool session_mark(int32_t number, const char* word) {
  STAP_PROBE2(session, mark, number, word);
  return *const_cast<volatile unsigned short*>(&session_mark_semaphore) != 0;
}

namespace session_test {

std::string show(const bytecode::Error& error) {
  std::string text = error.message + "\n";
  for (const bytecode::Label& label : error.labels) text += "  label: " + label.text + "\n";
  text += "  hint: " + error.hint + "\n  detail: " + error.detail + "\n";
  for (const bytecode::Error& more : error.more) text += show(more);
  return text;
}

std::string self_path() {
  std::array<char, 4096> path = {};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  return {path.data(), length > 0 ? static_cast<size_t>(length) : 0};
}

uint32_t self_pid() { return static_cast<uint32_t>(getpid()); }

bool has_kprobes() { return access("/sys/bus/event_source/devices/kprobe/type", F_OK) == 0; }

int64_t value_at(const Value& table, const Value& key) {
  for (const Value& row : *table.get_if<bytecode::List>()) {
    const Record& record = *row.get_if<Record>();
    if (record.front().second == key) return *record.back().second.get_if<int64_t>();
  }
  return -1;
}

void in_child(const std::function<void(pid_t)>& ready, const std::function<void()>& work) {
  std::array<int, 2> go = {};
  if (pipe(go.data()) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child == 0) {
    close(go[1]);
    char byte = 0;
    if (read(go[0], &byte, 1) == 1) work();
    _exit(0);
  }
  close(go[0]);
  ready(child);
  [[maybe_unused]] const ssize_t n = write(go[1], "g", 1);
  close(go[1]);
  waitpid(child, nullptr, 0);
}

Held held() {
  Held ids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream file(entry.path());
    for (std::string word; file >> word;) {
      uint32_t id = 0;
      if (word == "prog_id:" && file >> id) ids.programs.insert(id);
      if (word == "map_id:" && file >> id) ids.maps.insert(id);
      if (word == "link_id:" && file >> id) ids.links.insert(id);
    }
  }
  return ids;
}

namespace {

std::set<uint32_t> openable(const std::set<uint32_t>& ids, int (*open)(uint32_t)) {
  std::set<uint32_t> found;
  for (uint32_t id : ids) {
    const int fd = open(id);
    if (fd < 0) continue;
    close(fd);
    found.insert(id);
  }
  return found;
}

}  // namespace

Held alive(const Held& ids) {
  return {openable(ids.programs, bpf_prog_get_fd_by_id), openable(ids.maps, bpf_map_get_fd_by_id),
          openable(ids.links, bpf_link_get_fd_by_id)};
}

void SessionTest::SetUp() {
  if (geteuid() != 0) GTEST_SKIP() << "tracing needs root";
}

host::Target SessionTest::uprobe(std::string_view function) {
  return must(session_.resolve(host::Kind::uprobe, self_path(), function));
}

host::Target SessionTest::tracepoint(std::string_view name) {
  return must(session_.resolve(host::Kind::tracepoint, name));
}

Program SessionTest::compile(const host::Target& target, std::string_view text) {
  return must(bytecode::compile(text, target.schema, {}));
}

host::ProbeInfo SessionTest::attach(const host::Target& target, std::string_view text,
                                    host::AttachOptions options) {
  return must(session_.attach(target, compile(target, text), options));
}

host::ProbeInfo SessionTest::attach_all(host::Session& session, const host::Request& request,
                                        std::string_view text, host::AttachOptions options) {
  host::Resolution found = must(session.resolve(request));
  std::vector<host::Member> members;
  for (host::Target& target : found.targets) {
    std::shared_ptr<const Program> program;
    for (const host::Member& known : members)
      if (known.target.schema.same_layout(target.schema)) program = known.program;
    if (!program)
      program = std::make_shared<const Program>(must(bytecode::compile(text, target.schema, {})));
    members.push_back({std::move(target), std::move(program)});
  }
  return must(session.attach(std::move(members), options));
}

std::vector<host::Row> SessionTest::drain() {
  std::vector<host::Row> rows;
  session_.drain([&](host::Row&& row) { rows.push_back(std::move(row)); });
  return rows;
}

std::vector<Value> SessionTest::values() {
  std::vector<Value> values;
  for (host::Row& row : drain()) values.push_back(std::move(row.value));
  return values;
}

}  // namespace session_test
