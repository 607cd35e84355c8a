// SPDX-License-Identifier: MIT
#include "cmd/settings.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/nearest.hpp"
#include "cmd/output.hpp"
#include "net/url.hpp"
#include "protocol/limits.hpp"
#include "replica/file.hpp"

namespace tether::cmd {
namespace {

using Kind = SettingKind;

constexpr Setting k_settings[] = {
    {"server", "TETHER_SERVER", "", Kind::url, "URL", "the server, as in http://host:8787"},
    {"token", "TETHER_TOKEN", "", Kind::secret, "TOKEN", "what the server knows you by"},
    {"token-file", "TETHER_TOKEN_FILE", "", Kind::path, "FILE", "a file that holds the token"},
    {"ca-file", "TETHER_CA_FILE", "", Kind::path, "FILE", "certificates to trust instead of the system's"},
    {"batch", "TETHER_BATCH", "1000", Kind::number, "N", "mutations sent per request"},
    {"page", "TETHER_PAGE", "", Kind::number, "N", "records asked for per request; the server's default when not set"},
    {"timeout", "TETHER_TIMEOUT", "30s", Kind::duration, "DURATION", "how long one answer may take"},
    {"connect-timeout", "TETHER_CONNECT_TIMEOUT", "10s", Kind::duration, "DURATION", "how long connecting may take"},
    {"retry-for", "TETHER_RETRY_FOR", "10s", Kind::duration, "DURATION",
     "how long a request is tried again while the server is not reachable; 0s: once"},
    {"max-lag", "TETHER_MAX_LAG", "", Kind::duration, "DURATION",
     "status exits with 3 when the oldest unsent mutation is older"},
};

constexpr std::string_view k_state_prefix = "config.";
constexpr std::size_t k_token_bytes_max = 64 * 1024;

/// How many rows go into one request, or come in one answer.
void check_number(std::string_view value) {
  const auto most = static_cast<std::int64_t>(protocol::Limits{}.mutations_max);
  std::int64_t number = 0;
  const auto end = value.data() + value.size();
  const auto [stopped, error] = std::from_chars(value.data(), end, number);
  if (error == std::errc() && stopped == end && number >= 1 && number <= most) return;
  throw Error(ErrorCode::usage, "'" + std::string(value) + "' is no whole number from 1 to " + grouped(most));
}

void check_duration(const Setting& setting, std::string_view value) {
  const auto duration = parse_duration(value);
  const bool bounds_a_wait = setting.name == "timeout" || setting.name == "connect-timeout";
  if (!bounds_a_wait || duration.count() > 0) return;
  throw Error(ErrorCode::usage, "'" + std::string(value) + "' leaves no time for an answer", "Write it as 30s or 2m.");
}

void check_header_text(std::string_view value) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F)
      throw Error(ErrorCode::usage, "a token holds no blanks, control characters or characters beyond ASCII");
  }
}

std::string without_line_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

std::string read_token_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(k_token_bytes_max + 1, '\0');
  if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || !in.is_open() || (in.fail() && !in.eof()))
    throw Error(ErrorCode::usage, "cannot read the token file " + path, "Check the path and who may read it.");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > k_token_bytes_max) throw Error(ErrorCode::usage, "the token file " + path + " is over 64 KiB");
  text = without_line_end(std::move(text));
  if (text.empty()) throw Error(ErrorCode::usage, "the token file " + path + " is empty");
  with_context("the token file " + path, [&] { check_header_text(text); });
  return text;
}

}  // namespace

std::span<const Setting> setting_table() {
  return k_settings;
}

const Setting& setting_named(std::string_view name) {
  std::vector<std::string_view> names;
  std::string list;
  for (const auto& setting : k_settings) {
    if (setting.name == name) return setting;
    names.push_back(setting.name);
    list += (list.empty() ? "" : ", ") + std::string(setting.name);
  }
  const auto guess = nearest(name, names);
  throw Error(ErrorCode::usage, "there is no setting '" + std::string(name) + "'",
              guess.empty() ? "The settings are: " + list + "." : "Did you mean " + std::string(guess) + "?");
}

