#include "plugin/block.hpp"

#include <set>
#include <vector>

#include "plugin/codec.hpp"

namespace plugin {

namespace {

using bytecode::List;
using bytecode::Record;
using bytecode::Value;

// Blocks in blocks in a closure, as many as one may reasonably write.
constexpr size_t blocks_max = 256;

std::optional<std::string> text_of(const std::optional<Node>& answer) {
  const std::optional<Value> value = answer ? to_value(*answer) : std::nullopt;
  const std::string* text = value ? value->get_if<std::string>() : nullptr;
  return text ? std::optional(*text) : std::nullopt;
}

const Value* member(const Value* record, std::string_view name) {
  const Record* members = record ? record->get_if<Record>() : nullptr;
  if (members)
    for (const auto& [key, value] : *members)
      if (key == name) return &value;
  return nullptr;
}

std::optional<int64_t> integer(const Value* value) {
  const int64_t* number = value ? value->get_if<int64_t>() : nullptr;
  return number ? std::optional(*number) : std::nullopt;
}

const List& items(const Value* value) {
  static const List none;
  const List* list = value ? value->get_if<List>() : nullptr;
  return list ? *list : none;
}

Span span_at(const Value* value) {
  const auto start = integer(member(value, "start")), end = integer(member(value, "end"));
  if (!start || !end || *start < 0 || *end < *start) return {};
  return {static_cast<uint64_t>(*start), static_cast<uint64_t>(*end)};
}

}  // namespace

Node int_node(int64_t number) {
  Node::Map body;
  body.emplace_back("val", number);
  body.emplace_back("span", Span{});
  return tag("Int", Node(std::move(body)));
}

Task<std::optional<std::string>> block_text(std::shared_ptr<Call> call, Node closure_or_id) {
  Call::Command command{"view source", std::move(closure_or_id)};
  co_return text_of(co_await call->run_command(std::move(command)));
}

Task<Span> block_span(std::shared_ptr<Call> call, Node closure) {
  const Node* body = closure.tagged().payload;
  const Node* id = body ? body->find("val", "block_id") : nullptr;
  const std::optional<Node> ir = co_await call->block_ir(id ? id->as_int() : 0);
  const Node* spans = ir ? ir->find("spans") : nullptr;
  // The last instruction returns, and its span is the whole block's.
  if (spans && !spans->items().empty()) co_return spans->items().back().as_span();
  const auto view = co_await view_block(call, std::move(closure), BlockOf::closure_or_id);
  co_return view ? view->span : Span{};
}

Task<std::optional<BlockView>> view_block(std::shared_ptr<Call> call, Node what, BlockOf of) {
  Call::Command command{"view ir", std::move(what)};
  command.switches.push_back("json");
  if (of == BlockOf::declaration) command.switches.push_back("decl-id");
  std::optional<Node> json = co_await call->run_command(std::move(command));
  if (!json) co_return std::nullopt;
  Call::Command read{"from json", std::nullopt};
  read.input = std::move(json);
  const std::optional<Node> answer = co_await call->run_command(std::move(read));
  const std::optional<Value> view = answer ? to_value(*answer) : std::nullopt;
  const auto id = integer(member(view ? &*view : nullptr, "block_id"));
  const Value* code = id ? member(&*view, "ir_block") : nullptr;
  if (!code) co_return std::nullopt;
  co_return BlockView{*id, span_at(member(&*view, "span")), *code};
}

Task<std::map<std::string, int64_t>> calls_in(std::shared_ptr<Call> call, BlockView block) {
  std::map<std::string, int64_t> calls;
  std::vector<BlockView> waiting;
  std::set<int64_t> seen{block.id};
  waiting.push_back(std::move(block));
  while (!waiting.empty()) {
    const BlockView view = std::move(waiting.back());
    waiting.pop_back();
    const List& instructions = items(member(&view.code, "instructions"));
    const List& spans = items(member(&view.code, "spans"));
    for (size_t i = 0; i < instructions.size() && i < spans.size(); ++i) {
      if (const Value* made = member(&instructions[i], "Call")) {
        const auto declaration = integer(member(made, "decl_id"));
        const std::string words = co_await call->span_contents(span_at(&spans[i]));
        if (declaration && !words.empty()) calls.emplace(words, *declaration);
      } else if (const Value* literal = member(member(&instructions[i], "LoadLiteral"), "lit")) {
        for (const char* kind : {"Closure", "Block", "RowCondition"}) {
          const auto inner = integer(member(literal, kind));
          if (!inner || seen.size() >= blocks_max || !seen.insert(*inner).second) continue;
          Node id = int_node(*inner);
          auto inside = co_await view_block(call, std::move(id), BlockOf::closure_or_id);
          if (inside) waiting.push_back(std::move(*inside));
        }
      }
    }
  }
  co_return calls;
}

}  // namespace plugin
