// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "service/file_content.hpp"
#include "service/options.hpp"

namespace tether::service {

namespace {

constexpr std::size_t k_file_mebibytes_max = 1;  // every setting, many times over

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw Error(ErrorCode::usage, "the configuration file '" + path + "' " + why,
              "It holds one JSON object, as in {\"listen\": \"127.0.0.1:8787\", \"connections\": 100}.");
}

bool is_known(const std::string& name) {
  for (const Setting& setting : settings()) {
    if (setting.name == name) return true;
  }
  return false;
}

}  // namespace

Texts read_config_file(const std::string& path) {
  const std::string content = with_context("the configuration file '" + path + "'",
                                           [&] { return file_or_pipe_content(path, k_file_mebibytes_max); });
  const nlohmann::json config = nlohmann::json::parse(content, nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) refuse(path, "holds no JSON object");
  Texts texts;
  for (const auto& [name, value] : config.items()) {
    if (!is_known(name)) refuse(path, "has an unknown setting '" + name + "'");
    if (value.is_string()) {
      texts[name] = value.get<std::string>();
    } else if (value.is_boolean() || value.is_number_integer()) {
      texts[name] = value.dump();
    } else {
      refuse(path, "gives '" + name + "' something else than a text, a whole number, true or false");
    }
  }
  return texts;
}

}  // namespace tether::service
