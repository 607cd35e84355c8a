// SPDX-License-Identifier: MIT
#include "service/models_file.hpp"

#include <cstdlib>

#include "base/error.hpp"
#include "rules/models.hpp"
#include "service/file_content.hpp"
#include "service/models_warnings.hpp"

namespace tether::service {

namespace {

constexpr std::size_t k_file_mebibytes_max = 4;  // thousands of models with long schemas

std::string content(const std::string& path) {
  return with_context("models: '" + path + "'", [&] { return file_content(path, k_file_mebibytes_max); });
}

}  // namespace

std::shared_ptr<const rules::Models> load_models(const std::string& path) {
  if (path.empty()) return std::make_shared<const rules::Models>();
  const std::string text = content(path);
  try {
    return std::make_shared<const rules::Models>(rules::read_models(text));
  } catch (const rules::ModelsError& error) {
    throw Error(ErrorCode::usage, path + ":\n" + error.what(), "service/MODELS.md describes what may stand there.");
  }
}

std::vector<std::string> warnings_of_models(const std::string& path, const rules::Models& models, Auth auth) {
  const char* folders = std::getenv("PATH");
  return models_warnings(content(path), models, auth, folders == nullptr ? "/bin:/usr/bin" : folders);
}

}  // namespace tether::service
