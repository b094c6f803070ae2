#include "plugin/commands/programs.hpp"

#include <algorithm>
#include <utility>

#include "plugin/commands/target_words.hpp"

namespace plugin {

namespace {

using bytecode::Error;
using bytecode::Program;

// Targets that the compiler cannot tell apart.
struct Layout {
  const bytecode::Schema* schema = nullptr;  // of the first
  std::vector<size_t> targets;
};

std::vector<Layout> layouts(const std::vector<host::Target>& targets) {
  std::vector<Layout> found;
  for (size_t i = 0; i < targets.size(); ++i) {
    const bytecode::Schema& schema = targets[i].schema;
    const auto same = std::find_if(found.begin(), found.end(), [&](const Layout& layout) {
      return layout.schema->same_layout(schema);
    });
    if (same == found.end())
      found.push_back({&schema, {i}});
    else
      same->targets.push_back(i);
  }
  return found;
}

bool same_place(const Error& a, const Error& b) {
  const auto start = [](const Error& error) {
    return error.labels.empty() ? bytecode::Span{} : error.labels.front().span;
  };
  return a.message == b.message && start(a) == start(b);
}

bool replace(std::string& text, const std::string& word, const std::string& by) {
  const size_t at = text.find(word);
  if (at == std::string::npos) return false;
  text.replace(at, word.size(), by);
  return true;
}

// Says of which targets an error is true, where it names the one that it was found at.
bool name_targets(Error& error, const std::string& one, const std::string& all) {
  bool named = replace(error.message, one, all);
  for (bytecode::Label& label : error.labels) named = replace(label.text, one, all) || named;
  for (Error& other : error.more) named = name_targets(other, one, all) || named;
  return named;
}

struct Refusal {
  Error error;
  std::string at;                  // the target that the error speaks of
  std::vector<std::string> names;  // of all that are refused so
};

Error error_of(std::vector<Refusal> refusals, size_t target_count) {
  Refusal& most = *std::max_element(
      refusals.begin(), refusals.end(),
      [](const Refusal& a, const Refusal& b) { return a.names.size() < b.names.size(); });
  if (target_count == 1) return std::move(most.error);
  const std::string names = some_of(most.names);
  const bool named = name_targets(most.error, most.at, names);
  const size_t others = target_count - most.names.size();
  if (!named && others > 0) {
    if (!most.error.hint.empty()) most.error.hint += "\n";
    most.error.hint += "this is so at " + names;
  }
  return std::move(most.error);
}

}  // namespace

bytecode::Result<Programs> compile_closure(const ClosureArgument& closure,
                                           const std::vector<host::Target>& targets,
                                           const CompileFlags& flags,
                                           std::vector<bytecode::MapSpec> maps) {
  bytecode::CompileOptions options;
  options.dialect = closure.dialect;
  options.captures = closure.captures;
  options.texts = closure.texts;
  if (flags.string_bytes) options.string_bytes = *flags.string_bytes;
  if (flags.fuel) options.fuel = *flags.fuel;
  if (flags.map_entries) options.map_entries = *flags.map_entries;
  options.lru = flags.lru;
  options.maps = std::move(maps);

  Programs programs(targets.size());
  Programs different;
  std::vector<Refusal> refusals;
  for (const Layout& layout : layouts(targets)) {
    auto compiled = bytecode::compile(closure.source.text, *layout.schema, options);
    if (!compiled) {
      auto same = std::find_if(refusals.begin(), refusals.end(), [&](const Refusal& refusal) {
        return same_place(refusal.error, compiled.error());
      });
      if (same == refusals.end())
        same = refusals.insert(same, {std::move(compiled.error()), layout.schema->target, {}});
      for (const size_t target : layout.targets)
        same->names.push_back(targets[target].schema.target);
      continue;
    }
    auto program = std::make_shared<const Program>(std::move(*compiled));
    const auto same = std::find_if(different.begin(), different.end(), [&](const auto& other) {
      return bytecode::same_program(*other, *program);
    });
    if (same == different.end())
      different.push_back(program);
    else
      program = *same;
    for (const size_t target : layout.targets) programs[target] = program;
  }
  if (!refusals.empty()) return error_of(std::move(refusals), targets.size());
  return programs;
}

std::vector<Share> shares(const Programs& programs) {
  std::vector<Share> found;
  for (size_t i = 0; i < programs.size(); ++i) {
    const auto same = std::find_if(found.begin(), found.end(), [&](const Share& share) {
      return share.program == programs[i];
    });
    if (same == found.end())
      found.push_back({programs[i], {i}});
    else
      same->targets.push_back(i);
  }
  return found;
}

}  // namespace plugin
