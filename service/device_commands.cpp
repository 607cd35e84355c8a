// SPDX-License-Identifier: MIT
#include <algorithm>

#include "authority/devices.hpp"
#include "base/error.hpp"
#include "protocol/codec.hpp"
#include "protocol/json_writer.hpp"
#include "service/access_commands.hpp"
#include "service/commands.hpp"
#include "service/listing.hpp"

namespace tether::service {

namespace {

using authority::Device;

ClientId client_argument(const std::string& text) {
  try {
    return protocol::parse_client_id(text, "CLIENT_ID");
  } catch (const Error& error) {
    throw Error(ErrorCode::usage, error.what(), error.hint());
  }
}

std::string time_or_never(const std::optional<std::int64_t>& ms) {
  return ms ? rfc3339_ms(from_ms(*ms)) : "never";
}

std::string lag_of(const Device& device) {
  if (!device.lag_us) return "-";
  if (*device.lag_us == 0) return "none";
  return human_duration(std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds(*device.lag_us)));
}

void write_number(protocol::JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& number) {
  json.key(name);
  if (number) {
    json.number(*number);
  } else {
    json.raw("null");
  }
}

std::string as_json(const Device& device) {
  std::string out;
  protocol::JsonWriter json(out);
  json.begin_object().key("scope").text(device.scope.value).key("client").text(device.client.value);
  write_time(json, "first_seen_at", device.first_seen_ms);
  write_time(json, "last_push_at", device.last_push_ms);
  write_time(json, "last_pull_at", device.last_pull_ms);
  write_number(json, "cursor", device.cursor_us);
  write_number(json, "lag_us", device.lag_us);
  write_time(json, "revoked_at", device.revoked_ms);
  json.end_object();
  return out;
}

/// The scopes that a client was seen in, when none was named.
Scope scope_of(sql::Database& store, const ClientId& client) {
  std::vector<std::string> found;
  for (const Device& device : authority::devices(store)) {
    if (device.client == client) found.push_back(device.scope.value);
  }
  if (found.size() == 1) return Scope{found.front()};
  const std::string name = printable(client.value);
  if (found.empty()) {
    throw Error(ErrorCode::not_found, "no client " + name + " was seen",
                "tether-service device list shows them. Name the scope with --scope to shut out one that never came.");
  }
  std::string list;
  for (const std::string& scope : found) (list += list.empty() ? "" : ", ") += printable(scope);
  throw Error(ErrorCode::usage, "client " + name + " was seen in several scopes: " + list, "Name one with --scope.");
}

bool was_seen(sql::Database& store, const Scope& scope, const ClientId& client) {
  return std::ranges::any_of(authority::devices(store), [&](const Device& device) {
    return device.scope == scope && device.client == client && (device.last_push_ms || device.last_pull_ms);
  });
}

}  // namespace

int list_devices(const Options& options, bool json, std::ostream& out) {
  const auto all = authority::devices(*open_migrated_store(options));
  std::vector<std::vector<std::string>> rows{{"SCOPE", "CLIENT", "LAST PUSH", "LAST PULL", "CURSOR", "LAG", "STATE"}};
  for (const Device& device : all) {
    if (json) {
      out << as_json(device) << "\n";
      continue;
    }
    rows.push_back({device.scope.value, device.client.value, time_or_never(device.last_push_ms),
                    time_or_never(device.last_pull_ms), device.cursor_us ? std::to_string(*device.cursor_us) : "-",
                    lag_of(device), device.revoked_ms ? "revoked" : "-"});
  }
  if (!json && all.empty()) out << "no client was seen yet\n";
  if (!json && !all.empty()) print_columns(std::move(rows), out);
  return k_exit_done;
}

int revoke_device(const Options& options, const std::string& client, const std::string& scope, bool undo, World& world,
                  std::ostream& out) {
  const ClientId id = client_argument(client);
  const auto store = open_migrated_store(options);
  const Scope where = scope.empty() ? scope_of(*store, id) : Scope{scope};
  const std::string name = "client " + printable(id.value) + " of scope " + printable(where.value);
  if (!undo) {
    const bool seen = was_seen(*store, where, id);
    authority::revoke_device(*store, where, id, to_ms(world.clock->now()));
    out << name << (seen ? " is revoked: it can" : " was never seen; revoked all the same: it can")
        << " neither push nor pull; what it pushed stays\n";
  } else if (authority::restore_device(*store, where, id)) {
    out << name << " may push and pull again\n";
  } else {
    throw Error(ErrorCode::not_found, name + " is not revoked", "tether-service device list shows who is.");
  }
  return k_exit_done;
}

}  // namespace tether::service
