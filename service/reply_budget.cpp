// SPDX-License-Identifier: MIT
#include "service/reply_budget.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace tether::service {

ReplyBudget::ReplyBudget(std::size_t bytes_max, std::chrono::milliseconds wait)
    : bytes_max_(static_cast<std::int64_t>(bytes_max)), wait_(wait), left_(bytes_max_) {}

ReplyBudget::Loan ReplyBudget::take(std::size_t bytes) {
  const std::int64_t wanted = std::min(static_cast<std::int64_t>(bytes), bytes_max_);
  std::unique_lock lock(mutex_);
  if (!given_back_.wait_for(lock, wait_, [&] { return left_ >= wanted; })) {
    throw Error(ErrorCode::busy, "too many replies wait for their clients to read them", "Send it again in a moment.");
  }
  left_ -= wanted;
  return {*this, wanted};
}

void ReplyBudget::Loan::resize(std::size_t bytes) {
  if (budget_ == nullptr) return;
  const auto wanted = static_cast<std::int64_t>(bytes);
  {
    const std::lock_guard lock(budget_->mutex_);
    budget_->left_ += bytes_ - wanted;
  }
  bytes_ = wanted;
  budget_->given_back_.notify_all();
}

}  // namespace tether::service
