// SPDX-License-Identifier: MIT
#include "service/device_book.hpp"

#include <vector>

#include "base/error.hpp"

namespace tether::service {

DeviceBook::DeviceBook(StorePool& pool, Log& log, std::chrono::milliseconds every)
    : pool_(pool), log_(log), thread_([this, every] { work(every); }) {}

DeviceBook::~DeviceBook() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ending_.notify_all();
  thread_.join();
  write();
}

void DeviceBook::work(std::chrono::milliseconds every) {
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, every, [this] { return ended_; })) {
    lock.unlock();
    write();
    lock.lock();
  }
}

/// Null when there are too many; mutex_ is held.
authority::Sighting* DeviceBook::sighting_of(const Scope& scope, const ClientId& client, std::int64_t now_ms) {
  auto& clients = seen_[scope.value];
  auto found = clients.find(client.value);
  if (found == clients.end()) {
    if (clients_ == k_clients_max) return nullptr;
    ++clients_;
    found = clients.emplace(client.value, authority::Sighting{.client_id = client.value, .seen_ms = now_ms}).first;
  }
  return &found->second;
}

void DeviceBook::saw_push(const Scope& scope, const ClientId& client, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (auto* sighting = sighting_of(scope, client, now_ms)) sighting->push_ms = now_ms;
}

void DeviceBook::saw_pull(const Scope& scope, const ClientId& client, std::int64_t now_ms,
                          std::optional<Cursor> given) {
  const std::lock_guard lock(mutex_);
  auto* sighting = sighting_of(scope, client, now_ms);
  if (sighting == nullptr) return;
  sighting->pull_ms = now_ms;
  if (given) sighting->cursor_us = given->value;
}

void DeviceBook::write() {
  Scopes seen;
  {
    const std::lock_guard lock(mutex_);
    seen.swap(seen_);
    clients_ = 0;
  }
  if (seen.empty()) return;
  try {
    pool_.write([&](sql::Database& store) {
      sql::in_transaction(store, sql::Access::write, [&](sql::Transaction& transaction) {
        for (auto& [scope, clients] : seen) {
          std::vector<authority::Sighting> sightings;
          for (const auto& [id, sighting] : clients) sightings.push_back(sighting);
          authority::note_devices(transaction, Scope{scope}, sightings);
        }
      });
    });
  } catch (const std::exception& fault) {
    // They come again, or are missed in a list that a person looks at: no reason to trouble anyone's request.
    log_.write(LogLevel::warning, "who was seen could not be noted", {{"fault", fault.what()}});
  }
}

}  // namespace tether::service
