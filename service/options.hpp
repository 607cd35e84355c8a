// SPDX-License-Identifier: MIT
// What the service is told: flags > environment > configuration file > defaults, each value checked where it enters,
// each knowing where it came from.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "protocol/limits.hpp"

namespace tether::service {

enum class Auth { none, token, jwt };

/// What a JSON Web Token has to be signed with, and what it has to say. One of the files is named.
struct JwtOptions {
  std::string key_file;
  std::string jwks_file;
  std::string issuer;    // empty: any
  std::string audience;  // empty: none may be named
  std::chrono::milliseconds leeway{60'000};
  std::string scope_claim = "tether_scope";
  std::string rights_claim = "tether_can";
  std::string client_claim = "tether_client";
};

struct Options {
  std::string host = "127.0.0.1";
  int port = 8787;                              // 0: any free one
  std::string store_url;                        // of Postgres; empty: the store is a file
  std::string store_path = "tether-server.db";  // of the file, or what messages call the database
  std::size_t store_connections = 8;
  std::size_t group_mutations = 1'000;
  std::chrono::milliseconds store_wait{60'000};
  std::chrono::milliseconds store_time{20'000};  // of a statement in Postgres; 0: no limit
  std::string models;                            // a file; empty: every model is accepted
  std::string prefix = "/tether";
  Auth auth = Auth::none;
  JwtOptions jwt;
  std::string tls_cert;  // a PEM file; empty: no encryption
  std::string tls_key;
  bool insecure = false;
  bool strict_duplicates = false;
  LogFormat log = LogFormat::json;
  // Smaller pages than the protocol would allow: every reply under way is held in memory.
  protocol::Limits limits{.page_bytes_max = 2 * 1024 * 1024};
  std::size_t connections = 512;
  std::size_t readers = 4;
  std::int64_t client_rate = 200;  // requests per second; 0: no limit
  std::size_t proxies = 0;         // in front, each appending to X-Forwarded-For
  std::chrono::milliseconds header_time{10'000};
  std::chrono::milliseconds request_time{60'000};
  std::chrono::milliseconds stall_time{10'000};
  std::chrono::milliseconds idle_time{10'000};
  std::chrono::milliseconds pool_wait{5'000};
  std::chrono::milliseconds drain_time{0};
  std::chrono::milliseconds stop_time{20'000};
};

struct Setting {
  std::string_view name;         // as in `--NAME` and in the configuration file
  std::string_view environment;  // TETHER_…
  std::string_view fallback;
  std::string_view value;  // how the value is called in help texts; empty: a switch
  std::string_view help;
  void (*apply)(Options& options, const std::string& text);  // throws Error(usage)
};
std::span<const Setting> settings();

/// Texts by setting name.
using Texts = std::map<std::string, std::string, std::less<>>;
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

struct Value {
  std::string text;
  std::string source;  // `default`, `--listen`, `TETHER_LISTEN`, a file's path
};
using Values = std::map<std::string, Value, std::less<>>;

/// Every setting with the value that holds and its source.
Values gather(const Texts& flags, const Environment& environment, const Texts& file, const std::string& file_path);
/// Throws Error(usage), naming the setting and where its value came from.
Options options_from(const Values& values);

/// Reads `{"listen": "…", "connections": 100, "insecure": false}`. Throws Error(usage) for an unknown name or a wrong
/// type.
Texts read_config_file(const std::string& path);

/// `text` without the password that a URL may carry.
std::string redacted(std::string_view text);

}  // namespace tether::service
