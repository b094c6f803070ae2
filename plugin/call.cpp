#include "plugin/call.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "plugin/codec.hpp"
#include "plugin/engine.hpp"

namespace plugin {

namespace {

// More values than there are probes and maps.
constexpr size_t input_max = 10'000;

std::optional<std::string> text_in(const std::optional<Node>& answer) {
  const std::optional<bytecode::Value> value = answer ? to_value(*answer) : std::nullopt;
  const std::string* text = value ? value->get_if<std::string>() : nullptr;
  return text ? std::optional(*text) : std::nullopt;
}

// Pipeline data of one value: {"Value": [VALUE, no metadata]}.
Node value_input(Node value) {
  Node::Array pair;
  pair.push_back(std::move(value));
  pair.push_back(Node());
  return tag("Value", Node(std::move(pair)));
}

}  // namespace

Call::Call(Engine& engine, RunCall run) : engine_(engine), run_(std::move(run)) {}

const Node* Call::positional(size_t index) const {
  return index < run_.positional.size() ? &run_.positional[index] : nullptr;
}

const RunCall::Flag* Call::flag(std::string_view name) const {
  for (const RunCall::Flag& flag : run_.named)
    if (flag.name == name) return &flag;
  return nullptr;
}

bool Call::has_switch(std::string_view name) const {
  const RunCall::Flag* given = flag(name);
  if (!given) return false;
  const auto [kind, body] = given->value.tagged();
  if (kind != "Bool" || !body) return true;
  const Node* truth = body->find("val");
  return truth && truth->as_bool();
}

Task<std::vector<Node>> Call::input() {
  switch (run_.input.kind) {
    case PipelineHeader::Kind::empty:
      break;
    case PipelineHeader::Kind::value: {
      if (const Node::Array* items = list_items(run_.input.value)) co_return *items;
      co_return std::vector<Node>{run_.input.value};
    }
    case PipelineHeader::Kind::list_stream:
      co_return co_await engine_.collect(run_.input.stream, input_max);
    case PipelineHeader::Kind::byte_stream:
      break;
  }
  co_return std::vector<Node>();
}

Task<const Node*> Call::next_input() {
  const PipelineHeader& input = run_.input;
  if (input.kind == PipelineHeader::Kind::value) {
    const Node::Array* items = list_items(input.value);
    const size_t count = items ? items->size() : 1;
    if (interrupted_ || inputs_taken_ == count) co_return nullptr;
    const size_t index = inputs_taken_++;
    co_return items ? &(*items)[index] : &input.value;
  }
  if (input.kind != PipelineHeader::Kind::list_stream) co_return nullptr;
  std::optional<Node> error;
  std::optional<Node> next = co_await engine_.next(input.stream, error);
  if (!next) co_return nullptr;
  streamed_ = std::move(*next);
  co_return &streamed_;
}

Task<std::string> Call::span_contents(Span span) {
  if (!span.is_place()) co_return std::string();
  Node question = tag("GetSpanContents", span);
  const std::optional<Node> answer = co_await engine_.ask(run_.id, std::move(question));
  if (!answer) co_return std::string();
  const std::optional<bytecode::Value> value = to_value(*answer);
  const bytecode::Binary* bytes = value ? value->get_if<bytecode::Binary>() : nullptr;
  if (!bytes) co_return std::string();
  co_return std::string(bytes->bytes.begin(), bytes->bytes.end());
}

Task<std::optional<uint64_t>> Call::find_declaration(std::string name) {
  Node question = tag("FindDecl", std::move(name));
  co_return co_await engine_.ask_identifier(run_.id, std::move(question));
}

Task<std::optional<Node>> Call::run_command(Command command) {
  const auto declaration = co_await find_declaration(std::move(command.name));
  if (!declaration) co_return std::nullopt;
  Node::Array positional;
  if (command.argument) positional.push_back(std::move(*command.argument));
  Node::Array named;
  for (std::string& flag : command.switches) {
    Node::Map name;
    name.emplace_back("item", std::move(flag));
    name.emplace_back("span", run_.head);
    Node::Array pair;
    pair.push_back(Node(std::move(name)));
    pair.push_back(Node());
    named.push_back(Node(std::move(pair)));
  }
  Node::Map call;
  call.emplace_back("head", run_.head);
  call.emplace_back("positional", std::move(positional));
  call.emplace_back("named", std::move(named));
  Node::Map body;
  body.emplace_back("decl_id", *declaration);
  body.emplace_back("call", std::move(call));
  body.emplace_back("input",
                    command.input ? value_input(std::move(*command.input)) : Node("Empty"));
  body.emplace_back("redirect_stdout", true);
  body.emplace_back("redirect_stderr", false);
  Node question = tag("CallDecl", std::move(body));
  co_return co_await engine_.ask(run_.id, std::move(question));
}

Task<std::optional<Node>> Call::block_ir(int64_t block_id) {
  // An older Nushell takes the unknown call for a broken plugin and ends it.
  if (engine_.nushell() < Version{0, 110}) co_return std::nullopt;
  Node question = tag("GetBlockIR", block_id);
  co_return co_await engine_.ask(run_.id, std::move(question));
}

Task<Evaluation> Call::evaluate(Node closure, BytesSink bytes) {
  const Node* content = closure.tagged().payload ? closure.tagged().payload->find("val") : nullptr;
  if (!content) co_return Evaluation{};
  Node::Map item;
  item.emplace_back("item", *content);
  item.emplace_back("span", span_of(closure));
  Node::Map body;
  body.emplace_back("closure", std::move(item));
  body.emplace_back("positional", Node::Array{});
  body.emplace_back("input", Node("Empty"));
  body.emplace_back("redirect_stdout", true);
  body.emplace_back("redirect_stderr", false);
  Node question = tag("EvalClosure", std::move(body));
  co_return co_await engine_.evaluate(run_.id, std::move(question), std::move(bytes));
}

Task<void> Call::print(Node value) {
  Command print;
  print.name = "print";
  if (value.get_if<Node::Bytes>()) {
    Node::Map binary;
    binary.emplace_back("val", std::move(value));
    binary.emplace_back("span", run_.head);
    value = tag("Binary", std::move(binary));
    print.switches = {"raw", "no-newline"};
  }
  print.argument = std::move(value);
  (void)co_await run_command(std::move(print));
}

Task<std::optional<std::string>> Call::help() {
  Node question("GetHelp");
  co_return text_in(co_await engine_.ask(run_.id, std::move(question)));
}

Task<std::string> Call::current_directory() {
  // The process's own directory is the plugin's, and $env.PWD may be stale.
  Node question("GetCurrentDir");
  co_return text_in(co_await engine_.ask(run_.id, std::move(question))).value_or("");
}

Task<std::optional<Node>> Call::environment_variable(std::string name) {
  Node question = tag("GetEnvVar", std::move(name));
  co_return co_await engine_.ask(run_.id, std::move(question));
}

Task<Span> Call::flag_value_span(std::string_view name) {
  const RunCall::Flag* given = flag(name);
  if (!given) co_return Span{};
  Span span = span_of(given->value);
  if (!span.is_place()) co_return given->span;
  const std::string text = co_await span_contents(span);
  if (text.starts_with("-")) {
    const size_t gap = text.find_first_of(" \t\n=");
    const size_t value = gap == std::string::npos ? gap : text.find_first_not_of(" \t\n=", gap);
    if (value != std::string::npos) span.start += value;
  }
  co_return span;
}

Task<bool> Call::pause(std::shared_ptr<asio::steady_timer> timer) {
  if (interrupted_) co_return true;
  pausing_ = timer;
  boost::system::error_code cancelled;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  co_return interrupted_;
}

std::shared_ptr<asio::steady_timer> Call::timer(std::chrono::nanoseconds after) {
  auto timer = std::make_shared<asio::steady_timer>(engine_.io());
  timer->expires_after(after);
  return timer;
}

asio::io_context& Call::io() const { return engine_.io(); }

void Call::interrupt() {
  interrupted_ = true;
  if (const auto timer = pausing_.lock()) timer->cancel();
}

}  // namespace plugin
