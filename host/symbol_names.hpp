// Names of functions as people write them: plain, with a version, C++ and Rust mangled or not,
// globs.
#pragma once

#include <string>
#include <string_view>

namespace host {

// "ns::f(int, char const*)" of "_ZN2ns1fEiPKc", without a Rust hash; what is not mangled as it is.
std::string demangled(std::string_view symbol);

// "ns::f" of "int ns::f<int>(int, char const*) const": without what is returned, the parameters and
// what follows them.
std::string_view without_parameters(std::string_view demangled);

bool is_glob(std::string_view word);
bool matches_glob(std::string_view glob, std::string_view name);

// A word for functions, asked of many symbols.
class NameMatch {
 public:
  // Literally, `word` is the symbol, or what it demangles to, with its parameters or without.
  enum class As : uint8_t { literal, glob };
  NameMatch(std::string_view word, As as) : word_(word), as_(as) {}
  bool operator()(std::string_view symbol) const;

 private:
  bool fits(std::string_view name) const;
  // Whether the mangled name must hold this identifier: spares demangling nearly all of them.
  std::string_view needed() const;

  std::string word_;
  As as_;
};

}  // namespace host
