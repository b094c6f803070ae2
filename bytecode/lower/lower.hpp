// From the tree to instructions, in one pass that also resolves names and checks types.
//
// Each expression becomes an Operand (types.hpp): what is known of it and where it will be. Reads
// of the context stay unread until something needs them, so that a constant or a field in an output
// costs only its own instructions, and `$ctx.comm` as a key becomes one. What only the host can
// compute stays an expression of such operands. After an error the operand is `bad`, which nothing
// complains about again, and the pass goes on: all independent errors of a closure come at once.
//
// Whatever has a shape is a thing of compile time: records and lists are operands of operands,
// closures and custom commands are lowered where they are called. Only scalars have registers.
//
// Some code depends on what comes later: what types the branches of an `if` have, what a loop's
// body assigns. It is lowered as if the simple thing were true, and again where it was not
// (attempt).
//
// Parts: lower.cpp (blocks, names, variables), control.cpp (pipes, if, match, return),
// loop.cpp, call.cpp (closures and custom commands), join.cpp (values of several
// branches), expr.cpp (values), operator.cpp (operators), condition.cpp (tests
// and jumps), context_fields.cpp (what `$ctx` holds), verbs.cpp (verbs), output.cpp
// (rows), key.cpp (keys of maps), maps.cpp, walk.cpp, buckets.cpp, timers.cpp (verbs
// that keep something in the kernel), computed.cpp (what the host computes),
// commands.cpp (commands of Nushell; their table), list.cpp, record.cpp,
// text.cpp; typed.cpp (below C types), fetch.cpp (reads), memory.cpp (verbs on addresses).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "bytecode/compile.hpp"
#include "bytecode/lower/assembler.hpp"
#include "bytecode/lower/call_site.hpp"
#include "bytecode/lower/join.hpp"
#include "bytecode/lower/known_maps.hpp"
#include "bytecode/lower/types.hpp"
#include "bytecode/parser/ast.hpp"

namespace bytecode {

class Lowering {
 public:
  Lowering(std::string_view source, const Schema& schema, const CompileOptions& options);
  Result<Program> run(const ast::Closure& closure);
  // Whether it must be run again by a new Lowering that knows what this one has learnt.
  bool lower_again() const { return lower_again_; }
  void learn(const Lowering& before) {
    known_maps_.learn(before.known_maps_, before.program_.maps);
  }
  // Makes a text of the options known, with the tree that was parsed from it.
  void add_command(const ast::Def& def, const Text& text);
  void add_closure(const ast::Closure& closure, uint32_t text);
  static bool has_command(std::string_view name);
  static std::vector<std::string_view> command_names();

 private:
  friend class Join;
  static std::vector<NamedOperand> without_muts(const std::vector<NamedOperand>& variables);
  Operand captured_mut(std::string_view name, Span span);  // reports it

  using Items = std::vector<Operand>;
  using Handler = Operand (Lowering::*)(const CallSite& site, const Operand* input);
  struct Command {
    std::string_view name;
    Handler handler;
    bool pipe_only = false;  // without a pipe it has no input, not $in
  };

  // What becomes of an expression's value.
  enum class Want : uint8_t {
    nothing,
    row,    // the closure's last value: a row, unless it is null
    value,  // an operand
  };

  // How a comparison can be jumped on.
  struct Test {
    enum class Kind : uint8_t { known, with_number, truth };
    Kind kind = Kind::known;
    bool known = false;           // known
    ast::Op op = ast::Op::equal;  // with_number: reg op number
    uint8_t reg = 0;              // with_number, truth: reg != 0
    int32_t number = 0;
    bool negated = false;  // truth: reg == 0
  };

  // A loop around what is lowered now. An unrolled one has no place to go on from but the next
  // round's beginning.
  struct Loop {
    Assembler::Label end;
    Assembler::Label next;
  };

  // The place that `return` leaves to.
  struct Frame {
    Join* join = nullptr;  // takes its value; null in the probe's closure, where it becomes a row
    size_t loops = 0;      // that it is inside of: `break` may not leave a closure
  };

