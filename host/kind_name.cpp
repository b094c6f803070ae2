// The words for the kinds, on every system.
#include "host/session.hpp"

namespace host {

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kprobe:
      return "kprobe";
    case Kind::tracepoint:
      return "tracepoint";
    case Kind::uprobe:
      return "uprobe";
  }
  return {};
}

}  // namespace host
