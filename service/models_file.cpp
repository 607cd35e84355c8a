// SPDX-License-Identifier: MIT
#include "service/models_file.hpp"

#include <fstream>
#include <iterator>

#include "base/error.hpp"
#include "rules/models.hpp"

namespace tether::service {

std::shared_ptr<const rules::Models> load_models(const std::string& path) {
  if (path.empty()) return std::make_shared<const rules::Models>();
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw Error(ErrorCode::usage, "cannot read the models file " + path, "Name a file that is there.");
  try {
    return std::make_shared<const rules::Models>(rules::read_models(text));
  } catch (const rules::ModelsError& error) {
    throw Error(ErrorCode::usage, path + ":\n" + error.what(), "service/MODELS.md describes what may stand there.");
  }
}

}  // namespace tether::service
