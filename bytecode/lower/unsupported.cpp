#include "bytecode/lower/unsupported.hpp"

namespace bytecode {
namespace {

constexpr std::string_view kNoShell = "a probe has no shell: do it in Nushell on the rows";

constexpr UnsupportedCommand kCommands[] = {
    {"get_stack", "write kstack, of the kernel, or ustack, of the process"},
    {"exit", "use --limit or --for"},
    {"sort-by", kInNushell},
    {"group-by", kInNushell},
    {"uniq-by", kInNushell},
    {"enumerate", kInNushell},
    {"compact", "use where: where $it != null"},
    {"flatten", kInNushell},
    {"transpose", kInNushell},
    {"histogram", "count here: $ctx.comm | count; of numbers: hist"},
    {"par-each", "use each"},
    {"items", kInNushell},
    {"zip", kInNushell},
    {"window", kInNushell},
    {"chunks", kInNushell},
    {"chunk-by", kInNushell},
    {"find", "use where"},
    {"filter", "use where"},
    {"slice", "use skip and take"},
    {"every", kInNushell},
    {"wrap", "write a record: {name: $x}"},
    {"move", "write a record with its fields in order"},
    {"parse", kInNushell},
    {"detect", kInNushell},
    {"url", kInNushell},
    {"encode", kInNushell},
    {"decode", kInNushell},
    {"hash", kInNushell},
    {"ansi", kInNushell},
    {"char", "write the character: \"\\n\", \"\\u{1f600}\""},
    {"seq", "write a range: 1..5"},
    {"generate", "use while or loop"},
    {"roll", kInNushell},
    {"rotate", kInNushell},
    {"headers", kInNushell},
    {"interleave", kInNushell},
    {"shuffle", kInNushell},
    {"combinations", kInNushell},
    {"permutations", kInNushell},
    {"cal", kInNushell},
    {"semver", kInNushell},
    {"table", kInNushell},
    {"grid", kInNushell},
    {"metadata", kInNushell},
    {"tee", kInNushell},
    {"collect", kInNushell},
    {"inspect", "use print"},
    {"debug", "use print"},
    {"explain", "use bpf-explain"},
    {"echo", "use print or emit"},
    {"sleep", "a probe cannot wait"},
    {"input", "a probe cannot wait"},
    {"date", "use $ctx.time"},
    {"save", kNoShell},
    {"ls", kNoShell},
    {"open", kNoShell},
    {"glob", kNoShell},
    {"which", kNoShell},
    {"ps", kNoShell},
    {"sys", kNoShell},
    {"http", kNoShell},
    {"cd", kNoShell},
    {"cp", kNoShell},
    {"mv", kNoShell},
    {"rm", kNoShell},
    {"mkdir", kNoShell},
    {"touch", kNoShell},
    {"kill", kNoShell},
    {"run-external", kNoShell},
    {"with-env", kNoShell},
    {"load-env", kNoShell},
    {"nu-check", kNoShell},
    {"query", kNoShell},
    {"stor", kNoShell},
    {"job", kNoShell},
    {"is-admin", "compare the user: $ctx.uid == 0"},
    {"whoami", "use $ctx.uid"},
    {"to", kInNushell},
    {"from", kInNushell},
    {"try", "faults end a run; bpf-list shows them"},
    {"error", "use print"},
};

constexpr std::string_view kNoRegex = "no regular expressions in a probe";
constexpr std::string_view kNotHere = "not in a probe";
constexpr std::string_view kReplaceRows =
    "take a plain text, or do it on the rows: | update NAME { str replace --regex ... }";
constexpr std::string_view kSplitRows =
    "split at a plain text, or do it on the rows: | update NAME { split row --regex ... }";

constexpr UnsupportedFlag kFlags[] = {
    {"str replace", "--regex", "-r", kNoRegex, kReplaceRows},
    {"str replace", "--multiline", "-m", kNoRegex, kReplaceRows},
    {"split row", "--regex", "-r", kNoRegex, kSplitRows},
    {"split column", "--regex", "-r", kNoRegex, kSplitRows},
    {"split row", "--right", "", kNotHere, kInNushell},
    {"split column", "--right", "", kNotHere, kInNushell},
    {"describe", "--detailed", "-d", kNotHere, "it names the type alone: describe"},
    {"describe", "--no-collect", "-n", kNotHere, "it collects nothing anyway: describe"},
    {"first", "--strict", "-s", kNotHere, "ask first: is-empty"},
    {"last", "--strict", "-s", kNotHere, "ask first: is-empty"},
    {"format date", "--list", "-l", kNotHere, "ask Nushell: format date --list"},
    {"into datetime", "--list", "-l", kNotHere, "ask Nushell: into datetime --list"},
    {"into datetime", "--timezone", "-z", kNotHere, kInNushell},
    {"into datetime", "--offset", "-o", kNotHere, kInNushell},
    {"into bool", "--relaxed", "", kNotHere, kInNushell},
    {"get", "--ignore-case", "", kNotHere, "write the name as it is"},
    {"sort", "--values", "-v", kNotHere, kInNushell},
    {"sort", "--natural", "-n", kNotHere, kInNushell},
    {"to json", "--serialize", "-s", kNotHere, kInNushell},
    {"to nuon", "--raw", "-r", kNotHere, "use to json --raw, or do it in Nushell on the rows"},
    {"to nuon", "--indent", "-i", kNotHere, kInNushell},
    {"to nuon", "--tabs", "-t", kNotHere, kInNushell},
};

}  // namespace

const UnsupportedCommand* find_unsupported(std::string_view command) {
  for (const UnsupportedCommand& row : kCommands) {
    if (row.name == command) return &row;
  }
  return nullptr;
}

const UnsupportedFlag* find_unsupported_flag(std::string_view command, std::string_view flag) {
  for (const UnsupportedFlag& row : kFlags) {
    const bool named = row.name == flag || (!row.letter.empty() && row.letter == flag);
    if (row.command == command && named) return &row;
  }
  return nullptr;
}

}  // namespace bytecode