  // Everything that lowering again must find as it was.
  struct Checkpoint {
    Assembler code;
    Program program;
    std::vector<NamedOperand> variables;
    size_t errors;
    uint32_t unnamed_maps;
    std::vector<Join::Taken> taken;  // of each open join
  };

  // Blocks, names, variables: lower.cpp.
  void declare_parameter(const ast::Closure& closure);
  Operand lower(const ast::Expr& expr, Want want);
  Operand lower_inner(const ast::Expr& expr, Want want);
  Operand value(const ast::Expr& expr) { return lower(expr, Want::value); }
  Operand block(const ast::Block& block, Want want);
  void declare_commands(const ast::Block& block);
  void define(const ast::Def& def);
  bool let(const ast::Let& let);  // false where its value never comes: `let x = return`
  void assign(const ast::Assign& assign, Span span);
  Operand kept(Operand value);
  Operand variable_tree(Operand value, uint32_t mark, Span name);
  Operand variable_register(Operand value, uint32_t mark);
  bool store_tree(Operand& variable, const Operand& value, const ast::Assign& assign);
  void store(Operand& variable, const Operand& value);
  void copy_text(uint8_t to, uint8_t block, uint8_t from, uint32_t capacity);
  Operand* find_variable(std::string_view name);
  std::vector<std::string> variable_names() const;
  Checkpoint checkpoint() const;
  void roll_back(const Checkpoint& before);
  // Counts the parts of values that lowering has made. False where there have been too many:
  // branches in branches whose values have several forms, and the items of lists in lists, unfold
  // to powers of their number. Then nothing is lowered any more.
  bool spend(Span span, size_t parts = 1);

  // Control: control.cpp.
  Operand pipeline(const ast::Pipeline& pipeline, Want want);
  Operand pipeline_from(const ast::Pipeline& pipeline, size_t at, Operand input, Want want,
                        Span span);
  Operand filtered(const ast::Pipeline& pipeline, size_t at, Operand input, Want want, Span span);
  Operand conditional(const ast::If& node, Span span, Want want);
  Operand conditional_value(const ast::If& node, Span span);
  Operand match(const ast::Match& node, Span span, Want want);
  // Whether it fits, where that is known before the closure runs.
  std::optional<bool> pattern(const ast::Pattern& pattern, const Operand& subject,
                              Assembler::Label otherwise);
  std::optional<bool> value_pattern(const ast::Pattern& pattern, const Operand& subject,
                                    Assembler::Label otherwise);
  std::optional<bool> parts_of_pattern(const ast::Pattern& pattern, const Operand& subject,
                                       Assembler::Label otherwise);
  void branch_where(const ast::Where& node, const Operand& row, Assembler::Label otherwise);
  bool is_captured_closure(std::string_view name) const;
  static Bounds bounds_of(const Operand& range);
  Operand where(const ast::Where& node, Span span, Want want);
  Operand loop(const ast::While& node, Span span);
  Operand for_each(const ast::For& node, Span span);
  void for_range(const ast::For& node, const Operand& range);
  void for_list(const ast::For& node, const Operand& list);
  void loop_body(const ast::Block& block, Assembler::Label next, Assembler::Label end);
  void until_stable(const std::function<void()>& lower_loop);
  Operand leave_loop(Span span, bool next);
  Operand give_back(const ast::Return& node, Span span);
  Operand never(Span span) const;  // the value of what never goes on

  // Values of several branches: join.cpp. `branches` lowers each and hands its value to the
  // join at the branch's end.
  Operand joined(Span span, const std::function<void(Join&)>& branches, bool scalar = false);
  // f of each alternative of a choice.
  Operand distributed(const Operand& choice, const std::function<Operand(const Operand&)>& f);
  void each_alternative(const Operand& choice, Join& join,
                        const std::function<Operand(const Operand&)>& f);
  void each_leaf(const Operand& operand,
                 const std::function<void(uint8_t reg, bool is_handle)>& f) const;

