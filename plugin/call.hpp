// One running command, as its handler sees it: the arguments, the pipe, and Nushell itself.
//
// A handler is a coroutine. It may await an engine call (a question to Nushell), its piped input or
// a pause; meanwhile other calls, streams and rows go on, all on one thread.
#pragma once

#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bytecode/value.hpp"
#include "plugin/error.hpp"
#include "plugin/protocol.hpp"

namespace plugin {

class Engine;
class Writer;

namespace asio = boost::asio;
template <typename T>
using Task = asio::awaitable<T>;

// Where the items of an outgoing list stream come from. The engine asks for as many as Nushell's
// window has room for.
class ItemSource {
 public:
  virtual ~ItemSource() = default;
  virtual bool ready() const = 0;               // an item waits
  virtual void write_next(Writer& writer) = 0;  // takes one: one value in Nushell's shape
  virtual bool finished() const = 0;            // nothing more will come
  virtual void acknowledged() = 0;              // Nushell took the oldest item written
  virtual void closed() = 0;                    // the end; items not taken stay untaken

  // Nushell has been told of the end: from now on its call takes no more questions.
  bool over = false;
};

struct EmptyAnswer {};
struct StreamAnswer {
  std::shared_ptr<ItemSource> source;
  // Called once Nushell has been told of the stream. What runs from then on runs beside its reader,
  // and may ask Nushell until the stream ends.
  std::function<void()> opened = {};
};
using Answer = std::variant<EmptyAnswer, bytecode::Value, StreamAnswer, LabeledError>;

// What a closure gave.
struct Evaluation {
  std::optional<Node> error;  // as Nushell's wire has it
  std::vector<Node> values;   // one, or those of a stream
  bool list = false;          // a stream of values
};
// Takes a chunk of what an external command prints, Bytes.
using BytesSink = std::function<Task<void>(Node chunk)>;

class Call {
 public:
  Call(Engine& engine, RunCall run);

  const std::string& name() const { return run_.name; }
  Span head() const { return run_.head; }
  CallId id() const { return run_.id; }

  size_t positional_count() const { return run_.positional.size(); }
  // Null past the last one given.
  const Node* positional(size_t index) const;
  const RunCall::Flag* flag(std::string_view name) const;
  bool has_switch(std::string_view name) const;

  bool has_input() const { return run_.input.kind != PipelineHeader::Kind::empty; }
  // The piped values: a list's items, a stream's items, or the one value. Of a stream that does not
  // end the first ones only; none of a stream of bytes, which is no value yet.
  Task<std::vector<Node>> input();
  // The same one by one, however many there are; null after the last and after Ctrl-C. A value is
  // good until the next is asked for. Either this or input().
  Task<const Node*> next_input();
  bool has_bytes() const { return run_.input.kind == PipelineHeader::Kind::byte_stream; }

  // Questions to Nushell. An empty answer also stands for a failed one.
  Task<std::string> span_contents(Span span);
  // A command of Nushell's, with an argument, switches and input.
  struct Command {
    std::string name;
    std::optional<Node> argument;
    std::vector<std::string> switches = {};
    std::optional<Node> input = {};
  };
  Task<std::optional<Node>> run_command(Command command);
  // The declaration that a name has in the scope of the whole script.
  Task<std::optional<uint64_t>> find_declaration(std::string name);
  Task<std::optional<Node>> block_ir(int64_t block_id);  // nothing before Nushell 0.110
  // Runs a closure here and now, to its end. An external command in it prints to the terminal, but
  // for the last: Nushell waits for that one only where its output is taken, so `bytes` gets it.
  Task<Evaluation> evaluate(Node closure, BytesSink bytes);
  // Shows a value as Nushell would at its prompt, or Bytes as they are.
  Task<void> print(Node value);
  Task<std::optional<std::string>> help();
  Task<std::string> current_directory();
  Task<std::optional<Node>> environment_variable(std::string name);

  // The words of a flag's value: Nushell gives the span of flag and value together.
  Task<Span> flag_value_span(std::string_view name);

  // Waits until `timer` expires, is cancelled, or the user presses Ctrl-C; whether it was Ctrl-C.
  Task<bool> pause(std::shared_ptr<asio::steady_timer> timer);
  std::shared_ptr<asio::steady_timer> timer(std::chrono::nanoseconds after);

  // For the engine.
  asio::io_context& io() const;
  void interrupt();
  bool interrupted() const { return interrupted_; }
  const RunCall& run() const { return run_; }

 private:
  Engine& engine_;
  RunCall run_;
  bool interrupted_ = false;
  size_t inputs_taken_ = 0;  // of a piped list
  Node streamed_;            // of a piped stream: the value that next_input() gave
  std::weak_ptr<asio::steady_timer> pausing_;
};

}  // namespace plugin
