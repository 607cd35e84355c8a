// SPDX-License-Identifier: MIT
#include "cmd/context.hpp"

#include <csignal>
#include <filesystem>

namespace tether::cmd {
namespace {

constexpr const char* k_file_name = "tether.db";
constexpr std::string_view k_copy_said = "copied_from_said";  // the original that the person was told of

volatile std::sig_atomic_t g_interrupted = 0;  // what a signal handler may touch

void note_interrupt(int) {
  g_interrupted = 1;
}

/// What is recorded there would be gone with the command that recorded it.
std::string on_disk(std::string path, std::string_view named_by) {
  if (path != ":memory:" && !path.starts_with("file::memory:")) return path;
  throw Error(ErrorCode::usage, std::string(named_by) + ": " + path + " would lose everything that is recorded in it",
              "Name a file, as in --db tether.db.");
}

std::optional<std::string> given_path(const Globals& globals, const World& world) {
  if (globals.db) {
    if (globals.db->empty()) throw Error(ErrorCode::usage, "--db: the path is empty");
    return on_disk(*globals.db, "--db");
  }
  const auto path = world.environment("TETHER_DB");
  return path && !path->empty() ? std::optional(on_disk(*path, "$TETHER_DB")) : std::nullopt;
}

}  // namespace

Context::Context(Globals globals, World world, Terminal& terminal)
    : globals_(std::move(globals)), world_(std::move(world)), terminal_(terminal) {}

std::string Context::file_path() const {
  if (const auto path = given_path(globals_, world_)) return *path;
  std::filesystem::path folder = world_.working_directory;
  while (true) {
    std::error_code ignored;
    const auto candidate = folder / k_file_name;
    if (std::filesystem::is_regular_file(candidate, ignored)) {
      return folder == world_.working_directory ? k_file_name : candidate.string();
    }
    if (!folder.has_relative_path()) break;
    folder = folder.parent_path();
  }
  throw Error(ErrorCode::not_found, "no tether.db in " + world_.working_directory + " or a folder above it",
              "Make one with `tether init`, or name one with --db FILE or $TETHER_DB.");
}

std::string Context::new_file_path() const {
  return given_path(globals_, world_).value_or(k_file_name);
}

replica::File Context::open_file() {
  replica::File file = replica::File::open(file_path(), world_.clock, world_.random);
  say_once_that_it_is_a_copy(file);
  return file;
}

void Context::say_once_that_it_is_a_copy(replica::File& file) {
  std::optional<std::string> original;
  sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    original = replica::state(transaction, "copied_from");
    if (original && original == replica::state(transaction, k_copy_said)) original.reset();
  });
  if (!original) return;
  sql::in_transaction(file.database(), sql::Access::write, [&](sql::Transaction& transaction) {
    replica::set_state(transaction, k_copy_said, *original, world_.clock.now());
  });
  terminal_.warning("this file is a copy of that of client " + printable(*original) +
                    ", and goes on as a client of its own, " + file.client_id().value);
}

replica::File Context::open_file_read_only() {
  return replica::File::open_read_only(file_path(), world_.clock, world_.random);
}

Settings Context::settings(replica::File& file, const SettingValues& flags) {
  const auto stored = sql::in_transaction(file.database(), sql::Access::read, [&](sql::Transaction& transaction) {
    return stored_settings(transaction, file.path());
  });
  return resolve_settings(stored, world_.environment, flags);
}

Context::Connection::Connection(Context& context, net::HttpOptions options, replica::Patience patience)
    : exchange_(
          [this, &context, options = std::move(options)]() -> replica::Transport& {
            return *transports_.emplace_back(context.world_.transport(options));
          },
          context.clock(), context.random(), patience, [&context] { return context.interrupted(); }) {}

std::unique_ptr<Context::Connection> Context::connect(const Settings& settings) {
  net::HttpOptions options;
  options.server = settings.server();
  options.token = settings.token();
  options.ca_file = settings.text("ca-file");
  options.connect_timeout = settings.duration("connect-timeout");
  options.request_timeout = settings.duration("timeout");
  replica::Patience patience;
  patience.deadline = settings.duration("retry-for");
  return std::make_unique<Connection>(*this, std::move(options), patience);
}

void Context::catch_interrupts() {
  g_interrupted = 0;
  struct sigaction action = {};
  action.sa_handler = note_interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second one ends the process
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

bool Context::interrupted() const {
  return g_interrupted != 0;
}

void Context::stop_if_interrupted(std::string_view what_stands) const {
  if (interrupted()) throw Error(ErrorCode::interrupted, "interrupted; " + std::string(what_stands));
}

std::int64_t Stopwatch::elapsed_ms() {
  return to_ms(clock_.now()) - to_ms(started_);
}

}  // namespace tether::cmd
