// The words of one frame of a stack, as `bpf-maps get` writes them:
//
//   do_sys_openat2+0x84    nf_hook+0x1 [nf_tables]    main+0x1d (app.c:12)
//   helper (app.c:4) [inlined]    0x7f12deadbeef
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plugin::pictures {

// Whose code a frame is. `unknown` is drawn as the user's.
enum class Origin : uint8_t { group, user, kernel, unknown };

// The frame without the place inside the function (its offset, its line), so that all that ran in
// one function is one: "main", "nf_hook [nf_tables]", "helper [inlined]".
std::string function_of(std::string_view frame);

// What a frame says of itself; most say nothing.
Origin origin_of(std::string_view frame);

bool is_inlined(std::string_view frame);
bool is_address(std::string_view frame);  // 0x7f12...: a function without a name

}  // namespace plugin::pictures
