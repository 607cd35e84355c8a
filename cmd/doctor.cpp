// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>

#include "cmd/commands.hpp"
#include "cmd/context.hpp"
#include "cmd/file_progress.hpp"
#include "cmd/json_out.hpp"
#include "cmd/server_checks.hpp"
#include "cmd/sync_session.hpp"

namespace tether::cmd {

namespace {

using replica::Check;
using replica::CheckResult;

std::string_view name(CheckResult result) {
  switch (result) {
    case CheckResult::ok:
      return "ok";
    case CheckResult::warning:
      return "warning";
    case CheckResult::failed:
      return "failed";
  }
  return "";
}

Colour colour(CheckResult result) {
  if (result == CheckResult::failed) return Colour::red;
  return result == CheckResult::warning ? Colour::yellow : Colour::green;
}

Check lock_check(bool is_free, bool fix) {
  if (is_free) return {"lock", CheckResult::ok, "no other tether is syncing this file"};
  const std::string detail = "another tether is syncing this file right now";
  return {"lock", CheckResult::warning, fix ? detail + ": nothing was fixed; run it again when it is done" : detail};
}

std::vector<Check> all_checks(Context& context, bool fix, const SettingValues& flags) {
  replica::File file = fix ? context.open_file() : context.open_file_read_only();
  const auto lock = lock_unless_syncing(file.path());
  std::vector<Check> checks = [&] {
    FileProgress progress(context, file, "checking",
                          fix ? "what was mended so far stays mended" : "nothing was changed");
    return replica::check_file(file, fix && lock, [&](std::int64_t replayed) { progress.at(replayed); });
  }();
  checks.push_back(lock_check(lock != nullptr, fix));
  for (Check& check : check_server(context, file, flags)) checks.push_back(std::move(check));
  return checks;
}

std::string check_json(const Check& check) {
  JsonObject json;
  json.text("name", check.name)
      .text("result", name(check.result))
      .text("detail", check.detail)
      .boolean("fixed", check.fixed);
  return std::move(json).finish();
}

void print(Terminal& terminal, const std::vector<Check>& checks) {
  if (terminal.json()) {
    std::vector<std::string> rows;
    for (const Check& check : checks) rows.push_back(check_json(check));
    JsonObject json;
    json.raw("checks", json_array(rows));
    return terminal.line(std::move(json).finish());
  }
  std::size_t widest = 0;
  for (const Check& check : checks) widest = std::max(widest, display_width(check.name));
  for (const Check& check : checks) {
    const std::string result(check.fixed ? "fixed" : name(check.result));
    terminal.line(terminal.painted(check.fixed ? Colour::green : colour(check.result), result) +
                  std::string(9 - result.size(), ' ') + check.name +
                  std::string(widest - display_width(check.name) + 2, ' ') + printable(check.detail));
  }
}

ExitCode run_doctor(Context& context, bool fix, const SettingValues& flags) {
  const std::vector<Check> checks = all_checks(context, fix, flags);
  print(context.terminal(), checks);
  const bool needs_a_person = std::any_of(checks.begin(), checks.end(), [](const Check& check) {
    return check.result == CheckResult::failed && !check.fixed;
  });
  return needs_a_person ? ExitCode::attention : ExitCode::done;
}

}  // namespace

void define_doctor(CommandLine& line) {
  struct Options {
    bool fix = false;
    SettingValues settings;
  };
  auto options = std::make_shared<Options>();
  line.flag("--fix", &options->fix, "mend what can be mended without losing anything");
  add_network_options(line, &options->settings);
  line.details(
      R"(Looks at the file (damage, schema and triggers, local state against replay, age of
the queue), at whether another tether is syncing it, and at the server: whether it
can be reached, which protocol it speaks, whether the two clocks agree, whether the
token is good. One line per check. Being offline is a warning, no failure.

--fix makes missing triggers and indexes again and computes a wrong local state
anew.)");
  line.exit_status(ExitCode::attention, "a check failed and needs a person");
  line.exit_status(ExitCode::interrupted, std::string(meaning(ExitCode::interrupted)));
  line.run([options](Context& context) { return run_doctor(context, options->fix, options->settings); });
}

}  // namespace tether::cmd
