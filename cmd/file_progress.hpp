// SPDX-License-Identifier: MIT
// The bar of long work on one file. It moves also while a single statement runs long.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cmd/output.hpp"
#include "replica/file.hpp"

namespace tether::cmd {

class FileProgress {
 public:
  FileProgress(Terminal& terminal, replica::File& file, std::string label,
               std::optional<std::int64_t> total = std::nullopt)
      : progress_(terminal, std::move(label), total), ticking_(file.database(), tick(terminal)) {}

  void at(std::int64_t done) {
    done_ = done;
    progress_.at(done);
  }

 private:
  /// Nothing where nobody would see it.
  std::function<void()> tick(const Terminal& terminal) {
    if (!terminal.options.progress) return {};
    return [this] { progress_.at(done_); };
  }

  Progress progress_;
  std::int64_t done_ = 0;
  sql::Ticking ticking_;
};

}  // namespace tether::cmd
