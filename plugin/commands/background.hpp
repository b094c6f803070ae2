// Work that takes a while and needs no Nushell, on a thread of its own: rows and other commands go
// on meanwhile.
#pragma once

#include <chrono>
#include <future>
#include <type_traits>
#include <utility>

#include "plugin/commands/commands.hpp"

namespace plugin {

// What `work` returns. It is waited for even where the user presses Ctrl-C.
template <typename Work>
Task<std::invoke_result_t<Work>> in_background(CallPtr call, Work work) {
  using namespace std::chrono_literals;
  auto result = std::async(std::launch::async, std::move(work));
  while (result.wait_for(0s) != std::future_status::ready) {
    const auto timer = call->timer(2ms);
    co_await call->pause(timer);
  }
  co_return result.get();
}

}  // namespace plugin
