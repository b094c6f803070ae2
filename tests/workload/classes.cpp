// As frames.c, of C++: methods, templates, lambdas and nameless namespaces.
#include <cstdio>

extern "C" [[gnu::noipa]] int mark(const char* name, int line) {
  return std::printf("call %p %s %d\n", __builtin_return_address(0), name, line);
}

namespace town {

struct House {
  [[gnu::noipa]] int enter(int doors) const {
    const int written = mark("town::House::enter", __LINE__);
    return written + doors;
  }
};

template <typename T>
[[gnu::noipa]] T twice(T value) {
  const int written = mark("town::twice<int>", __LINE__);
  return value + static_cast<T>(written);
}

namespace {
[[gnu::noipa]] int hidden(int number) {
  const int written = mark("town::(anonymous namespace)::hidden", __LINE__);
  return written + number;
}
}  // namespace

}  // namespace town

int main() {
  int sum = town::House().enter(1) + town::twice(2) + town::hidden(3);
  const auto lambda = [&](int number) __attribute__((noipa)) {
    const int written = mark("main::{lambda(int)#1}::operator()", __LINE__);
    return written + number;
  };
  sum += lambda(4);
  std::printf("ready\n");
  std::fflush(stdout);
  return std::getchar() == sum ? 1 : 0;
}
