// SPDX-License-Identifier: MIT
#include "cmd/byte_size.hpp"

#include <array>
#include <cstdio>
#include <filesystem>

#include "cmd/output.hpp"

namespace tether::cmd {

std::string human_bytes(std::int64_t bytes) {
  constexpr std::array k_units{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return counted(bytes, "byte");
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (size >= 1023.5 && unit + 1 < k_units.size()) {  // what would round to 1024 is 1.0 of the next
    size /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), size < 9.95 ? "%.1f %s" : "%.0f %s", size, k_units[unit]);
  return text.data();
}

std::int64_t file_bytes(const std::string& path) {
  std::error_code absent;
  const auto size = std::filesystem::file_size(path, absent);
  return absent ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace tether::cmd
