// SPDX-License-Identifier: MIT
#include <algorithm>

#include "cmd/output.hpp"

namespace tether::cmd {
namespace {

// The wall clock, not the Clock of the world: a bar is for eyes only and appears in no result.
using Steady = std::chrono::steady_clock;
constexpr auto k_patience = std::chrono::seconds(1);
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

Progress::Progress(Terminal& terminal, std::string label, std::optional<std::int64_t> total)
    : terminal_(terminal), label_(std::move(label)), total_(total), started_(Steady::now()), drawn_(started_) {}

Progress::~Progress() {
  if (visible_) terminal_.error_text("\r\x1b[K");
}

void Progress::at(std::int64_t done) {
  if (!terminal_.options.progress || terminal_.options.quiet) return;
  const auto now = Steady::now();
  if (now - started_ < k_patience || now - drawn_ < k_redraw) return;
  drawn_ = now;
  draw(done, now);
}

void Progress::draw(std::int64_t done, Steady::time_point now) {
  const auto seconds = std::chrono::duration<double>(now - started_).count();
  const auto rate = static_cast<std::int64_t>(static_cast<double>(done) / seconds);
  std::string text = "\r" + label_ + " " + grouped(done);
  if (total_) text += " of " + grouped(*total_) + " " + bar(done, *total_);
  terminal_.error_text(text + "  " + grouped(rate) + "/s\x1b[K");
  visible_ = true;
}

}  // namespace tether::cmd
