// Random choices that are the same on every machine: the standard's mt19937_64, and no standard
// distribution, whose results each library may choose for itself.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <random>

namespace fuzz {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t next() { return engine_(); }
  size_t below(size_t n) { return engine_() % n; }
  // True `times` times out of `of`.
  bool chance(size_t times, size_t of) { return below(of) < times; }

  template <typename List>
  const auto& pick(const List& list) {
    return *std::next(std::begin(list), static_cast<std::ptrdiff_t>(below(std::size(list))));
  }
  template <typename T>
  T one_of(std::initializer_list<T> list) {
    return *(list.begin() + below(list.size()));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace fuzz