void check_setting(const Setting& setting, std::string_view value) {
  if (value.empty()) throw Error(ErrorCode::usage, "the value is empty");
  if (setting.kind == Kind::url) net::parse_url(value);
  if (setting.kind == Kind::number) check_number(value);
  if (setting.kind == Kind::duration) check_duration(setting, value);
  if (setting.kind == Kind::secret) check_header_text(value);
}

void check_readable(const Setting& setting, const std::string& path) {
  if (setting.name == "token-file") {
    static_cast<void>(read_token_file(path));
    return;
  }
  std::ifstream in(path, std::ios::binary);
  if (in.get() != std::ifstream::traits_type::eof()) return;
  throw Error(ErrorCode::usage, "cannot read " + path + ", or it is empty", "Check the path and who may read it.");
}

std::string_view name(Origin origin) {
  switch (origin) {
    case Origin::fallback:
      return "default";
    case Origin::file:
      return "file";
    case Origin::environment:
      return "environment";
    case Origin::flag:
      return "flag";
  }
  return "";
}

const Settings::Value& Settings::at(std::string_view name) const {
  const auto found = values_.find(name);
  TETHER_ASSERT(found != values_.end());
  return found->second;
}

std::chrono::milliseconds Settings::duration(std::string_view name) const {
  return parse_duration(text(name));
}

std::int64_t Settings::number(std::string_view name) const {
  return std::stoll(text(name));
}

const std::string& Settings::server() const {
  const auto& url = text("server");
  if (url.empty())
    throw Error(ErrorCode::usage, "no server is set",
                "Set one with `tether config server URL`, $TETHER_SERVER or --server URL.");
  return url;
}

std::string Settings::token() const {
  const auto& token = at("token");
  const auto& file = at("token-file");
  // Of the two, the one that was set closer to the command counts; set equally close, the token itself.
  if (!file.text.empty() && (token.text.empty() || file.origin > token.origin)) return read_token_file(file.text);
  return token.text;
}

Settings resolve_settings(const SettingValues& file, const Environment& environment, const SettingValues& flags) {
  Settings settings;
  for (const auto& setting : k_settings) {
    const std::string key(setting.name);
    Settings::Value value{std::string(setting.fallback), Origin::fallback, ""};
    const auto take = [&](const std::string& text, Origin origin, const std::string& source) {
      const std::string where = origin == Origin::file ? source + " " + key : source;
      with_context(where, [&] { check_setting(setting, text); });
      value = {text, origin, source};
    };
    const std::string variable(setting.environment);
    const auto from_environment = environment(variable);
    if (const auto stored = file.find(key); stored != file.end())
      take(stored->second, Origin::file, "the file's setting");
    if (from_environment && !from_environment->empty()) take(*from_environment, Origin::environment, "$" + variable);
    if (const auto flag = flags.find(key); flag != flags.end()) take(flag->second, Origin::flag, "--" + key);
    settings.values_.emplace(key, std::move(value));
  }
  return settings;
}

std::string seen_from_file(const std::string& path, const std::string& file) {
  return (std::filesystem::path(file).parent_path() / path).string();
}

SettingValues stored_settings(sql::Transaction& transaction, const std::string& file) {
  SettingValues values;
  for (const auto& setting : k_settings) {
    const auto stored = replica::state(transaction, std::string(k_state_prefix) + std::string(setting.name));
    if (!stored) continue;
    values.emplace(setting.name, setting.kind == Kind::path ? seen_from_file(*stored, file) : *stored);
  }
  return values;
}

void add_setting_options(CommandLine& line, SettingValues* flags, std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    const auto& setting = setting_named(name);
    const std::string key(setting.name);
    std::string help(setting.help);
    if (!setting.fallback.empty()) help += " (default " + std::string(setting.fallback) + ")";
    line.option(
        "--" + key, setting.value, [flags, key](const std::string& value) { (*flags)[key] = value; }, help);
  }
}

void add_network_options(CommandLine& line, SettingValues* flags) {
  add_setting_options(line, flags,
                      {"server", "token", "token-file", "ca-file", "timeout", "connect-timeout", "retry-for"});
}

}  // namespace tether::cmd
