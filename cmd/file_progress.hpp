// SPDX-License-Identifier: MIT
// The bar of long work on one file, and its end by Ctrl-C. Both move also while a single statement runs long.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cmd/context.hpp"
#include "cmd/output.hpp"
#include "replica/file.hpp"

namespace tether::cmd {

class FileProgress {
 public:
  /// `what_stands` is said where the work is interrupted.
  FileProgress(Context& context, replica::File& file, std::string label, std::string_view what_stands)
      : context_(context),
        what_stands_(what_stands),
        progress_(context.terminal(), std::move(label)),
        ticking_(file.database(), [this] { at(done_); }) {
    context.catch_interrupts();
  }

  void at(std::int64_t done) {
    context_.stop_if_interrupted(what_stands_);
    done_ = done;
    progress_.at(done);
  }

 private:
  Context& context_;
  std::string_view what_stands_;
  Progress progress_;
  std::int64_t done_ = 0;
  sql::Ticking ticking_;
};

}  // namespace tether::cmd
