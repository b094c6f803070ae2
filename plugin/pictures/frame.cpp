#include "plugin/pictures/frame.hpp"

#include <algorithm>
#include <array>

namespace plugin::pictures {

namespace {

constexpr std::string_view inlined = " [inlined]";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool is_hex_number(std::string_view text) {
  return text.size() > 2 && text.starts_with("0x") &&
         std::all_of(text.begin() + 2, text.end(), is_hex);
}

// " [nf_tables]" or " [inlined]" at the end; may be empty.
std::string_view bracket(std::string_view frame) {
  if (!frame.ends_with("]")) return {};
  const size_t start = frame.rfind(" [");
  return start == frame.npos || start == 0 ? std::string_view() : frame.substr(start);
}

// " (app.c:12)" at the end; may be empty. The arguments of a C++ function have no line.
std::string_view line(std::string_view frame) {
  if (!frame.ends_with(")")) return {};
  const size_t start = frame.rfind(" (");
  if (start == frame.npos || start == 0) return {};
  const std::string_view inside = frame.substr(start + 2, frame.size() - start - 3);
  const size_t colon = inside.rfind(':');
  if (colon == inside.npos || colon == 0 || colon + 1 == inside.size()) return {};
  return std::all_of(inside.begin() + colon + 1, inside.end(), is_digit) ? frame.substr(start)
                                                                         : std::string_view();
}

// "+0x1d" at the end; may be empty.
std::string_view offset(std::string_view frame) {
  const size_t plus = frame.rfind('+');
  if (plus == frame.npos || plus == 0 || !is_hex_number(frame.substr(plus + 1))) return {};
  return frame.substr(plus);
}

std::string_view without(std::string_view frame, std::string_view end) {
  return frame.substr(0, frame.size() - end.size());
}

}  // namespace

std::string function_of(std::string_view frame) {
  const std::string_view kept = bracket(frame);
  std::string_view name = without(frame, kept);
  name = without(name, line(name));
  name = without(name, offset(name));
  return std::string(name).append(kept);
}

Origin origin_of(std::string_view frame) {
  const std::string_view kept = bracket(frame);
  if (kept == inlined) return Origin::user;
  if (kept.find_first_of("./") != kept.npos) return Origin::user;  // [libc.so.6], [/usr/bin/x]
  const std::string_view rest = without(frame, kept);
  if (!line(rest).empty()) return Origin::user;
  if (!kept.empty()) return Origin::kernel;  // a module
  // Half of the addresses are the kernel's: those with the highest bit set.
  if (is_hex_number(frame))
    return frame.size() == 18 && frame[2] >= '8' ? Origin::kernel : Origin::user;
  // Where every stack of the kernel begins, on x86-64 and arm64.
  constexpr std::array roots = {"do_syscall_64",
                                "entry_SYSCALL_64_after_hwframe",
                                "ret_from_fork",
                                "ret_from_fork_asm",
                                "cpu_startup_entry",
                                "el0t_64_sync_handler",
                                "asm_sysvec_apic_timer_interrupt",
                                "asm_exc_page_fault"};
  const std::string_view name = without(rest, offset(rest));
  if (std::find(roots.begin(), roots.end(), name) != roots.end()) return Origin::kernel;
  return Origin::unknown;
}

bool is_inlined(std::string_view frame) { return bracket(frame) == inlined; }

bool is_address(std::string_view frame) { return is_hex_number(without(frame, bracket(frame))); }

}  // namespace plugin::pictures
