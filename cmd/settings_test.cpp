// SPDX-License-Identifier: MIT
#include "cmd/settings.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <utility>
#include <vector>

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
                    "$TETHER_SERVER: 'ftp://x' is no server address: it begins with neither http:// nor https://");
  CHECK_THROWS_WITH(resolve_settings({}, with({}), {{"server", "ftp://x"}}),
                    "--server: 'ftp://x' is no server address: it begins with neither http:// nor https://");
  CHECK_THROWS_WITH(resolve_settings({{"batch", "x"}}, with({}), {}),
                    "the file's setting batch: 'x' is no whole number from 1 to 50,000");
  const std::vector<std::pair<std::string, std::string>> bad_values{
      {"batch", "0"},        {"batch", "50001"},
      {"page", "1e3"},       {"page", "999999999"},
      {"timeout", "5"},      {"timeout", "0s"},
      {"server", "http://"}, {"connect-timeout", "0s"},
      {"token", "a b"},      {"server", "http://ann:secret@host"},
      {"token", "a\nb"},     {"server", "http://host:99999"},
      {"ca-file", ""}};
  for (const auto& [name, value] : bad_values) {
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

TEST_CASE("a path that a file stores counts from its folder") {
  CHECK(seen_from_file("token", "/home/ann/tether.db") == "/home/ann/token");
  CHECK(seen_from_file("/etc/token", "/home/ann/tether.db") == "/etc/token");
  CHECK(seen_from_file("token", "tether.db") == "token");
}

TEST_CASE("a file that cannot be read, or is empty, is no setting") {
  testing::TemporaryDirectory folder;
  const auto path = folder.file("ca.pem");
  CHECK_THROWS_WITH_AS(check_readable(setting_named("ca-file"), path),
                       ("cannot read " + path + ", or it is empty").c_str(), Error);
  std::ofstream(path) << "-----BEGIN CERTIFICATE-----\n";
  check_readable(setting_named("ca-file"), path);
  CHECK_THROWS_AS(check_readable(setting_named("token-file"), path + ".none"), Error);
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
