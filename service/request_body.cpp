// SPDX-License-Identifier: MIT
#include "service/request_body.hpp"

#include <algorithm>

namespace tether::service {

namespace {

// Bodies shorter than this grow as strings do. A longer one of unknown length gets all that it may need at once: memory
// that is not written to costs nothing, and growing by doubling would hold the text three times for a moment.
constexpr std::size_t k_small_bytes = 256 * 1024;

}  // namespace

bool BodyBudget::take(std::size_t bytes, bool for_large) {
  const auto wanted = static_cast<std::int64_t>(bytes);
  if (left_.fetch_sub(wanted) - wanted >= (for_large ? for_small_ : 0)) return true;
  left_ += wanted;
  return false;
}

void RequestBody::expect(std::uint64_t bytes) {
  text_.reserve(std::min<std::uint64_t>(bytes, bytes_max_));
}

bool RequestBody::add(const char* data, std::size_t size) {
  if (state_ != State::sound) return false;
  const bool is_large = text_.size() + size > k_small_bytes;
  if (size > bytes_max_ - text_.size()) {
    state_ = State::too_large;
  } else if (!budget_.take(size, is_large)) {
    state_ = State::no_room;
  } else {
    taken_ += size;
    if (is_large) text_.reserve(bytes_max_);
    text_.append(data, size);
  }
  return state_ == State::sound;
}

}  // namespace tether::service
