// SPDX-License-Identifier: MIT
#include "cmd/command_line.hpp"

#include <CLI/CLI.hpp>
#include <charconv>

#include "base/clock.hpp"
#include "base/nearest.hpp"
#include "cmd/commands.hpp"

namespace tether::cmd {

CommandLine& CommandLine::flag(std::string_view names, bool* target, std::string_view help) {
  flags.push_back({std::string(names), target, std::string(help)});
  return *this;
}

CommandLine& CommandLine::option(std::string_view names, std::string_view value, Target target, std::string_view help) {
  options.push_back({std::string(names), std::string(value), std::move(target), std::string(help)});
  return *this;
}

CommandLine& CommandLine::positional(std::string_view name, Target target, std::string_view help) {
  positionals.push_back({std::string(name), std::string(name), std::move(target), std::string(help)});
  return *this;
}

CommandLine& CommandLine::sub_command(const Command& command) {
  sub_commands.push_back(command);
  return *this;
}

CommandLine& CommandLine::hint_for_words(std::string_view text) {
  words_hint = " " + std::string(text);
  return *this;
}

CommandLine& CommandLine::details(std::string_view text) {
  paragraphs.emplace_back(text);
  return *this;
}

CommandLine& CommandLine::exit_status(ExitCode code, std::string_view meaning) {
  statuses.push_back({code, std::string(meaning)});
  return *this;
}

CommandLine& CommandLine::run(std::function<ExitCode(Context&)> run) {
  action = std::move(run);
  return *this;
}

namespace {

std::int64_t parse_count(const std::string& text) {
  std::int64_t number = 0;
  const auto end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end || number < 1)
    throw Error(ErrorCode::usage, "'" + text + "' is no whole number from 1");
  return number;
}

/// Puts one value where it belongs.
struct Assign {
  const std::string& text;
  void operator()(std::string* target) const { *target = text; }
  void operator()(std::optional<std::string>* target) const { *target = text; }
  void operator()(std::int64_t* target) const { *target = parse_count(text); }
  void operator()(std::optional<std::int64_t>* target) const { *target = parse_count(text); }
  void operator()(std::chrono::milliseconds* target) const { *target = parse_duration(text); }
  void operator()(std::optional<std::chrono::milliseconds>* target) const { *target = parse_duration(text); }
  void operator()(std::vector<std::string>* target) const { target->push_back(text); }
  void operator()(const std::function<void(const std::string&)>& target) const { target(text); }
};

void assign(const std::string& shown, const Target& target, const std::string& text) {
  with_context(shown, [&] { std::visit([&](const auto& t) { Assign{text}(t); }, target); });
}

std::string last_name(const std::string& names) {
  return names.substr(names.rfind(',') + 1);
}

bool is_option(const std::string& word) {
  return word.size() > 1 && word.front() == '-';
}

bool takes_many(const Target& target) {
  return std::holds_alternative<std::vector<std::string>*>(target);
}
bool is_required(const Target& target) {
  return std::holds_alternative<std::string*>(target);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += text.empty() ? word : " " + word;
  return text;
}

std::string program_name(const std::vector<std::string>& path) {
  return path.empty() ? "tether" : "tether " + joined(path);
}

/// What a message begins with: the command that it is about.
std::string prefix(const std::vector<std::string>& path) {
  return path.empty() ? "" : joined(path) + ": ";
}

std::string help_hint(const std::vector<std::string>& path) {
  return "`" + program_name(path) + " --help` shows what it takes.";
}

/// One level of the command line: the program, a command or a sub-command.
class Level {
 public:
  Level(const CommandLine& line, const std::vector<std::string>& path, Globals& globals) : line_(line), path_(path) {
    app_.set_help_flag("");
    app_.add_flag("-h,--help", wants_help_);
    app_.add_flag("--json", globals.json);
    app_.add_flag("-q,--quiet", globals.quiet);
    app_.add_flag("-v,--verbose", globals.verbose);
    declare("--db", Target(&globals.db), "--db");
    for (const auto& flag : line.flags) own_.push_back(app_.add_flag(flag.names, *flag.target));
    for (const auto& option : line.options)
      own_.push_back(declare(option.names, option.target, last_name(option.names)));
    if (line.sub_commands.empty()) {
      app_.allow_extras();
    } else {
      app_.prefix_command();
    }
  }

  /// Returns what it did not take: the sub-command and all behind it. Positionals are dealt out here, not by CLI11,
  /// which takes a word like `[a,b]` for a list.
  std::vector<std::string> read(std::vector<std::string> arguments) {
    const auto literal =
        line_.sub_commands.empty() ? std::find(arguments.begin(), arguments.end(), "--") : arguments.end();
    const std::vector<std::string> words(literal == arguments.end() ? literal : literal + 1, arguments.end());
    arguments.erase(literal, arguments.end());
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    try {
      app_.parse(arguments);
    } catch (const CLI::ParseError& e) {
      throw Error(ErrorCode::usage, explained(e), help_hint(path_));
    }
    auto rest = app_.remaining();
    for (const auto& word : rest) {
      if (is_option(word)) refuse_option(word);
      if (!line_.sub_commands.empty()) return rest;
    }
    rest.insert(rest.end(), words.begin(), words.end());
    if (!wants_help_) deal_out(rest);
    return {};
  }

