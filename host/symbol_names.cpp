#include "host/symbol_names.hpp"

#include <cxxabi.h>
#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>

namespace host {

namespace {

bool is_mangled(std::string_view symbol) { return symbol.starts_with("_Z"); }

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_';
  });
}

// Rust ends a path with a hash of the crate: "core::fmt::write::h0123456789abcdef".
void drop_rust_hash(std::string& name) {
  constexpr std::string_view mark = "::h";
  constexpr size_t digits = 16;
  if (name.size() <= mark.size() + digits) return;
  const std::string_view tail = std::string_view(name).substr(name.size() - mark.size() - digits);
  if (!tail.starts_with(mark)) return;
  for (unsigned char c : tail.substr(mark.size()))
    if (std::isxdigit(c) == 0) return;
  name.resize(name.size() - mark.size() - digits);
}

}  // namespace

std::string demangled(std::string_view symbol) {
  if (!is_mangled(symbol)) return std::string(symbol);
  // GCC's clones are known by what follows the name: "_Z1fi.constprop.0".
  int status = 0;
  struct Free {
    void operator()(char* text) const { std::free(text); }
  };
  const std::unique_ptr<char, Free> text(
      abi::__cxa_demangle(std::string(symbol).c_str(), nullptr, nullptr, &status));
  if (!text) return std::string(symbol);
  std::string name = text.get();
  drop_rust_hash(name);
  return name;
}

std::string_view without_parameters(std::string_view name) {
  // "operator()" and "(anonymous namespace)" have parentheses of their own.
  constexpr std::string_view call = "operator()", unnamed = "(anonymous namespace)";
  size_t start = 0;
  int angles = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    const std::string_view rest = name.substr(i);
    if (rest.starts_with(unnamed)) {
      i += unnamed.size() - 1;
    } else if (rest.starts_with(call)) {
      i += call.size() - 1;
    } else if (rest.starts_with("operator") &&
               (i == 0 || name[i - 1] == ':' || name[i - 1] == ' ')) {
      // The rest of its name may be <, >, -> or a type: up to its parameters.
      const size_t paren = name.find('(', i);
      return name.substr(start, paren == std::string_view::npos ? paren : paren - start);
    } else if (name[i] == '<') {
      ++angles;
    } else if (name[i] == '>') {
      --angles;
    } else if (angles == 0 && name[i] == ' ') {
      start = i + 1;
    } else if (angles == 0 && name[i] == '(') {
      std::string_view plain = name.substr(start, i - start);
      // Of an instance of a template, the template's name.
      if (plain.ends_with('>')) plain = plain.substr(0, plain.find('<'));
      return plain;
    }
  }
  return name;
}

bool is_glob(std::string_view word) { return word.find_first_of("*?[") != std::string_view::npos; }

bool matches_glob(std::string_view glob, std::string_view name) {
  return fnmatch(std::string(glob).c_str(), std::string(name).c_str(), 0) == 0;
}

bool NameMatch::fits(std::string_view name) const {
  return as_ == As::literal ? name == word_ : matches_glob(word_, name);
}

std::string_view NameMatch::needed() const {
  if (as_ == As::glob) return {};
  std::string_view last = without_parameters(word_);
  if (const size_t colon = last.rfind(':'); colon != std::string_view::npos)
    last.remove_prefix(colon + 1);
  // Some names of the standard library are abbreviated.
  if (last == "allocator" || last.find("string") != std::string_view::npos ||
      last.find("stream") != std::string_view::npos)
    return {};
  return is_identifier(last) ? last : std::string_view();
}

bool NameMatch::operator()(std::string_view symbol) const {
  if (fits(symbol)) return true;
  if (!is_mangled(symbol) || word_.starts_with("_Z")) return false;
  if (symbol.find(needed()) == std::string_view::npos) return false;
  const std::string name = demangled(symbol);
  return fits(name) || fits(without_parameters(name));
}

}  // namespace host
