// SPDX-License-Identifier: MIT
// Settings: defaults < values stored in the file by `tether config` < environment < flags. Every value knows where it
// came from; every value is checked where it enters.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "cmd/command_line.hpp"
#include "sql/sqlite.hpp"

namespace tether::cmd {

enum class SettingKind { text, url, secret, path, number, duration };

struct Setting {
  std::string_view name;         // as in `tether config NAME` and `--NAME`
  std::string_view environment;  // TETHER_…
  std::string_view fallback;     // empty: none
  SettingKind kind;
  std::string_view value;  // how the value is called in help texts: URL, N, DURATION
  std::string_view help;
};

std::span<const Setting> setting_table();
/// Throws Error(usage) for an unknown name, with the nearest one.
const Setting& setting_named(std::string_view name);
/// Throws Error(usage) saying what is wrong with `value`; where it stands is for the caller to add.
void check_setting(const Setting& setting, std::string_view value);

/// Throws Error(usage) unless there is something to read in the file that a setting of kind `path` names.
void check_readable(const Setting& setting, const std::string& path);

enum class Origin { fallback, file, environment, flag };
std::string_view name(Origin origin);

/// Values by setting name.
using SettingValues = std::map<std::string, std::string, std::less<>>;
/// Looks up an environment variable; injected, so that tests have their own.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

class Settings {
 public:
  struct Value {
    std::string text;  // empty: not set
    Origin origin = Origin::fallback;
    std::string source;  // the variable or flag
  };

  const Value& at(std::string_view name) const;
  const std::string& text(std::string_view name) const { return at(name).text; }
  std::chrono::milliseconds duration(std::string_view name) const;
  std::int64_t number(std::string_view name) const;
  /// Throws Error(usage), naming the three ways to set one, when there is no server.
  const std::string& server() const;
  /// The token itself, read from token-file where that was set closer than token. Empty: none.
  std::string token() const;

 private:
  friend Settings resolve_settings(const SettingValues&, const Environment&, const SettingValues&);
  std::map<std::string, Value, std::less<>> values_;
};

/// Throws Error(usage) for a bad value, naming where it stands.
Settings resolve_settings(const SettingValues& file, const Environment& environment, const SettingValues& flags);

/// A path that is stored in `file` counts from the folder of `file`: so it holds in every folder below, and moves
/// along.
std::string seen_from_file(const std::string& path, const std::string& file);

/// The values stored in a replica's file, whose path is `file`.
SettingValues stored_settings(sql::Transaction& transaction, const std::string& file);

/// Declares `--NAME` for each of the settings named; values given go to `flags`, which must live as `Target`s must.
void add_setting_options(CommandLine& line, SettingValues* flags, std::initializer_list<std::string_view> names);
/// server, token, token-file, timeout, connect-timeout, retry-for, ca-file: all that talking to the server needs.
void add_network_options(CommandLine& line, SettingValues* flags);

}  // namespace tether::cmd
