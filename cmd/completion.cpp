// SPDX-License-Identifier: MIT
// `tether completion SHELL`: a script for the shell, made from the table of commands, so that it cannot fall behind it.
#include <algorithm>
#include <map>
#include <memory>

#include "cmd/commands.hpp"
#include "cmd/context.hpp"

namespace tether::cmd {
namespace {

/// One level of the command line: what may follow `tether PATH`.
struct Level {
  std::string path;  // words joined by blanks; empty for the program
  CommandLine line;
};

void collect(std::vector<Level>& levels, const std::string& path, const CommandLine& line) {
  levels.push_back({path, line});
  for (const auto& command : line.sub_commands) {
    CommandLine sub;
    command.define(sub);
    collect(levels, path + (path.empty() ? "" : " ") + std::string(command.name), sub);
  }
}

std::vector<Level> all_levels() {
  CommandLine program;
  for (const auto& command : commands()) program.sub_command(command);
  std::vector<Level> levels;
  collect(levels, "", program);
  return levels;
}

std::vector<std::string> names_of(std::string_view names) {
  std::vector<std::string> list;
  for (std::size_t begin = 0; begin <= names.size();) {
    const auto end = std::min(names.find(',', begin), names.size());
    list.emplace_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  return list;
}

struct Word {
  std::string text;
  std::string help;
  std::string value;  // what it takes; empty: nothing
};

std::vector<Word> global_words() {
  return {{"--db", "the file", "FILE"},
          {"--json", "results as JSON", ""},
          {"--quiet", "fewer messages", ""},
          {"--verbose", "more messages", ""},
          {"--help", "what it takes", ""}};
}

std::vector<Word> option_words(const CommandLine& line) {
  std::vector<Word> words;
  for (const auto& option : line.options)
    for (const auto& name : names_of(option.names)) words.push_back({name, option.help, option.value});
  for (const auto& flag : line.flags)
    for (const auto& name : names_of(flag.names)) words.push_back({name, flag.help, ""});
  for (auto& word : global_words()) words.push_back(std::move(word));
  return words;
}

std::vector<Word> words_of(const CommandLine& line) {
  std::vector<Word> words;
  for (const auto& command : line.sub_commands)
    words.push_back({std::string(command.name), std::string(command.summary), ""});
  for (auto& word : option_words(line)) words.push_back(std::move(word));
  return words;
}

/// Values of an option or positional that are known beforehand, as `a b c`.
std::string known_values(const std::string& path, const CommandLine::Option& option) {
  if (path == "log" && option.names == "--status") return "pending syncing synced failed conflict";
  if (path == "completion") return "bash zsh fish";
  if (path == "config" && (option.names == "NAME" || option.names == "--unset")) {
    std::string names;
    for (const auto& setting : setting_table()) names += (names.empty() ? "" : " ") + std::string(setting.name);
    return names;
  }
  if (option.value.find('|') != std::string::npos && option.value.find_first_of("@-") == std::string::npos) {
    std::string values = option.value;
    for (auto& c : values) c = c == '|' ? ' ' : c;
    return values;
  }
  return "";
}

std::string first_positional_values(const Level& level) {
  return level.line.positionals.empty() ? "" : known_values(level.path, level.line.positionals.front());
}

/// `case` branches shared by bash and zsh: the words behind a command, and the values behind an option.
std::string case_branches(const std::vector<Level>& levels) {
  std::string out;
  for (const auto& level : levels) {
    out += "    '" + level.path + "') words='" + first_positional_values(level);
    for (const auto& word : words_of(level.line)) out += " " + word.text;
    out += "' ;;\n";
  }
  return out;
}

std::string value_branches(const std::vector<Level>& levels) {
  std::string out;
  for (const auto& level : levels) {
    for (const auto& option : level.line.options) {
      const auto values = known_values(level.path, option);
      for (const auto& name : names_of(option.names))
        out += "    '" + level.path + " " + name + "') values='" + (values.empty() ? ":file" : values) + "' ;;\n";
    }
  }
  return out;
}

std::string path_pattern(const std::vector<Level>& levels) {
  std::string out;
  for (const auto& level : levels) {
    if (level.path.empty()) continue;
    out += (out.empty() ? "'" : "|'") + level.path + "'";
  }
  return out;
}

std::string bash_function(const std::vector<Level>& levels) {
  return "_tether() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
         "  local path='' words='' values='' word next i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=\"${COMP_WORDS[i]}\"\n"
         "    [ \"$word\" = --db ] && { i=$((i + 1)); continue; }\n"
         "    next=\"${path:+$path }$word\"\n"
         "    case \"$next\" in " +
         path_pattern(levels) +
         ") path=\"$next\" ;; esac\n"
         "  done\n"
         "  [ \"$previous\" = --db ] && values=':file'\n"
         "  case \"$path $previous\" in\n" +
         value_branches(levels) +
         "  esac\n"
         "  case \"$path\" in\n" +
         case_branches(levels) +
         "  esac\n"
         "  COMPREPLY=()\n"
         "  [ \"$values\" = ':file' ] && { compopt -o default 2>/dev/null; return; }\n"
         "  [ -n \"$values\" ] && words=\"$values\"\n"
         "  [[ -z \"$values\" && \"$current\" != -* && \"$current\" != '' ]] && compopt -o default 2>/dev/null\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n";
}

std::string bash_script() {
  return "# bash completion for tether: eval \"$(tether completion bash)\"\n" + bash_function(all_levels()) +
         "complete -F _tether tether\n";
}

std::string zsh_script() {
  return "#compdef tether\n# zsh completion for tether: eval \"$(tether completion zsh)\"\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash_function(all_levels()) + "complete -o default -F _tether tether\n";
}

std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

/// True where the words before the cursor are exactly the command `path`.
std::string fish_condition(const std::string& path, const std::vector<Level>& levels) {
  if (path.empty()) return "__fish_use_subcommand";
  std::string condition;
  for (std::size_t begin = 0; begin < path.size();) {
    const auto end = std::min(path.find(' ', begin), path.size());
    condition +=
        (condition.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + path.substr(begin, end - begin));
    begin = end + 1;
  }
  for (const auto& level : levels) {
    if (level.path.size() > path.size() && level.path.starts_with(path + " "))
      condition += "; and not __fish_seen_subcommand_from " + level.path.substr(path.size() + 1);
  }
  return condition;
}

std::string fish_option(const std::string& condition, const Word& word, const std::string& values) {
  const bool is_long = word.text.starts_with("--");
  std::string out = "complete -c tether -n " + fish_quoted(condition);
  out += (is_long ? " -l " : " -s ") + word.text.substr(is_long ? 2 : 1) + " -d " + fish_quoted(word.help);
  if (!values.empty()) return out + " -x -a " + fish_quoted(values) + "\n";
  return out + (word.value.empty() ? "\n" : " -r\n");
}

std::string fish_script() {
  std::string out = "# fish completion for tether: tether completion fish | source\n";
  const auto levels = all_levels();
  for (const auto& level : levels) {
    const auto condition = fish_condition(level.path, levels);
    for (const auto& command : level.line.sub_commands) {
      out += "complete -c tether -f -n " + fish_quoted(condition) + " -a " + std::string(command.name) + " -d " +
             fish_quoted(std::string(command.summary)) + "\n";
    }
    const auto values = first_positional_values(level);
    if (!values.empty())
      out += "complete -c tether -f -n " + fish_quoted(condition) + " -a " + fish_quoted(values) + "\n";
    std::map<std::string, std::string> known;
    for (const auto& option : level.line.options)
      for (const auto& name : names_of(option.names)) known[name] = known_values(level.path, option);
    for (const auto& word : option_words(level.line)) out += fish_option(condition, word, known[word.text]);
  }
  return out;
}

std::string script_for(const std::string& shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") return zsh_script();
  if (shell == "fish") return fish_script();
  throw Error(ErrorCode::usage, "there are no completions for '" + shell + "'", "There are for bash, zsh and fish.");
}

}  // namespace

void define_completion(CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  line.positional("SHELL", shell.get(), "bash, zsh or fish");
  line.details(
      "  eval \"$(tether completion bash)\"       in ~/.bashrc\n"
      "  eval \"$(tether completion zsh)\"        in ~/.zshrc, behind compinit\n"
      "  tether completion fish | source        in ~/.config/fish/config.fish");
  line.run([shell](Context& context) {
    const auto script = script_for(*shell);
    context.terminal().line(std::string_view(script).substr(0, script.size() - 1));
    return ExitCode::done;
  });
}

}  // namespace tether::cmd
