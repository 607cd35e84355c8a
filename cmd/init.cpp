// SPDX-License-Identifier: MIT
// `tether init`: makes the file, or adds our tables to an existing one.
#include <memory>

#include "cmd/arguments.hpp"
#include "cmd/commands.hpp"
#include "cmd/context.hpp"
#include "cmd/json_out.hpp"

namespace tether::cmd {
namespace {

struct InitOptions {
  std::optional<std::string> server;
  std::optional<std::string> client_id;
  bool adopt = false;
};

void store_server(Context& context, const std::string& path, const std::string& server) {
  auto file = replica::File::open(path, context.clock(), context.random());
  const auto now = context.clock().now();
  sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    replica::set_state(transaction, "config.server", server, now);
  });
}

std::string what_was_done(const std::string& path, const replica::InitReport& report) {
  if (!report.created) return printable(path) + " was there already";
  if (report.adopted) return printable(path) + " is adopted: its tables stay, Tether's are added";
  return "made " + printable(path);
}

void report(Context& context, const std::string& path, const replica::InitReport& report) {
  auto& terminal = context.terminal();
  if (context.json()) {
    JsonObject object;
    object.text("path", path).text("client_id", report.client_id.value).boolean("created", report.created);
    terminal.line(std::move(object).finish());
    return;
  }
  terminal.line(what_was_done(path, report) + "; this client is " + printable(report.client_id.value));
}

ExitCode run_init(Context& context, const InitOptions& options) {
  replica::InitOptions init;
  init.path = context.new_file_path();
  init.adopt = options.adopt;
  if (options.client_id) {
    init.client_id = as_usage([&] { return protocol::parse_client_id(*options.client_id, "--client-id"); });
  }
  if (options.server) with_context("--server", [&] { check_setting(setting_named("server"), *options.server); });
  const auto made = replica::File::init(init, context.clock(), context.random());
  if (options.server) store_server(context, init.path, *options.server);
  report(context, init.path, made);
  return ExitCode::done;
}

}  // namespace

void define_init(CommandLine& line) {
  auto options = std::make_shared<InitOptions>();
  line.option("--server", "URL", &options->server, "store this server in the file, as in http://host:8787");
  line.option("--client-id", "ID", &options->client_id, "how the server knows this file; a new ULID when not given");
  line.flag("--adopt", &options->adopt, "add our tables to an existing SQLite file, also one of the original client");
  line.details("Makes --db FILE, else $TETHER_DB, else tether.db in this folder. Safe to run again.");
  line.run([options](Context& context) { return run_init(context, *options); });
}

}  // namespace tether::cmd
