// SPDX-License-Identifier: MIT
#include "service/file_content.hpp"

#include <fstream>

#include "base/error.hpp"

namespace tether::service {

std::string file_content(const std::string& path, std::size_t mebibytes_max) {
  std::ifstream file(path, std::ios::binary);
  std::string content(mebibytes_max * 1024 * 1024 + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file.eof()) {
    throw Error(ErrorCode::usage,
                file.gcount() > 0 ? "is longer than " + std::to_string(mebibytes_max) + " MiB" : "cannot be read");
  }
  content.resize(static_cast<std::size_t>(file.gcount()));
  return content;
}

}  // namespace tether::service
