// SPDX-License-Identifier: MIT
#include "service/options.hpp"

#include <algorithm>
#include <charconv>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "service/listen_address.hpp"
#include "sql/postgres/postgres.hpp"

namespace tether::service {

namespace {

[[noreturn]] void refuse(const std::string& message, std::string hint = {}) {
  throw Error(ErrorCode::usage, message, std::move(hint));
}

std::int64_t number(const std::string& text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    refuse("'" + text + "' is no whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

std::size_t size(const std::string& text, std::int64_t least, std::int64_t most) {
  return static_cast<std::size_t>(number(text, least, most));
}

std::chrono::milliseconds duration(const std::string& text, std::chrono::milliseconds least) {
  const std::chrono::milliseconds value = parse_duration(text);
  if (value < least || value > std::chrono::hours(1)) {
    refuse("'" + text + "' is not from " + human_duration(least) + " to 1h");
  }
  return value;
}

bool truth(const std::string& text) {
  if (text == "true" || text == "1" || text == "yes") return true;
  if (text == "false" || text == "0" || text == "no" || text.empty()) return false;
  refuse("'" + text + "' is neither true nor false");
}

void store(Options& options, const std::string& text) {
  constexpr std::string_view k_sqlite = "sqlite:";
  if (text.starts_with("postgres:") || text.starts_with("postgresql:")) {
    options.store_path = sql::postgres_name(text);
    options.store_url = text;
    return;
  }
  if (!text.starts_with(k_sqlite) || text.size() == k_sqlite.size()) {
    refuse("'" + redacted(text) + "' names no store",
           "Use sqlite:FILE, as in --store sqlite:tether-server.db, or postgres://USER:PASSWORD@HOST:PORT/NAME.");
  }
  const std::string path = text.substr(k_sqlite.size());
  if (path == ":memory:" || path.find('\0') != std::string::npos) {
    refuse("a store in memory would lose everything that it acknowledged",
           "Name a file: --store sqlite:tether-server.db.");
  }
  options.store_path = path;
}

std::string prefix(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '-' ||
           c == '_';
  };
  if ((!text.empty() && text[0] != '/') || text.size() > 100 || !std::ranges::all_of(text, is_allowed)) {
    refuse("'" + text + "' is no prefix: it begins with / and holds letters, digits, /, - and _");
  }
  return text;
}

void listen(Options& options, const std::string& text) {
  const ListenAddress address = parse_listen_address(text);
  options.host = address.host;
  options.port = address.port;
}

void auth(Options& options, const std::string& text) {
  if (text == "none") {
    options.auth = Auth::none;
  } else if (text == "token") {
    options.auth = Auth::token;
  } else if (text == "jwt") {
    options.auth = Auth::jwt;
  } else {
    refuse("'" + text + "' is neither none, token nor jwt");
  }
}

std::string claim(const std::string& text) {
  if (text.empty()) refuse("a claim has a name");
  return text;
}

/// Keys without `--auth jwt` would let everyone in who thinks that they are asked for.
void expect_jwt_keys(const Options& options) {
  const bool has_key = !options.jwt.key_file.empty();
  const bool has_jwks = !options.jwt.jwks_file.empty();
  if (has_key && has_jwks) refuse("the keys of JSON Web Tokens come from one file", "Give --jwt-key or --jwt-jwks.");
  if (options.auth == Auth::jwt && !has_key && !has_jwks) {
    refuse("JSON Web Tokens need a key to be verified with", "Name it with --jwt-key or --jwt-jwks.");
  }
  if (options.auth != Auth::jwt && (has_key || has_jwks)) {
    refuse("a key of JSON Web Tokens is given, but they are not asked for", "Say --auth jwt, or leave the key out.");
  }
}

void log_format(Options& options, const std::string& text) {
  if (text != "json" && text != "text") refuse("'" + text + "' is neither json nor text");
  options.log = text == "json" ? LogFormat::json : LogFormat::text;
}

constexpr std::int64_t k_many = 1'000'000'000;
using std::chrono::milliseconds;

const Setting k_settings[] = {
    {"listen", "TETHER_LISTEN", "127.0.0.1:8787", "HOST:PORT", "where to listen; port 0 takes any free one", &listen},
    {"store", "TETHER_STORE", "sqlite:tether-server.db", "STORE",
     "where everything is kept: sqlite:FILE or postgres://…", &store},
    {"store-connections", "TETHER_STORE_CONNECTIONS", "8", "N",
     "connections to Postgres: --readers of them for pulls, the others for pushes",
     [](Options& o, const std::string& t) { o.store_connections = size(t, 2, 1'000); }},
    {"store-wait", "TETHER_STORE_WAIT", "60s", "DURATION", "longest wait for the store when starting or migrating",
     [](Options& o, const std::string& t) { o.store_wait = duration(t, milliseconds(0)); }},
    {"store-time", "TETHER_STORE_TIME", "20s", "DURATION",
     "longest wait for an answer of Postgres before 503; 0s: no limit",
     [](Options& o, const std::string& t) { o.store_time = duration(t, milliseconds(0)); }},
    {"group-mutations", "TETHER_GROUP_MUTATIONS", "1000", "N",
     "mutations of several waiting pushes applied in one transaction; 1: each push alone",
     [](Options& o, const std::string& t) { o.group_mutations = size(t, 1, 50'000); }},
    {"models", "TETHER_MODELS", "", "FILE", "which models there are, and how their conflicts are decided; any",
     [](Options& o, const std::string& t) { o.models = t; }},
    {"prefix", "TETHER_PREFIX", "/tether", "PATH", "what stands before /push, /pull and /info",
     [](Options& o, const std::string& t) { o.prefix = prefix(t); }},
    {"auth", "TETHER_AUTH", "none", "KIND", "who may sync: none (everyone who can connect), token or jwt", &auth},
    {"jwt-key", "TETHER_JWT_KEY", "", "FILE",
     "what verifies JSON Web Tokens: a public key as PEM (RS256, ES256), or secret bytes (HS256)",
     [](Options& o, const std::string& t) { o.jwt.key_file = t; }},
    {"jwt-jwks", "TETHER_JWT_JWKS", "", "FILE", "several such keys, as a JWKS file; tokens name one by its kid",
     [](Options& o, const std::string& t) { o.jwt.jwks_file = t; }},
    {"jwt-issuer", "TETHER_JWT_ISSUER", "", "TEXT", "what iss has to be; any",
     [](Options& o, const std::string& t) { o.jwt.issuer = t; }},
    {"jwt-audience", "TETHER_JWT_AUDIENCE", "", "TEXT", "what aud has to name; nothing: tokens with an aud are refused",
     [](Options& o, const std::string& t) { o.jwt.audience = t; }},
    {"jwt-leeway", "TETHER_JWT_LEEWAY", "60s", "DURATION", "how far the issuer's clock may be off",
     [](Options& o, const std::string& t) { o.jwt.leeway = duration(t, milliseconds(0)); }},
    {"jwt-scope-claim", "TETHER_JWT_SCOPE_CLAIM", "tether_scope", "NAME", "the claim that names the scope",
     [](Options& o, const std::string& t) { o.jwt.scope_claim = claim(t); }},
    {"jwt-can-claim", "TETHER_JWT_CAN_CLAIM", "tether_can", "NAME", "the claim that lists the rights",
     [](Options& o, const std::string& t) { o.jwt.rights_claim = claim(t); }},
    {"jwt-client-claim", "TETHER_JWT_CLIENT_CLAIM", "tether_client", "NAME",
     "the claim that names the only client that may use the token",
     [](Options& o, const std::string& t) { o.jwt.client_claim = claim(t); }},
    {"tls-cert", "TETHER_TLS_CERT", "", "FILE", "serve https: the certificate and those in between, as PEM",
     [](Options& o, const std::string& t) { o.tls_cert = t; }},
    {"tls-key", "TETHER_TLS_KEY", "", "FILE", "the key of the certificate, as PEM",
     [](Options& o, const std::string& t) { o.tls_key = t; }},
    {"insecure", "TETHER_INSECURE", "false", "", "allow --auth none on an address that others can reach",
     [](Options& o, const std::string& t) { o.insecure = truth(t); }},
    {"strict-duplicates", "TETHER_STRICT_DUPLICATES", "false", "",
     "answer a mutation that was applied before as rejected: duplicate",
     [](Options& o, const std::string& t) { o.strict_duplicates = truth(t); }},
    {"log", "TETHER_LOG", "json", "FORMAT", "json (a line for machines) or text (for people)", &log_format},
    {"body-bytes", "TETHER_BODY_BYTES", "16777216", "N", "largest request body, after decompression",
     [](Options& o, const std::string& t) { o.limits.body_bytes_max = size(t, 1'024, k_many); }},
    {"mutations", "TETHER_MUTATIONS", "50000", "N", "most mutations in one push",
     [](Options& o, const std::string& t) { o.limits.mutations_max = size(t, 1, k_many); }},
    {"payload-bytes", "TETHER_PAYLOAD_BYTES", "1048576", "N", "largest payload of one mutation",
     [](Options& o, const std::string& t) { o.limits.payload_bytes_max = size(t, 2, k_many); }},
    {"page-rows", "TETHER_PAGE_ROWS", "1000", "N", "rows of a page when a pull names no limit",
     [](Options& o, const std::string& t) { o.limits.page_rows_default = number(t, 1, k_many); }},
    {"page-rows-max", "TETHER_PAGE_ROWS_MAX", "10000", "N", "most rows that a pull may ask for",
     [](Options& o, const std::string& t) { o.limits.page_rows_max = number(t, 1, k_many); }},
    {"page-bytes", "TETHER_PAGE_BYTES", "2097152", "N", "a page ends early once it is this long",
     [](Options& o, const std::string& t) { o.limits.page_bytes_max = size(t, 1'024, k_many); }},
    {"connections", "TETHER_CONNECTIONS", "512", "N", "connections served at once; a thread each",
     [](Options& o, const std::string& t) { o.connections = size(t, 1, 900); }},
    {"readers", "TETHER_READERS", "4", "N", "pulls that read the store at once",
     [](Options& o, const std::string& t) { o.readers = size(t, 1, 64); }},
    {"client-rate", "TETHER_CLIENT_RATE", "200", "N", "requests of one client per second; 0: no limit",
     [](Options& o, const std::string& t) { o.client_rate = number(t, 0, 1'000'000); }},
    {"proxies", "TETHER_PROXIES", "0", "N", "proxies in front that append to X-Forwarded-For",
     [](Options& o, const std::string& t) { o.proxies = size(t, 0, 16); }},
    {"header-time", "TETHER_HEADER_TIME", "10s", "DURATION", "longest wait for the head of a request",
     [](Options& o, const std::string& t) { o.header_time = duration(t, milliseconds(100)); }},
    {"request-time", "TETHER_REQUEST_TIME", "60s", "DURATION", "longest wait for a body to arrive, or a reply to leave",
     [](Options& o, const std::string& t) { o.request_time = duration(t, milliseconds(100)); }},
    {"stall-time", "TETHER_STALL_TIME", "10s", "DURATION", "longest wait for a client that reads nothing of its reply",
     [](Options& o, const std::string& t) { o.stall_time = duration(t, milliseconds(100)); }},
    {"idle-time", "TETHER_IDLE_TIME", "10s", "DURATION", "how long a connection may stay open unused",
     [](Options& o, const std::string& t) { o.idle_time = duration(t, milliseconds(100)); }},
    {"pool-wait", "TETHER_POOL_WAIT", "5s", "DURATION", "longest wait for the store before 503",
     [](Options& o, const std::string& t) { o.pool_wait = duration(t, milliseconds(0)); }},
    {"drain-time", "TETHER_DRAIN_TIME", "0s", "DURATION", "how long a stopping service still takes new connections",
     [](Options& o, const std::string& t) { o.drain_time = duration(t, milliseconds(0)); }},
    {"stop-time", "TETHER_STOP_TIME", "20s", "DURATION", "longest wait for requests under way when stopping",
     [](Options& o, const std::string& t) { o.stop_time = duration(t, milliseconds(0)); }},
};

}  // namespace

std::span<const Setting> settings() {
  return k_settings;
}

Values gather(const Texts& flags, const Environment& environment, const Texts& file, const std::string& file_path) {
  Values values;
  for (const Setting& setting : settings()) {
    Value& value = values[std::string(setting.name)];
    if (const auto flag = flags.find(setting.name); flag != flags.end()) {
      value = {flag->second, "--" + flag->first};
    } else if (const auto variable = environment(std::string(setting.environment))) {
      value = {*variable, std::string(setting.environment)};
    } else if (const auto entry = file.find(setting.name); entry != file.end()) {
      value = {entry->second, file_path};
    } else {
      value = {std::string(setting.fallback), "default"};
    }
  }
  return values;
}

Options options_from(const Values& values) {
  Options options;
  for (const Setting& setting : settings()) {
    const Value& value = values.find(setting.name)->second;
    with_context(std::string(setting.name) + " (from " + value.source + ")",
                 [&] { setting.apply(options, value.text); });
  }
  if (options.limits.page_rows_default > options.limits.page_rows_max) {
    refuse("page-rows is larger than page-rows-max", "Lower the first or raise the second.");
  }
  if (!options.store_url.empty() && options.readers >= options.store_connections) {
    refuse("readers leaves none of store-connections for pushes", "Lower the first or raise the second.");
  }
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    refuse("a certificate and its key belong together", "Give both --tls-cert and --tls-key, or neither.");
  }
  expect_jwt_keys(options);
  if (options.auth == Auth::none && !options.insecure && !is_loopback(options.host)) {
    refuse("refusing to serve everyone who can reach " + options.host + " without authentication",
           "Say --auth token or --auth jwt, listen on 127.0.0.1, or say --insecure when something in front asks for a "
           "password.");
  }
  return options;
}

std::string redacted(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return std::string(text);
  // A password may stand behind the question mark, too.
  const std::size_t question = std::min(text.find('?', scheme), text.size());
  const std::string parameters = question < text.size() ? "?***" : "";
  const std::size_t at = text.substr(0, question).rfind('@');
  const std::size_t host = at == std::string_view::npos || at < scheme ? scheme + 3 : at;
  return std::string(text.substr(0, scheme + 3)) + (host == at ? "***" : "") +
         std::string(text.substr(host, question - host)) + parameters;
}

}  // namespace tether::service