  // Closures and custom commands: call.cpp.
  Operand closure_value(const ast::Closure& node, Span span);
  static Operand closure_operand(std::shared_ptr<const ClosureValue> closure, Span span);
  // Inlines a closure. What it has too few of is null, what it has too many of is not looked at, as
  // `each` and `where` call closures.
  Operand call_closure(const Operand& closure, std::vector<Operand> args, const Operand& input);
  Operand call_custom(const CustomCommand& command, const CallSite& site, const Operand* input);
  Operand inlined(const ClosureValue& closure, std::vector<CustomCommand> commands,
                  std::vector<NamedOperand> bound, const Operand& input, Span span);
  static Operand bad_operand(Span span);  // stands for what an error has been reported of
  Operand do_command(const CallSite& site, const Operand* input);
  const CustomCommand* find_command(std::string_view name) const;
  bool fits_type(const ast::Parameter& parameter, const Operand& value);
  // The arguments of a call; nothing where they do not fit, which has been reported.
  std::optional<Arguments> arguments(const CallSite& site, const Signature& signature);

  // Values: expr.cpp.
  Operand expression(const ast::Expr& expr);
  template <typename Node>
  Operand expression_of(const Node& node, const ast::Expr& expr);
  Operand variable(const ast::Variable& node, Span span);
  Operand captured(const Capture& capture, Span span);
  Operand path(const ast::Path& node, Span span);
  Operand column(const ast::Column& node, Span span);
  Operand follow(Operand base, std::span<const ast::Member> members, Span base_span);
  Operand member(const Operand& base, const ast::Member& member, std::string_view base_text);
  Operand record(const ast::Record& node, Span span);
  Operand list(const ast::List& node, Span span);
  void add_item(Operand& list, const ast::Expr& item);  // or the items of `...$list`
  Operand range(const ast::Range& node, Span span);
  Operand interpolation(const ast::Interpolation& node, Span span);
  Operand item_of(const Operand& list, const ast::Member& step, std::string_view base_text);
  bool missing_dollar(const ast::Expr& expr, bool may_be_text = false);  // reports `pid > 5`
  Operand host_in_mut(const Operand& value);                             // reports it
  Operand calendar_date(Span span);  // reports a date that stands where a register should
  Operand force(Operand operand);    // into a register
  Operand settled(Operand operand, uint32_t mark);

  // Operators: operator.cpp.
  Operand binary(const ast::Binary& node, Span span);
  // `left op right` of any operator but `and` and `or`.
  Operand operation(const ast::Binary& node, const Operand& left, const Operand& right, Span span,
                    uint32_t mark);
  Operand arithmetic(const ast::Binary& node, const Operand& left, const Operand& right, Span span,
                     uint32_t mark);
  Operand compute(ast::Op op, Type type, const Operand& left, const Operand& right, Span span,
                  uint32_t mark);
  Operand membership(const ast::Binary& node, const Operand& item, const Operand& set, Span span);
  Operand text_test(const ast::Binary& node, const Operand& left, const Operand& right, Span span);
  Operand divide(const ast::Binary& node, const Operand& left, const Operand& right, Span span);
  Operand mismatch(const ast::Binary& node, const Operand& left, const Operand& right);
  // A bool in a register: `left == right`, of scalars, or part by part.
  Operand equals(const Operand& left, const Operand& right, Span span);
  // Where it is known before the closure runs.
  std::optional<bool> known_equal(const Operand& left, const Operand& right);
  Operand equal_parts(const Operand& left, const Operand& right, Span span);
  Operand in_range(const Operand& item, const Operand& range, Span span);
  Operand in_items(const Operand& item, const Items& items, Span span);
  Operand in_text(const Operand& part, const Operand& whole, Span span);
  Operand in_names(const Operand& item, const Operand& record, Span span);
  Operand negated_if(bool negated, Operand condition);

