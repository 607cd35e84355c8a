// SPDX-License-Identifier: MIT
#include "service/command_line.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/error.hpp"

namespace tether::service {

namespace {

constexpr char k_footer[] =
    "Every setting can also come from the environment (TETHER_…) or from --config FILE, a JSON object by setting "
    "name;\n"
    "a flag counts more than a variable, a variable more than the file.\n"
    "Exit codes: 0 done, 1 a fault, 2 wrong usage, 3 something needs attention.";

/// `tether-service compact` needs no listening address; every command knows where the store is.
bool concerns(const std::string& command, std::string_view setting) {
  return command == "serve" || command == "check" || setting == "store";
}

void add_settings(CLI::App& command, CommandLine& line) {
  for (const Setting& setting : settings()) {
    if (!concerns(command.get_name(), setting.name)) continue;
    const std::string name(setting.name);
    const std::string flag = "--" + name;
    std::string help(setting.help);
    if (setting.value.empty()) {
      help += " (" + std::string(setting.environment) + ")";
      command.add_flag_function(
          flag, [&line, name](std::int64_t) { line.flags[name] = "true"; }, help);
      continue;
    }
    help += " (" + std::string(setting.environment) + "; " + std::string(setting.fallback) + ")";
    command
        .add_option_function<std::string>(
            flag, [&line, name](const std::string& text) { line.flags[name] = text; }, help)
        ->type_name(std::string(setting.value));
  }
  command.add_option("--config", line.config_file, "settings as a JSON object (TETHER_CONFIG)")->type_name("FILE");
}

}  // namespace

std::optional<CommandLine> parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  CLI::App app(
      "tether-service: the server of Tether. Holds the authoritative state, applies each mutation exactly once.");
  app.footer(k_footer);
  app.require_subcommand(1);
  app.set_version_flag("--version", "tether-service " TETHER_VERSION);
  app.add_subcommand("serve", "Serve until SIGTERM; makes and migrates the store itself");
  CLI::App* migrate = app.add_subcommand("migrate", "Bring the store to the schema of this version");
  app.add_subcommand("check", "Validate settings and store without serving");
  CLI::App* compact = app.add_subcommand("compact", "Forget old tombstones and mutation ids");
  app.add_subcommand("version", "Print the version");
  migrate->add_flag("--check", line.only_check, "only say whether it is needed; exit code 3 when it is");
  migrate->add_flag("--restored", line.restored, "after a backup was put back: clients send again what it lacks")
      ->excludes("--check");
  compact
      ->add_option("--keep", line.keep, "how long both are kept, as in 90d; a client that was away longer starts anew")
      ->type_name("DURATION")
      ->required();
  for (CLI::App* command : app.get_subcommands({})) {
    if (command->get_name() != "version") add_settings(*command, line);
    command->footer(k_footer);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    app.exit(success, std::cout, std::cerr);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorCode::usage, error.what(), "See tether-service --help.");
  }
  line.command = app.get_subcommands().front()->get_name();
  return line;
}

}  // namespace tether::service
