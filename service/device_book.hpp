// SPDX-License-Identifier: MIT
// Which clients were seen lately, written to the store now and then, all at once: no request waits for it. What a kill
// takes are the last few seconds. Safe from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "authority/devices.hpp"
#include "base/log.hpp"
#include "service/store_pool.hpp"

namespace tether::service {

class DeviceBook {
 public:
  static constexpr std::chrono::seconds k_every{5};
  /// Between two writes no more clients than this are kept in mind: names can be made up.
  static constexpr std::size_t k_clients_max = 2'000;

  /// All outlive the book.
  DeviceBook(StorePool& pool, Log& log, std::chrono::milliseconds every = k_every);
  /// Writes what is left.
  ~DeviceBook();

  void saw_push(const Scope& scope, const ClientId& client, std::int64_t now_ms);
  void saw_pull(const Scope& scope, const ClientId& client, std::int64_t now_ms, std::optional<Cursor> given);

  /// Writes what was seen until now.
  void write();

 private:
  using Scopes = std::map<std::string, std::map<std::string, authority::Sighting>>;
  authority::Sighting* sighting_of(const Scope& scope, const ClientId& client, std::int64_t now_ms);
  void work(std::chrono::milliseconds every);

  StorePool& pool_;
  Log& log_;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_ = false;
  Scopes seen_;
  std::size_t clients_ = 0;  // in seen_
  std::thread thread_;
};

}  // namespace tether::service
