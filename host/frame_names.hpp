// Names of functions as frames of a stack show them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace host {

// "ns::f<int>" of "int ns::f<int>(int, char const*)": demangled, of C++ without what is returned
// and the parameters, of Rust (either mangling) without the hashes. What a compiler split off keeps
// its suffix: "f.cold". Any other name as it is.
std::string frame_name(std::string_view symbol);

// Of a demangled C++ name. Pure.
std::string_view without_signature(std::string_view demangled);

// "<T as core::fmt::Debug>::fmt" of "_$LT$T$u20$as$u20$core..fmt..Debug$GT$::fmt", as the older
// Rust mangling writes what C++ has no letters for. Pure.
std::string rust_text(std::string_view demangled);

// "0x7f12": an address or an offset as frames show it.
std::string hex(uint64_t value);

}  // namespace host