  bool wants_help() const { return wants_help_; }

  /// A sub-command was chosen: options of this level would have no effect.
  void check_unused(const std::string& sub_command) const {
    for (const auto* option : own_) {
      if (option->count() == 0) continue;
      throw Error(ErrorCode::usage, option->get_name() + " does not go together with `" + sub_command + "`",
                  help_hint(path_));
    }
  }

 private:
  CLI::Option* declare(const std::string& names, const Target& target, const std::string& shown) {
    auto* option = app_.add_option(names, [target, shown](const CLI::results_t& values) {
      for (const auto& value : values) assign(shown, target, value);
      return true;
    });
    if (!takes_many(target)) return option;
    return option->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args(false);
  }

  void deal_out(const std::vector<std::string>& words) const {
    std::size_t next = 0;
    for (const auto& word : words) {
      if (next == line_.positionals.size())
        throw Error(ErrorCode::usage, prefix(path_) + "unexpected argument '" + word + "'", help_hint(path_));
      const auto& positional = line_.positionals[next];
      assign(positional.names, positional.target, word);
      if (!takes_many(positional.target)) ++next;
    }
    if (next < line_.positionals.size() && is_required(line_.positionals[next].target))
      throw Error(ErrorCode::usage, prefix(path_) + line_.positionals[next].names + " is missing", help_hint(path_));
  }

  std::string explained(const CLI::ParseError& error) const {
    const std::string text = error.what();
    const auto name = text.substr(0, text.find_first_of(": "));
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
      const bool missing = text.find("required") != std::string::npos && text.find("missing") != std::string::npos;
      return missing ? name + " takes a value" : name + " is given more than once";
    }
    return text;
  }

  [[noreturn]] void refuse_option(const std::string& word) const {
    const auto name = word.substr(0, word.find('='));
    std::vector<std::string> known{"--db", "--json", "--quiet", "--verbose", "--help"};
    for (const auto* option : own_)
      for (const auto& long_name : option->get_lnames()) known.push_back("--" + long_name);
    const auto guess = nearest(name, std::vector<std::string_view>(known.begin(), known.end()));
    throw Error(ErrorCode::usage, prefix(path_) + "unknown option " + name,
                guess.empty() ? help_hint(path_) : "Did you mean " + std::string(guess) + "?");
  }

  const CommandLine& line_;
  const std::vector<std::string>& path_;
  CLI::App app_;
  bool wants_help_ = false;
  std::vector<CLI::Option*> own_;
};

CommandLine line_of(std::span<const Command> commands) {
  CommandLine line;
  for (const auto& command : commands) line.sub_command(command);
  return line;
}

const Command& command_named(const CommandLine& line, const std::string& word, const std::vector<std::string>& path) {
  std::vector<std::string_view> names;
  for (const auto& command : line.sub_commands) {
    if (command.name == word) return command;
    names.push_back(command.name);
  }
  const auto guess = nearest(word, names);
  throw Error(ErrorCode::usage, prefix(path) + "unknown command '" + word + "'",
              guess.empty() ? help_hint(path) + line.words_hint
                            : "Did you mean `" + program_name(path) + " " + std::string(guess) + "`?");
}

[[noreturn]] void command_missing(const CommandLine& line, const std::vector<std::string>& path) {
  std::string names;
  for (const auto& command : line.sub_commands) names += (names.empty() ? "" : ", ") + std::string(command.name);
  throw Error(ErrorCode::usage, prefix(path) + "a command is missing: " + names, help_hint(path));
}

/// The command: the first word that is none of the options of every command.
std::vector<std::string>::iterator command_word(std::vector<std::string>& arguments) {
  auto word = arguments.begin();
  while (word != arguments.end() && is_option(*word) && *word != "--version") {
    if (*word == "--db" && word + 1 != arguments.end()) ++word;
    ++word;
  }
  return word;
}

/// `help push` is `push --help`; `--version` is `version`.
std::vector<std::string> with_usual_words(std::vector<std::string> arguments) {
  if (arguments.empty()) return {"--help"};
  const auto word = command_word(arguments);
  if (word == arguments.end()) return arguments;
  if (*word == "--version") *word = "version";
  if (*word != "help") return arguments;
  arguments.erase(word);
  arguments.emplace_back("--help");
  return arguments;
}

}  // namespace

Invocation parse(std::span<const Command> commands, const std::vector<std::string>& given, Globals& globals) {
  auto arguments = with_usual_words(given);
  CommandLine line = line_of(commands);
  std::vector<std::string> path;
  while (true) {
    Level level(line, path, globals);
    arguments = level.read(std::move(arguments));
    if (level.wants_help()) return {globals, help_text(commands, path), {}};
    if (arguments.empty()) {
      if (!line.action) command_missing(line, path);
      return {globals, {}, std::move(line.action)};
    }
    const auto word = arguments.front();
    const auto command = command_named(line, word, path);
    level.check_unused(word);
    arguments.erase(arguments.begin());
    path.push_back(word);
    line = CommandLine();
    command.define(line);
  }
}

}  // namespace tether::cmd
