// One of the programs that print places in their own code, started by a test.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace workload {

struct FramesMark {
  std::string kind;  // "entry", "call", "inlined"
  uint64_t address = 0;
  std::string name;
  int line = 0;
  std::string by;  // of one that was inlined: in which function, and from which line of it
  int by_line = 0;
};

// "/.../tests/workload/NAME" of this build.
std::string program(const std::string& name);

class FramesRun {
 public:
  // Starts `command`, in `root` where that is given, and reads what it prints until it is ready.
  explicit FramesRun(const std::vector<std::string>& command, const std::string& root = {});
  FramesRun(const FramesRun&) = delete;
  FramesRun& operator=(const FramesRun&) = delete;
  ~FramesRun() { end(); }

  pid_t pid() const { return pid_; }
  const std::vector<FramesMark>& marks() const { return marks_; }
  // The first of that kind.
  FramesMark mark(const std::string& kind) const;
  // Gives it a line to read, then reads again until it is ready.
  void go_on();
  // Ends its input, and waits until it has ended.
  void end();

 private:
  void read_marks();

  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
  std::vector<FramesMark> marks_;
};

}  // namespace workload
