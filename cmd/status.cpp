// SPDX-License-Identifier: MIT
// `tether status`: is my work safe on the server yet?
#include "replica/status.hpp"

#include <memory>

#include "cmd/commands.hpp"
#include "cmd/context.hpp"
#include "cmd/json_out.hpp"

namespace tether::cmd {
namespace {

void print_json(Terminal& terminal, const replica::File& file, const std::string& server,
                const replica::Status& status) {
  JsonObject object;
  object.text("client_id", file.client_id().value).text_or_null("server", server);
  object.integer("pending", status.pending).integer("failed", status.failed).integer("conflicts", status.conflicts);
  if (status.cursor) {
    object.integer("cursor", status.cursor->value);
  } else {
    object.null("cursor");
  }
  object.text_or_null("last_sync_at", status.last_sync_at);
  if (status.oldest_unsent) {
    JsonObject oldest;
    oldest.text("mutation_id", status.oldest_unsent->mutation_id.value);
    oldest.integer("age_ms", status.oldest_unsent->age_ms).text("reason", status.oldest_unsent->reason);
    object.raw("oldest_unsent", std::move(oldest).finish());
  } else {
    object.null("oldest_unsent");
  }
  object.null("watcher");
  terminal.line(std::move(object).finish());
}

std::string age(std::int64_t ms) {
  return human_duration(std::chrono::milliseconds(ms));
}

/// The answer in one sentence.
std::string verdict(const replica::Status& status) {
  const auto unsent = status.pending + status.failed;
  if (unsent == 0 && status.conflicts == 0) {
    const bool synced = status.cursor || !status.last_sync_at.empty();
    return synced ? "Everything written here is on the server."
                  : "Nothing waits to be sent, and nothing was synced yet.";
  }
  std::string text;
  if (unsent > 0) {
    text = unsent == 1 ? "1 mutation is" : grouped(unsent) + " mutations are";
    text += " not on the server.";
    if (status.oldest_unsent)
      text += " The oldest is " + age(status.oldest_unsent->age_ms) +
              " old: " + printable(status.oldest_unsent->reason) + ".";
  }
  if (status.conflicts > 0) {
    if (!text.empty()) text += ' ';
    text += status.conflicts == 1 ? "1 conflict waits" : grouped(status.conflicts) + " conflicts wait";
    text += " for a decision.";
  }
  return text;
}

/// When the server last took part in a push or a pull, though it may not have come to its end.
std::string last_reached(Context& context, const std::string& last_sync_at) {
  if (last_sync_at.empty()) return "never";
  try {
    const auto ms = to_ms(context.clock().now()) - to_ms(parse_rfc3339(last_sync_at));
    return last_sync_at + (ms >= 0 ? " (" + age(ms) + " ago)" : " (by a clock that was ahead of this one)");
  } catch (const Error&) {
    return printable(last_sync_at);  // of an adopted file: another form
  }
}

void print_text(Context& context, const replica::File& file, const std::string& server, const replica::Status& status,
                ExitCode code) {
  auto& terminal = context.terminal();
  const bool clean = status.pending == 0 && code == ExitCode::done;
  const auto colour = code == ExitCode::attention ? Colour::red : clean ? Colour::green : Colour::yellow;
  terminal.line(terminal.painted(colour, verdict(status)));
  terminal.line("");
  const auto line = [&](std::string_view name, const std::string& value) {
    terminal.line(std::string(name) + std::string(11 - name.size(), ' ') + value);
  };
  line("file", printable(file.path()));
  line("client", printable(file.client_id().value));
  line("server", server.empty() ? "none set  (tether config server URL)" : printable(server));
  line("reached", last_reached(context, status.last_sync_at));
  line("pending", grouped(status.pending));
  line("failed", grouped(status.failed) + (status.failed > 0 ? "  (tether log --status failed)" : ""));
  line("conflicts", grouped(status.conflicts) + (status.conflicts > 0 ? "  (tether conflicts)" : ""));
  if (status.oldest_unsent) line("oldest", printable(status.oldest_unsent->mutation_id.value));
}

ExitCode run_status(Context& context, const SettingValues& flags) {
  auto file = context.open_file_read_only();
  const auto settings = context.settings(file, flags);
  const auto status = replica::status(file);
  const auto& limit = settings.text("max-lag");
  const bool late =
      !limit.empty() && status.oldest_unsent && status.oldest_unsent->age_ms > settings.duration("max-lag").count();
  const bool attention = late || status.failed > 0 || status.conflicts > 0;
  const auto code = attention ? ExitCode::attention : ExitCode::done;
  const auto& server = settings.text("server");
  if (context.json()) {
    print_json(context.terminal(), file, server, status);
  } else {
    print_text(context, file, server, status, code);
  }
  if (late) context.terminal().message("the oldest unsent mutation is older than " + limit);
  return code;
}

}  // namespace

void define_status(CommandLine& line) {
  auto flags = std::make_shared<SettingValues>();
  add_setting_options(line, flags.get(), {"max-lag"});
  line.details("  tether status --max-lag 10m || notify-send \"not synced\"");
  line.exit_status(ExitCode::attention,
                   "something needs a person: a rejected mutation, an open conflict, or a lag over --max-lag");
  line.run([flags](Context& context) { return run_status(context, *flags); });
}

}  // namespace tether::cmd
