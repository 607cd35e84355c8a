// SPDX-License-Identifier: MIT
#include "cmd/settings.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "testing/temporary_directory.hpp"

namespace tether::cmd {
namespace {

Environment with(SettingValues values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace

TEST_CASE("a setting comes from the flag, else the environment, else the file, else its default") {
  const SettingValues file{{"timeout", "1s"}};
  const auto environment = with({{"TETHER_TIMEOUT", "2s"}});
  CHECK(resolve_settings({}, with({}), {}).text("timeout") == "30s");
  CHECK(resolve_settings(file, with({}), {}).text("timeout") == "1s");
  CHECK(resolve_settings(file, environment, {}).text("timeout") == "2s");
  const auto settings = resolve_settings(file, environment, {{"timeout", "3s"}});
  CHECK(settings.text("timeout") == "3s");
  CHECK(settings.at("timeout").source == "--timeout");
  CHECK(settings.duration("timeout") == std::chrono::seconds(3));
}

TEST_CASE("an empty environment variable is none") {
  CHECK(resolve_settings({}, with({{"TETHER_SERVER", ""}}), {}).text("server").empty());
}

TEST_CASE("a bad value is refused, naming where it stands") {
  CHECK_THROWS_WITH(resolve_settings({}, with({{"TETHER_SERVER", "ftp://x"}}), {}),
                    "$TETHER_SERVER: 'ftp://x' is no http:// or https:// URL");
  CHECK_THROWS_WITH(resolve_settings({}, with({}), {{"server", "ftp://x"}}),
                    "--server: 'ftp://x' is no http:// or https:// URL");
  CHECK_THROWS_WITH(resolve_settings({{"batch", "x"}}, with({}), {}),
                    "the file's setting batch: 'x' is no whole number from 1");
  for (const auto& [name, value] : SettingValues{{"batch", "0"},
                                                 {"page", "1e3"},
                                                 {"timeout", "5"},
                                                 {"server", "http://"},
                                                 {"token", "a b"},
                                                 {"token", "a\nb"},
                                                 {"ca-file", ""}}) {
    CAPTURE(name);
    CHECK_THROWS_AS(check_setting(setting_named(name), value), Error);
  }
}

TEST_CASE("of token and token-file the one set closer to the command counts") {
  testing::TemporaryDirectory folder;
  const auto path = folder.file("token");
  std::ofstream(path) << "from-file\r\n";
  CHECK(resolve_settings({{"token", "stored"}}, with({{"TETHER_TOKEN_FILE", path}}), {}).token() == "from-file");
  CHECK(resolve_settings({{"token-file", path}}, with({{"TETHER_TOKEN", "direct"}}), {}).token() == "direct");
  CHECK(resolve_settings({}, with({{"TETHER_TOKEN", "direct"}, {"TETHER_TOKEN_FILE", path}}), {}).token() == "direct");
}

TEST_CASE("a token file that is missing or empty is an error with its path") {
  testing::TemporaryDirectory folder;
  const auto path = folder.file("token");
  CHECK_THROWS_WITH(resolve_settings({}, with({}), {{"token-file", path}}).token(),
                    ("cannot read the token file " + path).c_str());
  std::ofstream(path) << "\n";
  CHECK_THROWS_WITH(resolve_settings({}, with({}), {{"token-file", path}}).token(),
                    ("the token file " + path + " is empty").c_str());
}

TEST_CASE("without a server the error says how to set one") {
  CHECK_THROWS_WITH(resolve_settings({}, with({}), {}).server(), "no server is set");
}

}  // namespace tether::cmd
