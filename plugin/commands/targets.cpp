// The list of targets runs on a thread of its own and is handed over in small portions: 50,000
// functions with their arguments are never in memory at once.
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "host/inventory.hpp"
#include "plugin/codec.hpp"
#include "plugin/commands/commands.hpp"
#include "plugin/commands/flags.hpp"
#include "plugin/commands/target_words.hpp"

namespace plugin {

namespace {

using bytecode::List;
using bytecode::Record;
using bytecode::Value;

constexpr size_t waiting_max = 512;

Value text_or_nothing(std::string text) { return text.empty() ? Value() : Value(std::move(text)); }

Value row_of(host::Attachable&& found, bool with_args) {
  Record row;
  row.emplace_back("kind", std::string(host::kind_name(found.kind)));
  row.emplace_back("target", std::move(found.target));
  row.emplace_back("module", text_or_nothing(std::move(found.module)));
  if (with_args) {
    List args;
    for (auto& [name, type] : found.args) {
      Record arg;
      arg.emplace_back("name", std::move(name));
      arg.emplace_back("type", std::move(type));
      args.push_back(std::move(arg));
    }
    row.emplace_back("args", std::move(args));
    row.emplace_back("returns", text_or_nothing(std::move(found.returns)));
  }
  return row;
}

class TargetRows : public ItemSource {
 public:
  // `wake` is called on the thread that lists.
  TargetRows(host::Search search, Span span, std::function<void()> wake)
      : search_(std::move(search)), span_(encode_span(span)), wake_(std::move(wake)) {
    lister_ = std::thread([this] { list(); });
  }
  ~TargetRows() override { stop(); }

  bool ready() const override {
    const std::lock_guard lock(mutex_);
    return !waiting_.empty();
  }
  void write_next(Writer& writer) override {
    std::optional<host::Attachable> next;
    {
      const std::lock_guard lock(mutex_);
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    room_.notify_one();
    writer.value(row_of(std::move(*next), search_.with_args), span_);
  }
  bool finished() const override {
    const std::lock_guard lock(mutex_);
    return status_.has_value();
  }
  void acknowledged() override {}
  void closed() override { stop(); }

  // Whether it is known that there is something, or that there is nothing.
  bool begun() const {
    const std::lock_guard lock(mutex_);
    return !waiting_.empty() || status_.has_value();
  }
  // What went wrong before the first of them.
  std::optional<bytecode::Error> failed() const {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty() || !status_ || status_->ok()) return std::nullopt;
    return status_->error();
  }

 private:
  void list() {
    host::Status status = host::list_targets(search_, [this](host::Attachable&& found) {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [this] { return waiting_.size() < waiting_max || stopped_; });
      if (stopped_) return false;
      waiting_.push_back(std::move(found));
      const bool was_empty = waiting_.size() == 1;
      lock.unlock();
      if (was_empty) wake_();
      return true;
    });
    {
      const std::lock_guard lock(mutex_);
      status_ = std::move(status);
    }
    wake_();
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    room_.notify_one();
    if (lister_.joinable()) lister_.join();
  }

  const host::Search search_;
  const std::string span_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::deque<host::Attachable> waiting_;
  std::optional<host::Status> status_;  // once the list is over
  bool stopped_ = false;
  std::thread lister_;
};

std::vector<std::string> kind_choices() {
  std::vector<std::string> words;
  for (const host::Kind kind : host::all_kinds())
    if (kind != host::Kind::interval) words.emplace_back(host::kind_name(kind));
  return words;
}

std::string kind_words() {
  std::string words;
  for (const std::string& kind : kind_choices()) words += (words.empty() ? "" : " ") + kind;
  return words;
}

Task<Answer> run(CallPtr call, Tracing& tracing) {
  using namespace std::chrono_literals;
  host::Search search;
  if (call->positional_count() > 0) search.glob = text_argument(*call, 0);
  search.with_args = call->has_switch("args");
  const std::string kind = text_flag(*call, "kind");
  if (call->flag("kind")) {
    search.kind = host::find_kind(kind);
    // Apart from the awaiting: GCC 12 destroys the temporaries beside it twice.
    const Span place = co_await call->flag_value_span("kind");
    if (!search.kind)
      co_return error_at(place, "there is no kind of probe called " + kind, "not a kind",
                         "one of: " + kind_words());
    if (search.kind == host::Kind::interval)
      co_return error_at(place, "an interval has no target to list", "takes a duration",
                         "one of: " + kind_words());
  }
  if (call->flag("path")) {
    std::string path = text_flag(*call, "path");
    search.path = co_await user_path(call, std::move(path));
    if (!search.kind) search.kind = host::Kind::uprobe;
  }
  if (search.kind && !has_path(*search.kind) && call->flag("path")) {
    const Span place = co_await call->flag_value_span("path");
    co_return error_at(
        place,
        "a " + std::string(host::kind_name(*search.kind)) + " is not in a program or library",
        "goes with the kinds uprobe, uretprobe and usdt",
        "leave --path out, or name one of those kinds");
  }
  if (search.kind && has_path(*search.kind) && search.path.empty())
    co_return error_at(
        call->head(), "whose " + std::string(host::kind_name(*search.kind)) + " targets?",
        "needs a program or library", "bpf-targets --kind " + kind + " --path /usr/bin/curl");

  // It is called on another thread, and maybe when the stream is gone.
  const auto executor = co_await asio::this_coro::executor;
  const auto wake = [executor, &tracing] {
    asio::post(executor, [&tracing] { tracing.wake_streams(); });
  };
  const auto rows = std::make_shared<TargetRows>(std::move(search), call->head(), wake);
  for (bool stopped = false; !stopped && !rows->begun();) {
    const auto timer = call->timer(1ms);
    stopped = co_await call->pause(timer);
  }
  if (const auto error = rows->failed()) {
    Blame blame;
    blame.head = blame.target = call->head();
    if (call->flag("path")) blame.target = co_await call->flag_value_span("path");
    blame.argument = blame.target;
    co_return labeled(*error, blame);
  }
  co_return StreamAnswer{rows};
}

}  // namespace

Command commands_table::targets() {
  return {{
              .name = "bpf-targets",
              .description = "What can be attached on this machine.",
              .more = "Columns: kind target module, with --args also args (name and type) and "
                      "returns. What the kernel keeps\nfrom probes is not listed. kretprobe and "
                      "fexit take what kprobe and fentry take, and are listed when\nasked for. "
                      "Kinds: " +
                      kind_words() + ".",
              .search_terms = {"list", "functions", "tracepoints", "symbols", "ebpf"},
              .optional = {{"glob", "which targets: a name, or a pattern of * ? [a-z]",
                            shape::string()}},
              .flags =
                  {
                      {"kind", 'k', shape::string(), "targets of this kind only", kind_choices()},
                      {"args", 'a', Node(), "with the names and types of their arguments"},
                      {"path", 'p', shape::string(),
                       "a program or library: its functions, or with --kind usdt its probes"},
                  },
              .examples =
                  {
                      {"bpf-targets \"tcp_*\" --kind kprobe", "Which functions of TCP are there?"},
                      {"bpf-targets sched:sched_switch --args | get 0.args",
                       "What does the event tell?"},
                      {"bpf-targets --path libc \"mem*\"", "Functions of a library"},
                  },
          },
          run};
}

}  // namespace plugin
