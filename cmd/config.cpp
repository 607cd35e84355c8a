// SPDX-License-Identifier: MIT
// `tether config`: what is stored in the file, and where every value in force comes from.
#include <memory>

#include "cmd/commands.hpp"
#include "cmd/config_models.hpp"
#include "cmd/context.hpp"
#include "cmd/json_out.hpp"

namespace tether::cmd {
namespace {

struct ConfigOptions {
  std::optional<std::string> name;
  std::optional<std::string> value;
  std::optional<std::string> unset;
  bool list = false;
  bool store_token = false;
};

std::string state_key(const Setting& setting) {
  return "config." + std::string(setting.name);
}

std::string shown(const Setting& setting, const Settings::Value& value) {
  return setting.kind == SettingKind::secret && !value.text.empty() ? "********" : value.text;
}

std::string setting_json(const Setting& setting, const Settings::Value& value) {
  JsonObject object;
  object.text("name", setting.name).text_or_null("value", shown(setting, value));
  object.text("origin", name(value.origin)).text_or_null("source", value.source);
  return std::move(object).finish();
}

std::string origin_text(const Settings::Value& value) {
  if (value.origin == Origin::environment || value.origin == Origin::flag) return value.source;
  if (value.origin == Origin::file) return "this file";
  return value.text.empty() ? "not set" : "default";
}

ExitCode list_settings(Context& context) {
  auto file = context.open_file();
  const auto settings = context.settings(file);
  if (context.json()) {
    std::vector<std::string> values;
    for (const auto& setting : setting_table()) values.push_back(setting_json(setting, settings.at(setting.name)));
    for (const auto& [name, value] : model_settings(file)) values.push_back(model_setting_json(name, value));
    JsonObject object;
    object.text("path", file.path()).text("client_id", file.client_id().value).raw("settings", json_array(values));
    context.terminal().line(std::move(object).finish());
    return ExitCode::done;
  }
  Table table(context.terminal(), {{"NAME"}, {"VALUE"}, {"FROM"}});
  for (const auto& setting : setting_table()) {
    const auto& value = settings.at(setting.name);
    const auto colour = value.origin == Origin::fallback ? Colour::dim : Colour::none;
    table.row({{std::string(setting.name)}, {printable(shown(setting, value)), colour}, {origin_text(value), colour}});
  }
  for (const auto& [name, value] : model_settings(file)) table.row({printable(name), printable(value), "this file"});
  table.finish();
  return ExitCode::done;
}

ExitCode show_setting(Context& context, const Setting& setting) {
  auto file = context.open_file();
  const auto value = context.settings(file).at(setting.name);
  context.terminal().line(context.json() ? setting_json(setting, value) : printable(shown(setting, value)));
  return ExitCode::done;
}

ExitCode store_setting(Context& context, const Setting& setting, const std::string& value, bool store_token) {
  with_context(setting.name, [&] { check_setting(setting, value); });
  if (setting.kind == SettingKind::secret && !store_token)
    throw Error(ErrorCode::usage, "a token is not stored in the file unless you ask for it",
                "Keep it in $TETHER_TOKEN or a token-file; to store it all the same, add --store-token.");
  auto file = context.open_file();
  if (setting.kind == SettingKind::path) {
    with_context(setting.name, [&] { check_readable(setting, seen_from_file(value, file.path())); });
  }
  const auto now = context.clock().now();
  sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    replica::set_state(transaction, state_key(setting), value, now);
  });
  const auto in_force = context.settings(file).at(setting.name);
  if (in_force.origin != Origin::file)
    context.terminal().warning("stored, but " + in_force.source + " is set and counts more");
  if (context.json()) context.terminal().line(setting_json(setting, in_force));
  return ExitCode::done;
}

ExitCode unset_setting(Context& context, const Setting& setting) {
  auto file = context.open_file();
  sql::in_transaction(file.database(), sql::Access::write,
                      [&](sql::Transaction& transaction) { replica::clear_state(transaction, state_key(setting)); });
  if (context.json()) context.terminal().line(setting_json(setting, context.settings(file).at(setting.name)));
  return ExitCode::done;
}

ExitCode run_config(Context& context, const ConfigOptions& options) {
  if (options.unset) {
    if (options.name || options.list)
      throw Error(ErrorCode::usage, "--unset NAME goes alone", "As in: tether config --unset server");
    if (is_model_setting(*options.unset)) return unset_model_setting(context, *options.unset);
    return unset_setting(context, setting_named(*options.unset));
  }
  if (!options.name) return list_settings(context);
  if (options.list) throw Error(ErrorCode::usage, "--list goes alone", "As in: tether config --list");
  if (is_model_setting(*options.name)) {
    return options.value ? store_model_setting(context, *options.name, *options.value)
                         : show_model_setting(context, *options.name);
  }
  const auto& setting = setting_named(*options.name);
  if (!options.value) return show_setting(context, setting);
  return store_setting(context, setting, *options.value, options.store_token);
}

}  // namespace

void define_config(CommandLine& line) {
  auto options = std::make_shared<ConfigOptions>();
  line.positional("NAME", &options->name, "show this setting");
  line.positional("VALUE", &options->value, "store it in the file");
  line.flag("--list", &options->list, "every setting, and where its value comes from (also without arguments)");
  line.option("--unset", "NAME", &options->unset, "forget what the file stores");
  line.flag("--store-token", &options->store_token, "store a token although anyone who can read the file can read it");
  std::string text = "What counts: flags, then the environment, then what the file stores, then defaults.\n";
  for (const auto& setting : setting_table()) {
    std::string name(setting.name);
    text += "\n  " + name + std::string(17 - name.size(), ' ') + std::string(setting.help) + "\n" +
            std::string(19, ' ') + "$" + std::string(setting.environment) +
            (setting.fallback.empty() ? "" : ", default " + std::string(setting.fallback));
  }
  line.details(text);
  line.details(
      R"(How fields go to the server, by model and in this file only:

  tether config models.Task.rename.title name      send title as name
  tether config models.Task.drop secret,notes      keep these fields here
  tether config models.Task.set.source laptop-7    send source with this text; any
                                                   other value behind :=, as in :=7)");
  line.exit_status(ExitCode::locked, "a setting of models was to change while another tether is syncing this file");
  line.run([options](Context& context) { return run_config(context, *options); });
}

}  // namespace tether::cmd