  // Tests and jumps: condition.cpp.
  // The condition, where it is known before the closure runs.
  std::optional<bool> branch(const ast::Expr& expr, bool when, Assembler::Label to);
  std::optional<bool> branch_inner(const ast::Expr& expr, bool when, Assembler::Label to);
  std::optional<bool> branch_on(const Test& test, bool when, Assembler::Label to);
  std::optional<bool> branch_if(const Operand& condition, bool when,
                                Assembler::Label to);  // a bool operand
  Test comparison(const ast::Binary& node, Span span);
  Test comparison_of(const ast::Binary& node, Operand left, Operand right, Span span,
                     uint32_t mark);
  std::optional<Test> compare_exactly(ast::Op op, const Operand& left, const Operand& right);
  Operand host_in_condition(const Operand& operand);  // reports it
  Test compare(ast::Op op, Operand left, Operand right, uint32_t mark);
  Test compare_strings(ast::Op op, Operand left, Operand right, uint32_t mark);
  Test compare_null(ast::Op op, Operand operand);
  Operand truth(const ast::Expr& expr);  // of `and`, `or`, `not` as a value
  Operand truth_by_host(const ast::Expr& expr);
  Operand value_of(const Test& test, Span span, uint32_t mark);

  // What $ctx holds: context_fields.cpp.
  Operand context_member(const ast::Member& member);
  Operand argument(const ast::Member& member);
  Operand field_operand(const Field& field, Span span);
  Operand register_argument(const ast::Member& member);
  std::vector<std::pair<std::string, Operand>> all_arguments(Span span);
  std::vector<std::pair<std::string, Operand>> all_registers(Span span);
  Operand machine_register(const ast::Member& member);
  static bool is_context_name(std::string_view name);
  Operand task_operand(Span span, std::string_view asked);
  Operand stack_operand(bool user, uint32_t depth, Span span);
  Operand stack_verb(const CallSite& site, bool user);
  Operand kstack_verb(const CallSite& site, const Operand* input);
  Operand ustack_verb(const CallSite& site, const Operand* input);
  Operand site_operand(const Builtin& row, const std::string& known, As shown, Span span);

  // How it gets into a register: fetch.cpp.
  Operand fetch(const Operand& operand);
  Operand fetch_string(const Operand& operand, Operand result);
  uint8_t load_address(const Operand& operand, uint8_t into);

  // C types: typed.cpp.
  CType shape(CRef type) const;
  CRef pointee(CRef type) const;
  bool is_pointer(const Operand& operand) const;
  bool is_alike(const Operand& a, const Operand& b) const;
  bool may_hold(const Operand& variable, const Operand& value, const ast::Assign& assign);
  EnumNames enumerators(const Operand& operand) const;
  bool name_enumerator(Operand& left, Operand& right);
  const Field* interned(Field field);
  Operand pointed_at(const Operand& pointer);
  Operand part_at(const Operand& place, uint64_t offset, const CMember& member, Span span,
                  CRef type, bool refuses);
  Operand c_member(const Operand& base, const ast::Member& step, std::string_view base_text);
  std::vector<std::pair<std::string, Operand>> parts_of_place(const Operand& place);
  bool has_value(const Operand& operand) const;
  Operand kept_place(Operand place);
  uint8_t address_of(const Operand& place);
  Operand bytes_at(const Operand& place, uint32_t bytes);

  // Verbs on numbers and addresses: memory.cpp.
  // The text there. Registers from `mark` on were the address's own.
  Operand text_at(const Operand& address, std::optional<uint32_t> mark = {});
  Operand address_behind(const Operand& value);
  std::string text_hint(const Operand& text, const std::string& hint) const;
  Operand remade(vm_opcode op, const Operand& number, uint8_t c, int32_t imm, Span span);
  Operand narrowed(const Operand& number, uint32_t size, bool is_signed, Span span);
  std::optional<CRef> cast_type(const ast::Expr& expr);
  std::optional<Operand> address_for(const CallSite& site, const Operand* input,
                                     const Arguments& given);
  Operand socket_address(const Operand& place, Span span);
  Operand as_verb(const CallSite& site, const Operand* input);
  Operand read_int_verb(const CallSite& site, const Operand* input);
  Operand read_mem_verb(const CallSite& site, const Operand* input);
  Operand bswap_verb(const CallSite& site, const Operand* input);
  Operand ip_addr_verb(const CallSite& site, const Operand* input);
  Operand str_join(const CallSite& site, const Operand* input);

