// SPDX-License-Identifier: MIT
// How much of one kind the report of a push or a pull names: the rest is counted, and found in the log. What is named
// is another's text, as long as the records are.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tether::replica {

class ReportRoom {
 public:
  /// Whether one more of so many bytes has room, which is then taken.
  bool takes(std::size_t bytes) {
    if (count_ == k_count_max || bytes > k_bytes_max - bytes_) return false;
    ++count_;
    bytes_ += bytes;
    return true;
  }

 private:
  static constexpr std::size_t k_count_max = 1000;
  static constexpr std::size_t k_bytes_max = 4 * 1024 * 1024;

  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

inline std::size_t bytes_of(const std::vector<std::string>& fields) {
  std::size_t bytes = 0;
  for (const std::string& field : fields) bytes += field.size();
  return bytes;
}

}  // namespace tether::replica
