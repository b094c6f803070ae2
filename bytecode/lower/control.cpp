// Control: pipes, if, match, return.

#include <algorithm>

#include "bytecode/lower/lower.hpp"

namespace bytecode {
namespace {

bool holds_mut(const Operand& operand) {
  return operand.is_mut || std::any_of(operand.members.begin(), operand.members.end(),
                                       [](const auto& member) { return holds_mut(member.second); });
}

}  // namespace

Operand Lowering::pipeline(const ast::Pipeline& pipeline, Want want) {
  uint32_t mark = code_.registers();
  std::optional<Operand> outer = in_;
  Operand input = value(*pipeline.elements.front());
  Span span{pipeline.elements.front()->span.start, pipeline.elements.back()->span.end};
  Operand result = input.never ? input : pipeline_from(pipeline, 1, std::move(input), want, span);
  in_ = outer;
  return want == Want::value && !result.never ? settled(std::move(result), mark) : result;
}

Operand Lowering::pipeline_from(const ast::Pipeline& pipeline, size_t at, Operand input, Want want,
                                Span span) {
  for (size_t i = at; i < pipeline.elements.size(); ++i) {
    const ast::Expr& element = *pipeline.elements[i];
    bool is_last = i + 1 == pipeline.elements.size();
    const auto* command = std::get_if<ast::Call>(&element.node);
    const auto* where = std::get_if<ast::Where>(&element.node);
    // A command takes the value at once. Anything else may assign to the mut that it is in.
    if (!command && holds_mut(input)) input = kept(std::move(input));
    in_ = input;
    if (where && !where->block) {
      if (input.bad()) return input;
      bool has_items = input.type == Type::list || input.type == Type::range;
      if (!has_items) return filtered(pipeline, i, std::move(input), want, span);
      SpanScope scope(code_, element.span);
      input = where_list(*where, input, element.span);
    } else if (command) {
      SpanScope scope(code_, element.span);
      input = call(*command, element.span, &input);
    } else {
      input = lower(element, is_last ? want : Want::value);
      if (is_last) return input;
    }
    if (input.never) return input;
    if (is_last && want == Want::row) {
      SpanScope scope(code_, element.span);
      row_unless_null(input, element.span);
      return null(span);
    }
  }
  return input;
}

// `where` on what is no list keeps the value or ends the pipe, as `if` around its rest would.
Operand Lowering::filtered(const ast::Pipeline& pipeline, size_t at, Operand input, Want want,
                           Span span) {
  const ast::Expr& element = *pipeline.elements[at];
  const auto& where = std::get<ast::Where>(element.node);
  input = kept(std::move(input));
  auto test = [&](Assembler::Label otherwise) {
    SpanScope scope(code_, element.span);
    branch_where(where, input, otherwise);
  };
  auto rest = [&](Want wanted) {
    std::optional<Operand> outer = in_;
    bool is_last = at + 1 == pipeline.elements.size();
    Operand result = input;
    if (!is_last)
      result = pipeline_from(pipeline, at + 1, input, wanted, span);
    else if (wanted == Want::row)
      row_unless_null(input, element.span);
    in_ = outer;
    return result;
  };
  if (want == Want::value)
    return joined(span, [&](Join& join) {
      Assembler::Label otherwise = code_.new_label();
      test(otherwise);
      join.take(rest(Want::value));
      code_.bind(otherwise);
      join.take(null(span));
    });
  Assembler::Label end = code_.new_label();
  test(end);
  rest(want);
  code_.bind(end);
  return null(span);
}

// Goes to `otherwise` unless the row is what the condition asks for.
void Lowering::branch_where(const ast::Where& node, const Operand& row,
                            Assembler::Label otherwise) {
  bool is_closure = std::holds_alternative<ast::Closure>(node.condition->node);
  if (const auto* variable = std::get_if<ast::Variable>(&node.condition->node)) {
    const Operand* known = find_variable(variable->name);
    is_closure = known ? known->type == Type::closure : is_captured_closure(variable->name);
  }
  if (is_closure) {
    Operand kept_one = call_closure(value(*node.condition), {row}, row);
    if (kept_one.bad()) return;
    kept_one.span = node.condition->span;
    branch_if(kept_one, false, otherwise);
    return;
  }
  std::optional<Operand> outer_row = row_, outer_in = in_;
  row_ = row;
  in_ = row;
  variables_.push_back({"it", row});
  branch(*node.condition, false, otherwise);
  variables_.pop_back();
  row_ = outer_row;
  in_ = outer_in;
}

bool Lowering::is_captured_closure(std::string_view name) const {
  return std::any_of(captures_->begin(), captures_->end(), [&](const Capture& capture) {
    return capture.name == name && capture.text.has_value();
  });
}

// `where COND { ... }`: an `if` whose bare words are fields of the event.
Operand Lowering::where(const ast::Where& node, Span span, Want want) {
  if (!node.block)
    return fail(span, "`where` filters nothing here", "nothing comes through the pipe",
                "write $x | where COND, or where COND { ... }");
  Assembler::Label otherwise = code_.new_label();
  std::optional<Operand> outer = row_;
  row_.reset();
  auto test = [&] { branch(*node.condition, false, otherwise); };
  if (want == Want::value) {
    Operand result = joined(span, [&](Join& join) {
      otherwise = code_.new_label();
      test();
      join.take(block(*node.block, want));
      code_.bind(otherwise);
      join.take(null(span));
    });
    row_ = outer;
    return result;
  }
  test();
  block(*node.block, want);
  code_.bind(otherwise);
  row_ = outer;
  return null(span);
}

// What is known never to happen is not lowered: a custom command asks in vain for what this call
// does not give it.
Operand Lowering::conditional(const ast::If& node, Span span, Want want) {
  Assembler::Label end = code_.new_label();
  bool goes_on = false, decided = false;
  for (const ast::Arm& arm : node.arms) {
    Assembler::Label next = code_.new_label();
    std::optional<bool> known = branch(*arm.condition, false, next);
    if (known != false) goes_on |= !block(arm.block, want).never;
    decided = known == true;
    bool more = node.otherwise || &arm != &node.arms.back();
    if (!known && more) code_.jump(VM_OP_jmp, 0, end);
    code_.bind(next);
    if (decided) break;
  }
  if (!decided) goes_on |= !node.otherwise || !block(*node.otherwise, want).never;
  code_.bind(end);
  return goes_on ? null(span) : never(span);
}

Operand Lowering::conditional_value(const ast::If& node, Span span) {
  return joined(span, [&](Join& join) {
    for (const ast::Arm& arm : node.arms) {
      Assembler::Label next = code_.new_label();
      std::optional<bool> known = branch(*arm.condition, false, next);
      if (known != false) join.take(block(arm.block, Want::value));
      code_.bind(next);
      if (known == true) return;
    }
    join.take(node.otherwise ? block(*node.otherwise, Want::value) : null(span));
  });
}

namespace {

std::optional<bool> bool_literal(const ast::Pattern& pattern) {
  if (pattern.kind != ast::Pattern::Kind::value) return std::nullopt;
  const auto* node = std::get_if<ast::Literal>(&pattern.value->node);
  const bool* value = node ? node->value.get_if<bool>() : nullptr;
  return value ? std::optional(*value) : std::nullopt;
}

}  // namespace

Operand Lowering::match(const ast::Match& node, Span span, Want want) {
  Operand subject = kept(value(*node.subject));
  if (subject.bad() || subject.never) return subject;
  bool by_host = is_host_only(subject);
  if (subject.home == Operand::Home::choice || (subject.computed && !by_host))
    subject = force(std::move(subject));
  if (subject.bad()) return subject;

  bool covered = false;
  // Of a bool, which values arms without a guard have taken. Behind one the other is no question.
  bool is_bool = subject.type == Type::boolean && !subject.nullable;
  bool takes[2] = {false, false};
  auto arms = [&](const std::function<void(const ast::MatchArm&)>& body) {
    covered = takes[0] = takes[1] = false;
    for (const ast::MatchArm& arm : node.arms) {
      size_t names = variables_.size();
      Assembler::Label found = code_.new_label(), next = code_.new_label();
      bool always = false, possible = false;
      for (const ast::Pattern& alternative : arm.patterns) {
        bool is_last = &alternative == &arm.patterns.back();
        Assembler::Label other = is_last ? next : code_.new_label();
        std::optional<bool> fits = true, value;
        if (is_bool) value = bool_literal(alternative);
        if (!value || !takes[!*value]) fits = pattern(alternative, subject, other);
        if (value && !arm.guard) takes[*value] = true;
        always |= fits == true;
        possible |= fits != false;
        if (!is_last) code_.jump(VM_OP_jmp, 0, found);
        if (!is_last) code_.bind(other);
        if (!is_last && variables_.size() != names)
          fail(alternative.span, "a pattern with alternatives cannot bind a name", "binds a name",
               "write an arm for each");
      }
      code_.bind(found);
      std::optional<bool> guard = true;
      if (possible && arm.guard) guard = branch(*arm.guard, false, next);
      if (possible && guard != false) body(arm);
      variables_.resize(names);
      code_.bind(next);
      covered = always && guard == true;
      if (covered) return;
    }
  };
  if (want == Want::value)
    return joined(span, [&](Join& join) {
      arms([&](const ast::MatchArm& arm) { join.take(lower(*arm.body, want)); });
      if (!covered) join.take(null(span));
    });
  Assembler::Label end = code_.new_label();
  bool goes_on = false;
  arms([&](const ast::MatchArm& arm) {
    uint32_t mark = code_.registers(), blocks = code_.blocks();
    goes_on |= !lower(*arm.body, want).never;
    code_.release_registers(mark);
    code_.release_blocks(blocks);
    code_.jump(VM_OP_jmp, 0, end);
  });
  code_.bind(end);
  return goes_on || !covered ? null(span) : never(span);
}

// Goes to `otherwise` unless the subject is what the pattern asks for; binds its names.
std::optional<bool> Lowering::pattern(const ast::Pattern& pattern, const Operand& subject,
                                      Assembler::Label otherwise) {
  SpanScope scope(code_, pattern.span);
  switch (pattern.kind) {
    case ast::Pattern::Kind::anything:
      return true;
    case ast::Pattern::Kind::binding:
      variables_.push_back({pattern.name, subject});
      return true;
    case ast::Pattern::Kind::value:
      return value_pattern(pattern, subject, otherwise);
    case ast::Pattern::Kind::list:
    case ast::Pattern::Kind::record:
      return parts_of_pattern(pattern, subject, otherwise);
  }
  return std::nullopt;
}

std::optional<bool> Lowering::value_pattern(const ast::Pattern& pattern, const Operand& subject,
                                            Assembler::Label otherwise) {
  Operand wanted = value(*pattern.value);
  if (wanted.bad()) return std::nullopt;
  if (wanted.type == Type::null)
    return branch_on(compare_null(ast::Op::equal, subject), false, otherwise);
  if (is_host_only(subject)) {
    fail(pattern.span, "a `match` decides in the kernel", "what it looks at is made by the host",
         "match on what the kernel has: ints, strings, times");
    errors_.back().labels.push_back({subject.span, "computed on the host"});
    return std::nullopt;
  }
  // A failed read is null, and matches nothing but null and _.
  if (subject.nullable) branch_on(compare_null(ast::Op::equal, subject), true, otherwise);
  Operand matches = constant_operand(Value(false), pattern.span);
  if (wanted.type != Type::range)
    matches = equals(subject, wanted, pattern.span);
  else if (subject.type == Type::integer)
    matches = in_range(subject, wanted, pattern.span);
  std::optional<bool> known = branch_if(matches, false, otherwise);
  return subject.nullable && known == true ? std::nullopt : known;
}

std::optional<bool> Lowering::parts_of_pattern(const ast::Pattern& pattern, const Operand& subject,
                                               Assembler::Label otherwise) {
  bool is_list = pattern.kind == ast::Pattern::Kind::list;
  bool is_record = subject.type == Type::record || subject.home == Operand::Home::context;
  if (is_list ? subject.type != Type::list : !is_record) {
    code_.jump(VM_OP_jmp, 0, otherwise);
    return false;
  }
  std::vector<std::pair<std::string, Operand>> members = members_of(subject);
  if (std::any_of(members.begin(), members.end(),
                  [](const auto& member) { return member.second.present.has_value(); })) {
    fail(pattern.span, "the length of this list is known only when it runs", "a list pattern",
         "use first, last or length");
    return false;
  }
  bool shape = !is_list || (pattern.rest ? members.size() >= pattern.parts.size()
                                         : members.size() == pattern.parts.size());
  std::vector<const Operand*> parts;
  for (size_t i = 0; shape && i < pattern.parts.size(); ++i) {
    auto found = is_list ? members.begin() + static_cast<ptrdiff_t>(i)
                         : std::find_if(members.begin(), members.end(), [&](const auto& member) {
                             return member.first == pattern.keys[i];
                           });
    shape = found != members.end();
    if (shape) parts.push_back(&found->second);
  }
  if (!shape) {
    code_.jump(VM_OP_jmp, 0, otherwise);
    return false;
  }
  std::optional<bool> all = true;
  for (size_t i = 0; i < parts.size(); ++i) {
    std::optional<bool> fits = this->pattern(pattern.parts[i], *parts[i], otherwise);
    if (fits == false) return false;
    if (!fits) all.reset();
  }
  if (!pattern.rest || pattern.rest->empty()) return all;
  Operand rest = subject;
  rest.home = Operand::Home::aggregate;
  rest.constant = Value(Null{});
  rest.members.assign(members.begin() + static_cast<ptrdiff_t>(parts.size()), members.end());
  variables_.push_back({*pattern.rest, std::move(rest)});
  return all;
}

// `return` in the probe's closure ends it with a row; in what it calls, with a value.
Operand Lowering::give_back(const ast::Return& node, Span span) {
  Join* join = frames_.back().join;
  uint32_t mark = code_.registers(), blocks = code_.blocks();
  if (join) {
    Operand result = node.value ? value(*node.value) : null(span);
    join->take(std::move(result));
    code_.release_registers(mark);
    code_.release_blocks(blocks);
    return never(span);
  }
  if (node.value) lower(*node.value, Want::row);
  code_.release_registers(mark);
  code_.release_blocks(blocks);
  code_.jump(VM_OP_jmp, 0, exit_);
  return never(span);
}

}  // namespace bytecode
