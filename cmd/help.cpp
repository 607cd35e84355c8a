// SPDX-License-Identifier: MIT
// The help text of a command, from what it declared.
#include <algorithm>

#include "cmd/command_line.hpp"
#include "cmd/output.hpp"

namespace tether::cmd {
namespace {

constexpr std::size_t k_width = 80;
constexpr std::size_t k_left_most = 30;  // wider names get a line of their own

/// `text` in lines of at most k_width columns; all but the first are indented.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  std::size_t position = 0;
  while (position < text.size()) {
    const auto end = std::min(text.find(' ', position), text.size());
    const auto word = text.substr(position, end - position);
    if (column > indent && column + 1 + display_width(word) > k_width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += display_width(word);
    position = end + 1;
  }
  return out;
}

struct Item {
  std::string left;
  std::string right;
};

std::string section(std::string_view heading, const std::vector<Item>& items) {
  if (items.empty()) return {};
  std::size_t left = 0;
  for (const auto& item : items) {
    const std::size_t width = display_width(item.left);
    if (width <= k_left_most) left = std::max(left, width);
  }
  std::string out = "\n" + std::string(heading) + ":\n";
  const std::size_t indent = left + 4;
  for (const auto& item : items) {
    const std::size_t width = display_width(item.left);
    out += "  " + item.left;
    out += width > left ? "\n" + std::string(indent, ' ') : std::string(left - width + 2, ' ');
    out += wrapped(item.right, indent) + "\n";
  }
  return out;
}

bool takes_many(const Target& target) {
  return std::holds_alternative<std::vector<std::string>*>(target);
}

std::string spaced(std::string names) {
  const auto comma = names.find(',');
  if (comma != std::string::npos) names.insert(comma + 1, " ");
  return names;
}

std::string positional_form(const CommandLine::Option& positional) {
  if (std::holds_alternative<std::string*>(positional.target)) return positional.names;
  return "[" + positional.names + "]" + (takes_many(positional.target) ? "…" : "");
}

std::string usage(const CommandLine& line, const std::string& name) {
  std::string out = "Usage: " + name;
  if (name == "tether") return out + " [--db FILE] [--json] [-q|-v] COMMAND …\n";
  if (!line.flags.empty() || !line.options.empty()) out += " [OPTION]…";
  for (const auto& positional : line.positionals) out += " " + positional_form(positional);
  if (!line.sub_commands.empty()) out += line.action ? " [COMMAND …]" : " COMMAND …";
  return out + "\n";
}

std::vector<Item> option_items(const CommandLine& line) {
  std::vector<Item> items;
  for (const auto& option : line.options) {
    items.push_back({spaced(option.names) + " " + option.value + (takes_many(option.target) ? " …" : ""), option.help});
  }
  for (const auto& flag : line.flags) items.push_back({spaced(flag.names), flag.help});
  return items;
}

std::vector<Item> command_items(const CommandLine& line) {
  std::vector<Item> items;
  for (const auto& command : line.sub_commands)
    items.push_back({std::string(command.name), std::string(command.summary)});
  return items;
}

std::vector<Item> status_items(const CommandLine& line, bool is_program) {
  std::vector<CommandLine::Status> statuses = line.statuses;
  const auto add = [&](ExitCode code) {
    const auto same = [&](const CommandLine::Status& s) { return s.code == code; };
    if (std::none_of(statuses.begin(), statuses.end(), same)) statuses.push_back({code, std::string(meaning(code))});
  };
  for (const auto code : {ExitCode::done, ExitCode::fault, ExitCode::usage}) add(code);
  if (is_program) {
    for (const auto code :
         {ExitCode::attention, ExitCode::unreachable, ExitCode::forbidden, ExitCode::locked, ExitCode::interrupted})
      add(code);
  }
  std::sort(statuses.begin(), statuses.end(), [](const auto& a, const auto& b) { return a.code < b.code; });
  std::vector<Item> items;
  for (const auto& status : statuses) items.push_back({std::to_string(static_cast<int>(status.code)), status.meaning});
  return items;
}

std::vector<Item> global_items() {
  return {{"--db FILE", "the file; else $TETHER_DB, else the nearest tether.db here or in a parent folder"},
          {"--json", "results as JSON on stdout, an error as one JSON object on stderr"},
          {"-q, --quiet", "no messages but errors and warnings"},
          {"-v, --verbose", "more messages"},
          {"-h, --help", "this text; `tether COMMAND --help` for one command"}};
}

}  // namespace

std::string help_text(std::span<const Command> commands, const std::vector<std::string>& path) {
  CommandLine line;
  for (const auto& command : commands) line.sub_command(command);
  std::string name = "tether";
  std::string summary = "record changes locally, sync them with a server when there is one";
  for (const auto& word : path) {
    const auto known = line.sub_commands;
    const auto command = std::find_if(known.begin(), known.end(), [&](const Command& c) { return c.name == word; });
    TETHER_ASSERT(command != known.end());
    name += " " + word;
    summary = command->summary;
    line = CommandLine();
    command->define(line);
  }
  std::string out = name + ": " + summary + "\n\n" + usage(line, name);
  std::vector<Item> arguments;
  for (const auto& positional : line.positionals) arguments.push_back({positional.names, positional.help});
  out += section("Arguments", arguments);
  out += section("Commands", command_items(line));
  out += section("Options", option_items(line));
  if (path.empty()) out += section("Options of every command", global_items());
  for (const auto& paragraph : line.paragraphs) out += "\n" + paragraph + "\n";
  out += section("Exit status", status_items(line, path.empty()));
  if (!path.empty()) out += "\n--db FILE, --json, -q, -v and -h go with every command: see `tether --help`.\n";
  return out;
}

}  // namespace tether::cmd
