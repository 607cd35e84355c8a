// SPDX-License-Identifier: MIT
// What a command takes, as data: from it come the parser, the help text and the shell completions. A command's file
// declares its options here and never meets the parser itself (command_line.cpp, the one file that includes CLI11).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cmd/exit_code.hpp"

namespace tether::cmd {

class CommandLine;
class Context;

/// A word of the command line. `define` declares its options and says what to run; it is called only when this command
/// is chosen, asked for help or completed, so that a one-shot command pays for no other.
struct Command {
  std::string_view name;
  std::string_view summary;  // one line, no full stop
  void (*define)(CommandLine&);
};

/// Where a value goes. Numbers are whole and at least 1; durations are `90d`, `10m`, `250ms`. A vector takes the option
/// several times, one value each. A function is called with the value. Anything else given twice is an error.
using Target = std::variant<std::string*, std::optional<std::string>*, std::int64_t*, std::optional<std::int64_t>*,
                            std::chrono::milliseconds*, std::optional<std::chrono::milliseconds>*,
                            std::vector<std::string>*, std::function<void(const std::string&)>>;

class CommandLine {
 public:
  /// `names` as in `--all` or `-n,--limit`. Targets must live until the command has run: keep them in a shared_ptr that
  /// the function given to `run` holds.
  CommandLine& flag(std::string_view names, bool* target, std::string_view help);
  CommandLine& option(std::string_view names, std::string_view value, Target target, std::string_view help);
  /// Words without a dash, in order. A std::string is required, a std::optional may be absent, a vector takes all that
  /// follow.
  CommandLine& positional(std::string_view name, Target target, std::string_view help);
  /// A command has sub-commands or positionals, never both. Without a sub-command it does what `run` says, where that
  /// is given.
  CommandLine& sub_command(const Command& command);
  /// Said beside the usual hint when a word names no sub-command.
  CommandLine& hint_for_words(std::string_view text);
  /// Paragraphs and examples that stand in the help text behind the options.
  CommandLine& details(std::string_view text);
  /// A code of this command beside 0, 1 and 2, with what it means here.
  CommandLine& exit_status(ExitCode code, std::string_view meaning);
  CommandLine& run(std::function<ExitCode(Context&)> run);

  struct Flag {
    std::string names;
    bool* target;
    std::string help;
  };
  struct Option {
    std::string names;
    std::string value;
    Target target;
    std::string help;
  };
  struct Status {
    ExitCode code;
    std::string meaning;
  };

  // What was declared, for the parser, the help text and the completions.
  std::vector<Flag> flags;
  std::vector<Option> options;
  std::vector<Option> positionals;
  std::vector<Command> sub_commands;
  std::string words_hint;
  std::vector<std::string> paragraphs;
  std::vector<Status> statuses;
  std::function<ExitCode(Context&)> action;
};

/// The options that every command takes, before or behind its name.
struct Globals {
  std::optional<std::string> db;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
};

struct Invocation {
  Globals globals;
  std::string help;  // when not empty: print this and end well
  std::function<ExitCode(Context&)> action;
};

/// Reads the arguments behind the program's name. Throws Error(usage), whose hint says how to get help; `globals` holds
/// what was read until then, so that the error itself can be reported as JSON.
Invocation parse(std::span<const Command> commands, const std::vector<std::string>& arguments, Globals& globals);

/// The help text of the command named by `path` (empty: the program).
std::string help_text(std::span<const Command> commands, const std::vector<std::string>& path);

}  // namespace tether::cmd
