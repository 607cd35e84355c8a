// SPDX-License-Identifier: MIT
// The commands that do not serve.
#include <filesystem>

#include "authority/authority.hpp"
#include "authority/devices.hpp"
#include "authority/store.hpp"
#include "base/error.hpp"
#include "service/commands.hpp"
#include "service/jwt_keys.hpp"
#include "service/models_file.hpp"
#include "service/store.hpp"
#include "service/tls.hpp"
#include "sql/sqlite.hpp"

namespace tether::service {

namespace {

constexpr const char* k_no_start = "It does not start on that";

bool wait_patiently(const Error&) {
  return true;
}

/// Returns the version that the store has. A later one only adds: what this program knows is there.
int expect_migrated(sql::Database& store, const Options& options) {
  const int version = authority::schema_version(store);
  if (version >= authority::k_schema_version) return version;
  throw Error(ErrorCode::not_found,
              options.store_path + " has schema " + std::to_string(version) + ", not " +
                  std::to_string(authority::k_schema_version),
              "Run tether-service migrate.");
}

void throw_if_newer(const Options& options, int version, const std::string& consequence) {
  if (version <= authority::k_schema_version) return;
  throw Error(ErrorCode::newer_version,
              options.store_path + " has schema " + std::to_string(version) + ", this program knows up to " +
                  std::to_string(authority::k_schema_version),
              consequence + "; install the version of tether-service that wrote it, or a later one.");
}

void describe(const JwtKeys& keys, const JwtOptions& jwt, std::ostream& out) {
  out << "jwt: " << keys.description() << "\n"
      << "jwt: issued by " << (jwt.issuer.empty() ? "anyone with such a key" : jwt.issuer) << ", for "
      << (jwt.audience.empty() ? "no named audience" : jwt.audience) << ", clocks up to " << human_duration(jwt.leeway)
      << " off\n"
      << "jwt: scope from " << jwt.scope_claim << ", rights from " << jwt.rights_claim << ", client from "
      << jwt.client_claim << "\n";
}

/// What is wrong is thrown; what is only odd is said, and changes no exit code.
void check_models(const Options& options, std::ostream& out) {
  const auto models = load_models(options.models);
  const std::size_t count = models->by_name().size();
  out << "models: " << options.models << " is good, " << count << (count == 1 ? " model" : " models") << "\n";
  for (const std::string& warning : warnings_of_models(options.models, *models, options.auth)) {
    out << "warning: " << warning << "\n";
  }
}

}  // namespace

std::unique_ptr<sql::Database> open_migrated_store(const Options& options) {
  auto store = open_store(options, sql::Open::existing);
  expect_migrated(*store, options);
  return store;
}

int migrate(const Options& options, bool only_check, World& world, std::ostream& out) {
  if (only_check && !store_exists(options)) {
    out << options.store_path << ": not there yet; serve or migrate makes it\n";
    return k_exit_needs_attention;
  }
  const auto store =
      wait_for_store(options, only_check ? sql::Open::existing : sql::Open::create, *world.clock, wait_patiently);
  const int before =
      only_check ? authority::schema_version(*store) : migrate_store(options, *store, *world.clock, wait_patiently);
  throw_if_newer(options, before, k_no_start);
  const bool current = before == authority::k_schema_version;
  if (current) {
    out << options.store_path << ": schema " << before << ", up to date\n";
  } else {
    out << options.store_path << ": schema " << before << (only_check ? ", to be migrated to " : " migrated to ")
        << authority::k_schema_version << "\n";
  }
  return only_check && !current ? k_exit_needs_attention : k_exit_done;
}

int migrate_restored(const Options& options, World& world, std::ostream& out) {
  const auto store = open_store(options, sql::Open::existing);
  migrate_store(options, *store, *world.clock, wait_patiently);
  const std::int64_t scopes = authority::renew_epochs(*store, *world.clock, *world.random);
  out << options.store_path << ": new epoch in " << scopes << (scopes == 1 ? " scope" : " scopes")
      << "; clients start anew and send again what is missing\n";
  return k_exit_done;
}

int check(const Options& options, World& world, std::ostream& out) {
  std::string certificate_warning;
  if (!options.tls_cert.empty()) {
    certificate_warning = TlsIdentity(options.tls_cert, options.tls_key).warning(world.clock->now());
  }
  const auto jwt_keys = options.auth == Auth::jwt ? std::make_unique<JwtKeys>(options.jwt) : nullptr;
  out << "settings: good\n";
  if (!certificate_warning.empty()) out << "warning: " << certificate_warning << "\n";
  if (jwt_keys) describe(*jwt_keys, options.jwt, out);
  if (!options.models.empty()) check_models(options, out);
  if (!store_exists(options)) {
    const auto folder = std::filesystem::absolute(options.store_path).parent_path();
    if (!std::filesystem::is_directory(folder)) {
      throw Error(ErrorCode::not_found, "there is no folder " + folder.string(), "Make the folder first.");
    }
    out << "store: " << options.store_path << " is not there yet; serve makes it\n";
    return k_exit_done;
  }
  const auto store = open_store(options, sql::Open::existing);
  const int version = expect_migrated(*store, options);
  throw_if_newer(options, version, k_no_start);
  if (const std::string found = damage(options, *store); !found.empty()) {
    throw Fatal(ErrorCode::corrupt, options.store_path + " is damaged: " + found,
                "To go on, " + sql::way_back_from(options.store_path));
  }
  out << "store: " << options.store_path << " is sound, schema " << version << "\n";
  return k_exit_done;
}

int compact(const Options& options, std::chrono::milliseconds keep, World& world, std::ostream& out) {
  const auto store = open_store(options, sql::Open::existing);
  throw_if_newer(options, expect_migrated(*store, options), "What may be forgotten of it only that program knows");
  authority::Authority authority(*world.clock, *world.random, {options.strict_duplicates, options.limits});
  const auto compacted = authority.compact(*store, keep);
  const std::int64_t clients = authority::forget_devices(*store, to_ms(world.clock->now()) - keep.count());
  out << options.store_path << ": forgot " << compacted.tombstones << " tombstones, " << compacted.mutations
      << " mutation ids and " << clients << " clients older than " << human_duration(keep) << "\n";
  return k_exit_done;
}

}  // namespace tether::service
