// A probe that is ready to be attached: its targets found, its closure compiled for each of them.
// Nothing is in the kernel yet.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plugin/commands/programs.hpp"
#include "plugin/commands/target_words.hpp"

namespace plugin {

struct Plan {
  TargetRequest wanted;
  std::vector<host::Target> targets;
  ClosureArgument closure;
  Programs programs;
  std::string note;  // what was warned of
  // The closure does not compile, because nothing is put into this map yet; another closure of the
  // same group may do it.
  std::string missing_map;

  // "vfs_read", or of several what the user wrote.
  const std::string& called() const {
    return targets.size() == 1 ? targets.front().text : wanted.words;
  }
  bool has_maps() const;
};

// Finds the targets of `plan.wanted`, reads the closure and compiles it for them. What could not be
// found and may be missing is said to the terminal, and in the plan's note.
Task<std::optional<LabeledError>> make_plan(CallPtr call, Tracing& tracing, Node closure,
                                            const CompileFlags& flags, Plan& plan);

// Compiles the closure again, with these maps.
std::optional<LabeledError> compile_plan(const Call& call, const CompileFlags& flags,
                                         std::vector<bytecode::MapSpec> maps, Plan& plan);

// The places that an error about a plan may be about.
Blame blame_of(const Call& call, const Plan& plan);

// What to attach. The plan's programs and targets go with it.
Tracing::Attachment attachment_of(Plan& plan, const host::AttachOptions& options);

// {kind target note instructions code}; of several targets also `targets`, all their names. Targets
// that run different programs are a row each of a table.
bytecode::Value dry_run(const Plan& plan);

// One record of a plan for each of its programs: the one alone, or a list.
bytecode::Value each_share(
    const Plan& plan, const std::function<bytecode::Record(const Share&, const std::string&)>& row);

}  // namespace plugin
