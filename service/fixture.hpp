// SPDX-License-Identifier: MIT
// For tests: a service in this process on a port of its own.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "authority/store.hpp"
#include "service/server.hpp"
#include "service/store.hpp"
#include "service/test_client.hpp"
#include "service/world.hpp"
#include "testing/postgres_cluster.hpp"
#include "testing/server_store.hpp"
#include "testing/temporary_directory.hpp"

namespace tether::service {

using Folder = testing::TemporaryDirectory;

constexpr char k_first_pull[] = R"({"client_id":"ann","last_sync_cursor":null})";

/// A push of `count` creates whose ids begin at `first`.
inline std::string push_of(int count, int first = 0, const std::string& payload = R"({"title":"pump"})") {
  std::string body = R"({"client_id":"ann","mutations":[)";
  for (int i = first; i < first + count; ++i) {
    const std::string digits = std::to_string(i);
    const std::string id = "01K" + std::string(23 - digits.size(), '0') + digits;
    if (i > first) body += ',';
    body += R"({"mutation_id":")" + id + R"(","entity_id":")" + id +
            R"(","model":"Task","operation":"create","payload":)" + payload +
            R"(,"version":1,"timestamp":1763757000123})";
  }
  return body + "]}";
}

/// Its store is a file, or in Postgres when TETHER_TEST_STORE=postgres (testing/server_store.hpp).
class TestService {
 public:
  explicit TestService(const std::function<void(Options&)>& change = {}) {
    options.port = 0;
    options.store_path = folder.file("store.db");
    if (testing::ServerStore::is_postgres()) options.store_url = testing::PostgresCluster::shared().new_schema();
    if (change) change(options);
    authority::migrate(*open_store(options, sql::Open::create));
    authority_ = std::make_unique<authority::Authority>(clock, random_,
                                                        authority::Options{options.strict_duplicates, options.limits});
    pool = std::make_unique<StorePool>(
        [this](sql::Access access) {
          auto store = open_store_for_requests(options, access);
          return meddle ? meddle(std::move(store)) : std::move(store);
        },
        pool_bounds(options), clock);
    devices = std::make_unique<DeviceBook>(*pool, log_, std::chrono::hours(1));
    if (options.auth == Auth::jwt) jwt_keys = std::make_unique<JwtKeys>(options.jwt);
    routes_ = std::make_unique<Routes>(options, *authority_, *pool, *devices, clock, random_, jwt_keys.get());
    if (!options.tls_cert.empty()) identity = std::make_unique<TlsIdentity>(options.tls_cert, options.tls_key);
    server = std::make_unique<Server>(Listener({options.host, options.port}), options, *routes_, log_, clock, random_,
                                      identity.get());
    thread_ = std::thread([this] { server->run(); });
  }
  ~TestService() { stop(); }
  void stop() {
    server->stop();
    if (thread_.joinable()) thread_.join();
  }
  int port() const { return server->address().port; }
  const Routes& routes() const { return *routes_; }
  std::string logged() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

  Folder folder;
  Options options;
  /// What a connection to the store is put into when it is opened; to be said before the first request.
  std::function<std::unique_ptr<sql::Database>(std::unique_ptr<sql::Database>)> meddle;
  SystemClock clock;
  std::unique_ptr<StorePool> pool;
  std::unique_ptr<DeviceBook> devices;
  std::unique_ptr<TlsIdentity> identity;
  std::unique_ptr<JwtKeys> jwt_keys;
  std::unique_ptr<Server> server;

 private:
  SharedRandom random_{std::make_unique<SystemRandom>()};
  std::mutex mutex_;
  std::string lines_;
  Log log_{clock, LogFormat::json, [this](std::string_view line) {
             const std::lock_guard lock(mutex_);
             (lines_ += line) += '\n';
           }};
  std::unique_ptr<authority::Authority> authority_;
  std::unique_ptr<Routes> routes_;
  std::thread thread_;
};

}  // namespace tether::service
