#include "tests/workload/frames_run.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

namespace workload {

std::string program(const std::string& name) { return std::string(WORKLOAD_FOLDER) + "/" + name; }

FramesRun::FramesRun(const std::vector<std::string>& command, const std::string& root) {
  int in[2] = {}, out[2] = {};
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) return;
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    if (!root.empty() && (chroot(root.c_str()) != 0 || chdir("/") != 0)) _exit(1);
    execv(words[0], words.data());
    _exit(1);
  }
  close(in[0]);
  close(out[1]);
  in_ = in[1];
  out_ = out[0];
  read_marks();
}

void FramesRun::read_marks() {
  marks_.clear();
  std::string line;
  char letter = 0;
  while (read(out_, &letter, 1) == 1) {
    if (letter != '\n') {
      line += letter;
      continue;
    }
    if (line == "ready") return;
    std::istringstream words(line);
    FramesMark mark;
    std::string address;
    words >> mark.kind >> address;
    mark.address = std::strtoull(address.c_str(), nullptr, 16);
    if (mark.kind == "call") {
      // A name of C++ may have spaces in it; the line is the last word.
      std::string rest = line.substr(mark.kind.size() + address.size() + 2);
      const size_t space = rest.rfind(' ');
      mark.name = rest.substr(0, space);
      mark.line = std::atoi(rest.c_str() + space);
    } else {
      words >> mark.name >> mark.line >> mark.by >> mark.by_line;
    }
    marks_.push_back(mark);
    line.clear();
  }
}

FramesMark FramesRun::mark(const std::string& kind) const {
  for (const FramesMark& mark : marks_)
    if (mark.kind == kind) return mark;
  return {};
}

void FramesRun::go_on() {
  if (write(in_, "\n", 1) == 1) read_marks();
}

void FramesRun::end() {
  if (pid_ <= 0) return;
  close(in_);
  close(out_);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace workload