  // What the host computes: computed.cpp.
  // The function of these arguments: a constant where all of them are, else for later. Reports
  // types that do not fit, at `span`.
  Operand computed(bytecode::Function function, std::vector<Operand> args, Span span);
  Operand force_computed(Operand operand);  // by an instruction, or reports that there is none
  // Whether there is no way to have it in a register.
  bool is_host_only(const Operand& operand) const;
  // Likewise, where constants are folded.
  bool is_left_to_host(const Operand& operand) const {
    return !operand.is_constant() && is_host_only(operand);
  }
  bool has_host_only(const std::vector<Operand>& items) const;
  Operand force_text(const Computed& node, Operand result);
  Operand force_substring(const Computed& node, Operand result);
  Operand force_quotient(const Computed& node, Operand result);

  // Commands: commands.cpp has the table; a command's input is null where it has none.
  Operand call(const ast::Call& call, Span span, const Operand* input);
  Operand run_command(const CallSite& site, const Command& command, const Operand* input);
  Operand unknown_command(const CallSite& site);
  // `str trim name path`: the command for each of these fields. Nothing where no fields follow.
  std::optional<Operand> of_fields(const CallSite& site, const FunctionCommand& command,
                                   const Operand* input);
  Operand function_command(const CallSite& site, const FunctionCommand& command,
                           const Operand* input);
  // What the function takes for an input without arguments.
  static std::vector<Operand> host_arguments(const FunctionCommand& command, const Operand& input);
  Operand input_of(const CallSite& site, const Operand* input);  // reports a missing one
  // Reports an input that the command does not take; `needed` is what it takes: "a list".
  Operand unfit(const CallSite& site, const Operand& input, std::string_view needed,
                std::string hint = {});

  // Lists and ranges: list.cpp. Commands have the signature of Handler.
  static std::span<const Command> commands();
  // The items of a list or of a short constant range; nothing where the input is neither, which has
  // been reported.
  std::optional<Items> items_of(const CallSite& site, const Operand& input);
  // f of each item that is there; without `keeps_null`, items where f is null are left out.
  Operand mapped(const Items& items, bool keeps_null, Span span,
                 const std::function<Operand(const Operand&)>& f);
  Operand mapped_item(const Operand& item, Span span,
                      const std::function<Operand(const Operand&)>& f);
  std::optional<Operand> unless_null(Operand value);
  // step(item, step(item, ... start)), from the first item on where there is no start.
  Operand accumulated(
      const Items& items, std::optional<Operand> start, Span span,
      const std::function<Operand(const Operand& item, const Operand& so_far)>& step);
  // A bool in a register: `when` where `jumps` goes to its label, else not `when`.
  Operand reached(Span span, bool when, const std::function<void(Assembler::Label)>& jumps);
  Operand is_not_null(const Operand& operand);
  Operand read_once(Operand operand);
  Operand row_condition(const ast::Where& node, const Operand& row);
  Operand any_or_all(const CallSite& site, const Operand* input, bool any);
  Operand where_list(const ast::Where& node, const Operand& list, Span span);
  Operand each(const CallSite& site, const Operand* input);
  Operand any(const CallSite& site, const Operand* input);
  Operand all(const CallSite& site, const Operand* input);
  Operand reduce(const CallSite& site, const Operand* input);
  Operand length(const CallSite& site, const Operand* input);
  uint8_t present_count(const Items& items);
  Operand first_item(const Items& items, Span span);
  // The items of which fewer than `count` are before (kept), or the others.
  Items limited(const Items& items, const Operand& count, bool kept, Span span);
  Operand first_or_last(const CallSite& site, const Operand* input, bool last);
  std::optional<Operand> item_count(const CallSite& site, const Arguments& given);
  std::optional<Operand> range_end(const Operand& range, bool last);
  Operand emptiness(const CallSite& site, const Operand* input, bool empty);
  std::optional<Items> spliced(const CallSite& site, const Operand* input, bool before);
  Operand first(const CallSite& site, const Operand* input);
  Operand last(const CallSite& site, const Operand* input);
  Operand take(const CallSite& site, const Operand* input);
  Operand skip(const CallSite& site, const Operand* input);
  Operand drop(const CallSite& site, const Operand* input);
  Operand rest_of(const CallSite& site, const Operand* input, bool from_end);
  Operand is_empty(const CallSite& site, const Operand* input);
  Operand is_not_empty(const CallSite& site, const Operand* input);
  Operand append(const CallSite& site, const Operand* input);
  Operand prepend(const CallSite& site, const Operand* input);
  Operand reverse(const CallSite& site, const Operand* input);
  Operand math_fold(const CallSite& site, const Operand* input, bytecode::Function on_host,
                    const std::function<Operand(const Operand& item, const Operand& so_far)>& step);
  Operand extreme(const CallSite& site, const Operand* input, ast::Op better);
  Operand bits(const CallSite& site, const Operand* input, ast::Op op);
  Operand shifted_left(const Operand& value, const Operand& by, Span span);
  Operand math_abs(const CallSite& site, const Operand* input);
  Operand math_min(const CallSite& site, const Operand* input);
  Operand math_max(const CallSite& site, const Operand* input);
  Operand math_sum(const CallSite& site, const Operand* input);
  Operand math_product(const CallSite& site, const Operand* input);
  Operand bits_and(const CallSite& site, const Operand* input);
  Operand bits_or(const CallSite& site, const Operand* input);
  Operand bits_xor(const CallSite& site, const Operand* input);
  Operand bits_shl(const CallSite& site, const Operand* input);
  Operand bits_shr(const CallSite& site, const Operand* input);
  Operand random_int(const CallSite& site, const Operand* input);

