// SPDX-License-Identifier: MIT
#include <algorithm>

#include "cmd/output.hpp"

namespace tether::cmd {
namespace {

// The wall clock, not the Clock of the world: a bar is for eyes only and appears in no result.
using Steady = std::chrono::steady_clock;
constexpr auto k_redraw = std::chrono::milliseconds(100);
constexpr std::size_t k_bar_columns = 24;

std::string bar(std::int64_t done, std::int64_t total) {
  const auto share = static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(total, 1));
  const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * k_bar_columns);
  const auto percent = static_cast<int>(std::clamp(share, 0.0, 1.0) * 100);
  return "[" + std::string(filled, '#') + std::string(k_bar_columns - filled, ' ') + "] " + std::to_string(percent) +
         "%";
}

}  // namespace

Progress::Progress(Terminal& terminal, std::string label, std::optional<std::int64_t> total, Words words)
    : terminal_(terminal), label_(std::move(label)), total_(total), words_(words), started_(Steady::now()) {}

Progress::~Progress() {
  terminal_.no_bar();
}

void Progress::at(std::int64_t done) {
  if (!terminal_.options.progress || terminal_.options.quiet) return;
  const auto now = Steady::now();
  if (now - started_ < terminal_.options.patience || now - drawn_ < k_redraw) return;
  drawn_ = now;
  draw(done, now);
}

void Progress::draw(std::int64_t done, Steady::time_point now) {
  const auto seconds = std::max(std::chrono::duration<double>(now - started_).count(), 0.001);
  if (done == 0) return terminal_.bar(label_ + "  " + std::to_string(static_cast<std::int64_t>(seconds)) + "s");
  const auto rate = static_cast<std::int64_t>(static_cast<double>(done) / seconds);
  std::string text = label_ + " " + words_(done);
  if (total_) text += " of " + words_(*total_) + " " + bar(done, *total_);
  terminal_.bar(text + "  " + words_(rate) + "/s");
}

}  // namespace tether::cmd
