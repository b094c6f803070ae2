// Rust's own mangling of names ("v0"), as RFC 2603 lays it down.
//
// libstdc++ knows only that of C++, and a static libiberty is not at hand.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace host {

// "<alloc::vec::Vec<u8>>::push" of "_RNvMNtC..5alloc3vecINtB2_3VechE4push", without hashes of
// crates. Nothing where it is no such name, or one that is too long or too deep to be shown. Pure.
std::optional<std::string> rust_name(std::string_view symbol);

}  // namespace host