  // Records: record.cpp.
  using CellPath = std::vector<ast::Member>;
  // What `insert` and its like do to one place of a value.
  struct Change {
    const CallSite& site;
    Operand replacement;
    bool may_exist = false, may_be_new = false;
    std::function<Operand(const Operand& old)> made_of_old;  // in place of the replacement
  };
  // What `get`, `select` and `reject` are given: a value, and places in it.
  struct Places {
    Operand base;
    std::vector<CellPath> paths;  // one at least
  };
  // Nothing where the arguments do not fit, which has been reported.
  std::optional<Places> places(const CallSite& site, const Operand* input, std::string_view hint);
  std::optional<std::vector<CellPath>> cell_paths(std::span<const ast::Expr* const> args,
                                                  bool optional);
  std::optional<Operand> record_of(const CallSite& site, const Operand& input);
  // f of a record, or of each record of a list.
  Operand of_records(const CallSite& site, const Operand& input,
                     const std::function<Operand(const Operand&)>& f);
  Operand selected(const Operand& record, std::span<const CellPath> paths, Span span);
  Operand selected_rows(const CallSite& site, const Operand& list, std::span<const CellPath> paths,
                        bool chosen);
  Operand without(const CallSite& site, const Operand& base, std::span<const ast::Member> path);
  Operand changed(const Change& change, const Operand& root, const Operand& base,
                  std::span<const ast::Member> path);
  Operand change(const CallSite& site, const Operand* input, bool may_exist, bool may_be_new);
  Operand merged(const CallSite& site, const Operand& left, const Operand& right);
  std::optional<std::vector<std::pair<std::string, std::string>>> renamed_columns(
      const CallSite& site, const ast::Expr& given);
  // `held`, which is not null there, or what `otherwise` makes where `is_absent` jumps to the
  // label.
  Operand unless_absent(const Operand& held,
                        const std::function<void(Assembler::Label absent)>& is_absent,
                        const std::function<Operand()>& otherwise, Span span);
  Operand or_default(const Operand& value, const std::function<Operand()>& otherwise, Span span);
  Operand at_path(const CallSite& site, Operand base, std::span<const ast::Member> path);
  Operand get(const CallSite& site, const Operand* input);
  Operand select(const CallSite& site, const Operand* input);
  Operand reject(const CallSite& site, const Operand* input);
  Operand rename(const CallSite& site, const Operand* input);
  Operand insert(const CallSite& site, const Operand* input);
  Operand update(const CallSite& site, const Operand* input);
  Operand upsert(const CallSite& site, const Operand* input);
  Operand merge(const CallSite& site, const Operand* input);
  Operand columns(const CallSite& site, const Operand* input);
  Operand values(const CallSite& site, const Operand* input);
  Operand default_value(const CallSite& site, const Operand* input);
  Operand describe(const CallSite& site, const Operand* input);
  Operand ignore(const CallSite& site, const Operand* input);

