// SPDX-License-Identifier: MIT
#include "sql/postgres/opening.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "sql/postgres/postgres_error.hpp"
#include "sql/postgres/waiting.hpp"

namespace tether::sql {
namespace {

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Opening = std::unique_ptr<PGconn, Finish>;

struct Free {
  void operator()(PQconninfoOption* settings) const { PQconninfoFree(settings); }
};
using Settings = std::unique_ptr<PQconninfoOption, Free>;

constexpr int k_oldest_version = 120'000;  // 12.0

std::string setting(const Settings& settings, std::string_view keyword) {
  for (const auto* option = settings.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->keyword == keyword) return option->val != nullptr ? option->val : "";
  }
  return {};
}

/// What libpq says about a malformed URL may hold a part of the password; so it is not passed on.
Settings settings_of(const std::string& url) {
  char* message = nullptr;
  Settings settings(PQconninfoParse(url.c_str(), &message));
  PQfreemem(message);
  const bool is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
  if (!settings || !is_url || url.find('\0') != std::string::npos) {
    throw Error(ErrorCode::usage, "the store is no URL that Postgres understands",
                "Write postgres://USER:PASSWORD@HOST:PORT/NAME, with %XX for special characters in the password.");
  }
  return settings;
}

/// The part before the URL is what holds unless the URL says otherwise: a machine that vanished is noticed within a
/// minute, also while nothing is sent.
PGconn* start(const std::string& url) {
  const char* const keywords[] = {"connect_timeout",           "keepalives_idle",
                                  "keepalives_interval",       "keepalives_count",
                                  "tcp_user_timeout",          "gssencmode",
                                  "fallback_application_name", "dbname",
                                  "client_encoding",           nullptr};
  const char* const values[] = {"10",        "30",   "10",   "3", "30000", "disable", "tether-service",
                                url.c_str(), "UTF8", nullptr};
  static_assert(std::size(keywords) == std::size(values));
  constexpr int k_url_stands_for_dbname = 1;
  return PQconnectStartParams(keywords, values, k_url_stands_for_dbname);
}

std::optional<Deadline> deadline_of(PGconn* connection) {
  const Settings settings(PQconninfo(connection));
  const int seconds = std::atoi(setting(settings, "connect_timeout").c_str());
  if (seconds <= 0) return std::nullopt;  // as libpq has it
  return Deadline::clock::now() + std::chrono::seconds(std::max(seconds, 2));
}

void check_server(PGconn* connection, const std::string& name) {
  if (PQserverVersion(connection) < k_oldest_version) {
    throw Error(ErrorCode::usage,
                name + ": Postgres " + std::to_string(PQserverVersion(connection) / 10'000) + " is too old",
                "Use Postgres 12 or later.");
  }
  const char* encoding = PQparameterStatus(connection, "server_encoding");
  if (encoding != nullptr && std::string_view(encoding) != "UTF8") {
    throw Error(ErrorCode::usage, name + ": the database is in " + encoding + ", which cannot hold every text",
                "Create it with ENCODING 'UTF8' TEMPLATE template0.");
  }
}

/// Nobody is to be waited for who asks for a password that there is none of.
[[noreturn]] void refuse(PGconn* connection, const std::string& name) {
  constexpr std::string_view k_wrong_password = "28P01";
  if (PQconnectionNeedsPassword(connection) != 0) {
    throw_postgres_error(k_wrong_password, "a password is asked for, and none was given", name);
  }
  throw_cannot_connect(PQerrorMessage(connection), name);
}

}  // namespace

std::string postgres_name(const std::string& url) {
  const Settings settings = settings_of(url);
  const std::string host = setting(settings, "host");
  const std::string port = setting(settings, "port");
  return "postgres://" + host + (port.empty() ? "" : ":" + port) + "/" + setting(settings, "dbname");
}

/// Not PQconnectdb: the verbosity, which makes it tell the SQLSTATE, can be set only once there is a connection.
PGconn* open_connection(const std::string& url, const std::string& name) {
  Opening opening(start(url));
  PGconn* connection = opening.get();
  if (connection == nullptr) throw std::bad_alloc();
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  const auto deadline = deadline_of(connection);
  auto next = PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
    if (!wait_for(connection, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
      throw_cannot_connect("no answer in time", name);
    }
    next = PQconnectPoll(connection);
  }
  if (next == PGRES_POLLING_FAILED) refuse(connection, name);
  check_server(connection, name);
  return opening.release();
}

}  // namespace tether::sql
