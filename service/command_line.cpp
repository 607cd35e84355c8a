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
  if (command == "losses" && setting == "models") return true;  // says what is not shown
  if (command == "migrate" && setting == "store-wait") return true;
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
    help += " (" + std::string(setting.environment) + (setting.fallback.empty() ? "" : "; ") +
            std::string(setting.fallback) + ")";
    command
        .add_option_function<std::string>(
            flag, [&line, name](const std::string& text) { line.flags[name] = text; }, help)
        ->type_name(std::string(setting.value));
  }
  command.add_option("--config", line.config_file, "settings as a JSON object (TETHER_CONFIG)")->type_name("FILE");
}

CLI::App* add_group(CLI::App& app, const std::string& name, const std::string& help) {
  CLI::App* group = app.add_subcommand(name, help);
  group->require_subcommand(1);
  return group;
}

void add_token_commands(CLI::App& app, CommandLine& line) {
  CLI::App* token = add_group(app, "token", "Make, show and revoke the tokens of --auth token");
  CLI::App* create = token->add_subcommand("create", "Make a token; it is shown once");
  create->add_option("--scope", line.token.scope, "the tenant whose records it opens")->type_name("SCOPE")->required();
  create->add_option("--client", line.token.client, "the only client that may use it; any")
      ->type_name("CLIENT_ID")
      ->check([](const std::string& id) { return id.empty() ? "is empty: leave it out for any client" : ""; });
  line.token.rights = "push,pull";
  create->add_option("--can", line.token.rights, "push, pull, metrics, console, replay; push,pull")
      ->type_name("RIGHTS");
  create->add_option("--expires", line.token.expires, "how long it holds, as in 90d; for ever")->type_name("DURATION");
  create
      ->add_option("--claim", line.token.claims,
                   "what else is known of its holder: NAME=TEXT or NAME:=JSON; repeatable")
      ->type_name("CLAIM")
      ->expected(1)
      ->take_all();
  CLI::App* list = token->add_subcommand("list", "Show all tokens, without what makes them work");
  for (CLI::App* command : {create, list}) command->add_flag("--json", line.json, "one JSON object per line");
  token->add_subcommand("revoke", "Refuse a token from now on, at every service on the store")
      ->add_option("ID", line.id, "its id, or the token itself")
      ->required();
}

void add_device_commands(CLI::App& app, CommandLine& line) {
  CLI::App* device = add_group(app, "device", "Show the clients that were seen, and shut one out");
  device->add_subcommand("list", "Show every client: last push, last pull, how far it is behind")
      ->add_flag("--json", line.json, "one JSON object per line");
  CLI::App* revoke = device->add_subcommand("revoke", "Refuse a client from now on; what it pushed stays");
  revoke->add_option("CLIENT_ID", line.id, "as device list shows it")->required();
  revoke->add_option("--scope", line.scope, "where; needed when it was seen in none or in several")->type_name("SCOPE");
  revoke->add_flag("--undo", line.undo, "let it in again");
}

void add_losses_command(CLI::App& app, CommandLine& line) {
  CLI::App* losses = app.add_subcommand("losses", "Show every value that lost: whose it was, when, and why");
  losses->add_option("--scope", line.losses.scope, "the tenant; default")->type_name("SCOPE");
  losses->add_option("MODEL", line.losses.model, "of one model only");
  losses->add_option("ID", line.losses.id, "of one entity only");
  losses->add_flag("--json", line.json, "one JSON object per line");
  line.losses.scope = "default";
}

void add_settings_and_footer(CLI::App& command, CommandLine& line) {
  const auto below = command.get_subcommands({});
  for (CLI::App* child : below) add_settings_and_footer(*child, line);
  if (below.empty() && command.get_name() != "version") add_settings(command, line);
  command.footer(k_footer);
}

/// `token create`
std::string full_name(const CLI::App& app) {
  const auto given = app.get_subcommands();
  if (given.empty()) return {};
  const std::string rest = full_name(*given.front());
  return given.front()->get_name() + (rest.empty() ? "" : " " + rest);
}

/// Of an unknown one CLI11 says only that a command is missing.
void check_command(CLI::App& app, int argc, const char* const* argv) {
  CLI::App* at = &app;
  std::string path;
  for (int i = 1; i < argc && argv[i][0] != '-' && !at->get_subcommands({}).empty(); ++i) {
    path += (path.empty() ? "" : " ") + std::string(argv[i]);
    const auto known = at->get_subcommands([&](CLI::App* command) { return command->check_name(argv[i]); });
    at = known.empty() ? nullptr : known.front();
    if (at == nullptr) throw Error(ErrorCode::usage, "unknown command '" + path + "'", "See tether-service --help.");
  }
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
  add_token_commands(app, line);
  add_device_commands(app, line);
  add_losses_command(app, line);
  for (CLI::App* command : app.get_subcommands({})) add_settings_and_footer(*command, line);
  check_command(app, argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    app.exit(success, std::cout, std::cerr);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorCode::usage, error.what(), "See tether-service --help.");
  }
  line.command = full_name(app);
  return line;
}

}  // namespace tether::service