  // Conversions and text that the kernel can do: text.cpp.
  // f of a scalar that the kernel holds, or of each of a list; anything else is the host's.
  Operand converted(const CallSite& site, const Operand* input,
                    const std::function<std::optional<Operand>(const Operand&)>& f);
  Operand into_int(const CallSite& site, const Operand* input);
  Operand into_bool(const CallSite& site, const Operand* input);
  Operand into_duration(const CallSite& site, const Operand* input);
  Operand into_filesize(const CallSite& site, const Operand* input);
  Operand into_string(const CallSite& site, const Operand* input);
  Operand str_length(const CallSite& site, const Operand* input);

  // Verbs: verbs.cpp.
  Operand emit_verb(const CallSite& site, const Operand* input);
  Operand print_verb(const CallSite& site, const Operand* input);
  Operand count_verb(const CallSite& site, const Operand* input);
  Operand read_str_verb(const CallSite& site, const Operand* input);
  std::optional<std::string> literal_name(const ast::Expr& expr) const;

  // Rows: output.cpp.
  void row(RowType type, std::optional<std::string> event_type, Operand value, Span span);
  void row_unless_null(Operand value, Span span);
  void skip_if_null(const Operand& operand, Assembler::Label skip);
  Output output(const Operand& operand, RowSite& site, uint32_t& bytes);
  Output raw_output(const Operand& operand, RowSite& site, uint32_t& bytes);
  Output place_output(const Operand& place, RowSite& site, uint32_t& bytes);
  Output range_output(const Operand& range, RowSite& site, uint32_t& bytes);
  uint16_t raw_word(uint8_t reg, RowSite& site, uint32_t& bytes);

  // Keys: key.cpp.
  struct Key {
    std::vector<KeyPart> parts;
    std::vector<Operand> values;
    uint8_t key_class = 0;
    uint32_t zeroed = 0;  // bytes to zero before: those of the class, unless the parts fill it
    bool nullable = false;
  };
  std::optional<Key> key_of(const Operand* operand, const MapSpec& map, const Operand* bucket);
  bool key_parts(const Operand& operand, MapKind kind, Key& key);
  bool fit(Key& key, Span span);
  bool key_part(const std::string& name, const Operand& value, Key& key);
  void write_key(const Key& key);

