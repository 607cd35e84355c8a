// SPDX-License-Identifier: MIT
#include "cmd/config_models.hpp"

#include <optional>

#include "cmd/json_out.hpp"
#include "cmd/settings.hpp"
#include "replica/outbound_mapping.hpp"

namespace tether::cmd {

namespace {

constexpr std::string_view k_prefix = "models.";

rules::MappingSetting parsed(const std::string& name) {
  return rules::parse_mapping_setting(std::string_view(name).substr(k_prefix.size()));
}

std::string value_of(replica::File& file, const std::string& name) {
  const auto settings = model_settings(file);
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}

/// What is wrong with a value is said before it is in the file.
void check_value(const std::string& name, std::string_view value) {
  rules::FieldMappings alone;
  with_context(name, [&] { rules::add_setting(alone, std::string_view(name).substr(k_prefix.size()), value); });
}

void change(Context& context, const std::string& name, std::optional<std::string_view> value) {
  const std::string model = parsed(name).model;
  if (value) check_value(name, *value);
  replica::File file = context.open_file();
  const replica::SyncLock lock(file.path());
  const Instant now = context.clock().now();
  const std::int64_t unsent = with_context(name, [&] {
    return sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
      return replica::change_mapping_setting(transaction, name, value, now);
    });
  });
  if (unsent > 0) {
    context.terminal().message(counted(unsent, "mutation") + " of " + model +
                               (unsent == 1 ? " may have reached the server already: it is sent again as before"
                                            : " may have reached the server already: they are sent again as before"));
  }
  if (context.json()) context.terminal().line(model_setting_json(name, value_of(file, name)));
}

}  // namespace

bool is_model_setting(std::string_view name) {
  return name.starts_with(k_prefix);
}

std::map<std::string, std::string, std::less<>> model_settings(replica::File& file) {
  return sql::in_transaction(file.database(), sql::Access::read, replica::mapping_settings);
}

std::string model_setting_json(std::string_view name, std::string_view value) {
  JsonObject object;
  object.text("name", name).text_or_null("value", value);
  object.text("origin", cmd::name(value.empty() ? Origin::fallback : Origin::file));
  object.text_or_null("source", value.empty() ? "" : "the file's setting");
  return std::move(object).finish();
}

ExitCode show_model_setting(Context& context, const std::string& name) {
  static_cast<void>(parsed(name));
  auto file = context.open_file();
  const std::string value = value_of(file, name);
  context.terminal().line(context.json() ? model_setting_json(name, value) : printable(value));
  return ExitCode::done;
}

ExitCode store_model_setting(Context& context, const std::string& name, const std::string& value) {
  change(context, name, value);
  return ExitCode::done;
}

ExitCode unset_model_setting(Context& context, const std::string& name) {
  const bool drops = parsed(name).kind == rules::MappingSetting::Kind::drop;
  change(context, name, std::nullopt);
  if (drops) {
    context.terminal().message(
        "what stayed here goes to the server with the next edit of its record; a pull of the record before that leaves "
        "it out");
  }
  return ExitCode::done;
}

}  // namespace tether::cmd
