// SPDX-License-Identifier: MIT
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "authority/authority.hpp"
#include "authority/store.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "service/commands.hpp"
#include "service/jwt_keys.hpp"
#include "service/listen_address.hpp"
#include "service/models_file.hpp"
#include "service/models_warnings.hpp"
#include "service/program_pool.hpp"
#include "service/server.hpp"
#include "service/signals.hpp"
#include "service/store.hpp"
#include "service/store_pool.hpp"
#include "service/tls.hpp"

namespace tether::service {

namespace {

/// Hundreds of threads each allocate little and for a short time: two arenas serve them, and large buffers go back to
/// the system at once instead of staying in whichever arena they were in.
void keep_memory_small() {
  constexpr int k_arenas = 2;
  constexpr int k_large_bytes = 256 * 1024;
  mallopt(M_ARENA_MAX, k_arenas);
  mallopt(M_MMAP_THRESHOLD, k_large_bytes);
  mallopt(M_TRIM_THRESHOLD, 4 * k_large_bytes);
}

/// The server that a signal stops, while there is one.
class Running {
 public:
  void begin(Server& server) {
    const std::lock_guard lock(mutex_);
    server_ = &server;
    if (stopped_) server.stop();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    server_ = nullptr;
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    if (server_ != nullptr) server_->stop();
  }
  bool is_stopped() {
    const std::lock_guard lock(mutex_);
    return stopped_;
  }

 private:
  std::mutex mutex_;
  Server* server_ = nullptr;
  bool stopped_ = false;
};

void write_to_stderr(std::string_view line) {
  std::string text(line);
  if (!text.ends_with('\n')) text += '\n';
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

/// As of one moment: a further setting moves no time in a golden file.
void log_settings(Instant now, LogFormat format, const Values& values) {
  SteppingClock at_once(now, std::chrono::microseconds(0));
  Log log(at_once, format, write_to_stderr);
  for (const Setting& setting : settings()) {
    const Value& value = values.find(setting.name)->second;
    const std::string shown = redacted(value.text);
    log.write(LogLevel::info, "setting", {{"name", setting.name}, {"value", shown}, {"source", value.source}});
  }
}

/// What SIGHUP loads anew. One that cannot be used leaves the old in place. From any thread.
class Reloads {
 public:
  void add(std::string_view what, std::function<void()> load) {
    const std::lock_guard lock(mutex_);
    all_.push_back({what, std::move(load)});
  }
  void load(Log& log) {
    const std::lock_guard lock(mutex_);
    if (all_.empty()) log.write(LogLevel::info, "SIGHUP: there is nothing to load anew");
    for (const auto& [what, load] : all_) {
      try {
        load();
        log.write(LogLevel::info, "SIGHUP: loaded anew", {{"what", what}});
      } catch (const std::exception& error) {  // whatever it is: nothing may leave the thread of the signals
        log.write(LogLevel::error, "SIGHUP: the old stays", {{"what", what}, {"fault", error.what()}});
      }
    }
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    all_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::string_view, std::function<void()>>> all_;
};

/// Brings the store up, and to the schema of this version. False when the service is to stop instead.
bool prepare_store(const Options& options, Clock& clock, Log& log, Running& running) {
  const auto go_on = [&](const Error& error) {
    log.write(LogLevel::warning, "waiting for the store", {{"fault", error.what()}});
    return !running.is_stopped();
  };
  const auto store = wait_for_store(options, sql::Open::create, clock, go_on);
  if (!store) return false;
  int before = 0;
  try {
    before = migrate_store(options, *store, clock, go_on);
  } catch (const Error&) {
    if (running.is_stopped()) return false;
    throw;
  }
  if (before != authority::k_schema_version) {
    log.write(LogLevel::info, "store migrated",
              {{"from", std::int64_t{before}}, {"to", std::int64_t{authority::k_schema_version}}});
  }
  return true;
}

/// Nobody has claims whom nobody asks for a token.
void warn_of_claims(const rules::Models& models, Log& log) {
  std::string names;
  for (const std::string& name : models_with_claims(models)) names += (names.empty() ? "" : ", ") + name;
  if (names.empty()) return;
  log.write(LogLevel::warning, "models ask for claims, and with --auth none nobody has any", {{"models", names}});
}

/// To be called with each certificate that is loaded.
void tell_expiry(const TlsIdentity& identity, Clock& clock, Log& log, Metrics& metrics) {
  metrics.certificate_expires = to_ms(identity.expires()) / 1'000;
  if (const std::string warning = identity.warning(clock.now()); !warning.empty()) {
    log.write(LogLevel::warning, warning);
  }
}

}  // namespace

int serve(const Options& options, const Values& values, World& world) {
  keep_memory_small();
  Clock& clock = *world.clock;
  Log log(clock, options.log, write_to_stderr);
  Running running;
  const auto identity =
      options.tls_cert.empty() ? nullptr : std::make_unique<TlsIdentity>(options.tls_cert, options.tls_key);
  const auto jwt_keys = options.auth == Auth::jwt ? std::make_unique<JwtKeys>(options.jwt) : nullptr;
  auto models = load_models(options.models);
  Listener listener({options.host, options.port});  // before anything is made: an address that is taken ends this here
  Reloads reloads;
  const Signals signals([&](int signal) {
    if (signal == SIGHUP) return reloads.load(log);
    log.write(LogLevel::info, "stopping", {{"signal", std::int64_t{signal}}});
    running.stop();
  });
  for (const std::string& warning : world.warnings) log.write(LogLevel::warning, warning);
  log_settings(clock.now(), options.log, values);
  if (options.auth == Auth::none) warn_of_claims(*models, log);
  if (!prepare_store(options, clock, log, running)) return k_exit_done;
  // Behind the signals, whose thread alone shall take them.
  ProgramPool programs(log, *world.random, environment_for_programs(environ), {});
  authority::Authority authority(clock, *world.random, {options.strict_duplicates, options.limits}, &programs);
  authority.use(std::move(models));
  StorePool pool([&](sql::Access access) { return open_store_for_requests(options, access); }, pool_bounds(options),
                 clock);
  DeviceBook devices(pool, log);
  Routes routes(options, authority, pool, devices, clock, *world.random, jwt_keys.get());
  Server server(std::move(listener), options, routes, log, clock, *world.random, identity.get());
  running.begin(server);
  if (identity) {
    const auto tell = [&] { tell_expiry(*identity, clock, log, routes.counters()); };
    tell();
    reloads.add("certificate", [&, tell] {
      identity->load();
      tell();
    });
  }
  if (jwt_keys) reloads.add("keys of JSON Web Tokens", [&] { jwt_keys->load(); });
  if (!options.models.empty()) {
    reloads.add("models file", [&] {
      authority.use(load_models(options.models));
      programs.start_anew();
    });
  }
  const std::string address = (identity ? "https://" : "http://") + server.address().text() + options.prefix;
  log.write(LogLevel::info, "serving",
            {{"address", address}, {"store", options.store_path}, {"version", TETHER_VERSION}});
  const bool all_finished = server.run();
  running.end();
  reloads.clear();
  log.write(LogLevel::info, "stopped", {{"all_finished", all_finished}});
  return k_exit_done;
}

}  // namespace tether::service