  // Verbs on maps: maps.cpp, walk.cpp, buckets.cpp, timers.cpp.
  struct MapUse {
    std::optional<Key> key;
    uint32_t map = 0;  // of the program's
    uint32_t key_class() const { return key ? key->key_class : 0u; }
  };
  std::optional<const ast::Expr*> map_name(const CallSite& site, const Arguments& given,
                                           const std::string& from_pipe, bool needed = false);
  std::optional<Operand> by(const Arguments& given);
  bool take_key(const Arguments& given, const Operand* input, std::string hint,
                std::optional<Operand>& key);
  std::optional<MapUse> map_use(const CallSite& site, const ast::Expr* name, MapSpec map,
                                const Operand* key, const Operand* bucket = nullptr);
  std::optional<uint32_t> map_for(const CallSite& site, const ast::Expr* name, MapSpec map);
  void write_key_of(const MapUse& use);
  const MapSpec* known_map(std::string_view name) const;
  const MapSpec* map_of_values(const ast::Expr& name);
  Operand number_for(const CallSite& site, const Operand* input, bool may_be_date);
  Operand aggregate(const CallSite& site, const Operand* input, MapKind kind);
  Operand sum_verb(const CallSite& site, const Operand* input);
  Operand avg_verb(const CallSite& site, const Operand* input);
  Operand min_verb(const CallSite& site, const Operand* input);
  Operand max_verb(const CallSite& site, const Operand* input);
  Operand stats_verb(const CallSite& site, const Operand* input);
  Operand hist_verb(const CallSite& site, const Operand* input);
  std::optional<Buckets> buckets_of(const CallSite& site, const Arguments& given);
  std::optional<int64_t> constant_number(const ast::Expr& expr, std::string_view flag);
  uint8_t bucket_register(const Buckets& buckets, uint8_t number);
  Operand store_verb(const CallSite& site, const Operand* input, vm_opcode op);
  Operand store(const CallSite& site, const Operand* input, vm_opcode op, const ast::Expr& name,
                const Arguments& given);
  Operand map_put_verb(const CallSite& site, const Operand* input);
  Operand map_add_verb(const CallSite& site, const Operand* input);
  std::optional<MapUse> look_up(const CallSite& site, const Operand* input);
  Operand map_get_verb(const CallSite& site, const Operand* input);
  Operand map_has_verb(const CallSite& site, const Operand* input);
  Operand map_delete_verb(const CallSite& site, const Operand* input);
  void remove_entry(uint32_t map, uint32_t key_class);
  Operand map_each_verb(const CallSite& site, const Operand* input);
  std::optional<Operand> key_in_walk(const CallSite& site, const MapSpec& map);
  Operand part_in_walk(const KeyPart& part, size_t index, Span span);
  std::optional<int32_t> timer(const CallSite& site);
  Operand start_timer_verb(const CallSite& site, const Operand* input);
  Operand stop_timer_verb(const CallSite& site, const Operand* input);
  Operand timestamp_verb(const CallSite& site, const Operand* input);

  Operand fail(Span span, std::string message, std::string label, std::string hint = {});
  Operand null(Span span) const { return constant_operand(Value(Null{}), span); }
  std::string_view text(Span span) const {
    return std::string_view(source_).substr(span.start, span.end - span.start);
  }
  // The fields of a record, the items of a list, whether they are one constant or operands.
  std::vector<std::pair<std::string, Operand>> members_of(const Operand& operand);

  std::string source_;    // the closure's and all other texts
  uint32_t closure_end_;  // in source_
  const Schema& schema_;
  const CompileOptions& options_;
  Assembler code_;
  Program program_;
  std::vector<Error> errors_;
  std::vector<NamedOperand> variables_;               // innermost last
  std::vector<CustomCommand> commands_;               // innermost last
  std::map<uint32_t, const ast::Closure*> closures_;  // of options_.texts
  const std::vector<Capture>* captures_;              // of the text that is lowered now
  std::optional<Operand> in_;   // $in: the pipe's value, first of all the event
  std::optional<Operand> row_;  // in the condition of a `where`: what its columns are fields of
  std::string context_name_ = "ctx";
  uint32_t operand_depth_ = 0;  // inside operands of an operator, a record or a list
  uint32_t unnamed_maps_ = 0;
  std::vector<Loop> loops_;
  struct Walk {
    uint32_t map = 0;
    uint8_t place = 0;  // the register with the place of the next entry
  };
  std::vector<Walk> walks_;                    // map-each around what is lowered
  std::vector<Join*> joins_;                   // that are lowered now, innermost last
  std::vector<Frame> frames_;                  // the probe's closure, then what is inlined
  std::vector<const ast::Closure*> inlining_;  // bodies under way: none may call itself
  Assembler::Label exit_ = 0;                  // where the closure ends
  bool has_loops_ = false;                     // that jump backward
  // Which raw field of the row under construction has which value: a builtin, a field, a register.
  using SentValue = std::tuple<const Builtin*, const Field*, uint8_t, bool, bool>;
  std::map<SentValue, uint16_t> sent_;
  KnownMaps known_maps_;
  bool lower_again_ = false;
  static constexpr size_t max_work = 100'000;  // some tenths of a second
  size_t work_ = 0;                            // spent, on what was rolled back too
  std::optional<Span> spent_;                  // where max_work was passed
  std::deque<Field> fields_;                   // that paths have led to; operands point to them
  bool host_decides_ = false;  // a condition was refused because the host computes it
};

}  // namespace bytecode
