// Major and minor of Nushell's version: what the protocol's features and shapes depend on.
#pragma once

#include <compare>
#include <string_view>

namespace plugin {

struct Version {
  int major = 0;
  int minor = 0;
  friend auto operator<=>(const Version&, const Version&) = default;
};
Version parse_version(std::string_view text);

// From here on ranges and cell paths are text on the wire; before they are structs.
inline constexpr Version ranges_as_text{0, 114};

}  // namespace plugin
