// SPDX-License-Identifier: MIT
// Memory for the replies of all requests under way: taken before a reply is made, given back once it has left. Clients
// that do not read what they asked for then keep others waiting, at worst, and never take the memory of the machine.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

namespace tether::service {

class ReplyBudget {
 public:
  ReplyBudget(std::size_t bytes_max, std::chrono::milliseconds wait);

  /// What one reply holds, until it is destroyed.
  class Loan {
   public:
    Loan() = default;
    Loan(ReplyBudget& budget, std::int64_t bytes) : budget_(&budget), bytes_(bytes) {}
    Loan(Loan&& other) noexcept { swap(other); }
    Loan& operator=(Loan&& other) noexcept {
      Loan(std::move(other)).swap(*this);
      return *this;
    }
    ~Loan() { resize(0); }
    /// To what the reply turned out to be. Never waits: a reply that is longer than was thought makes the next one
    /// wait.
    void resize(std::size_t bytes);

   private:
    void swap(Loan& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(bytes_, other.bytes_);
    }
    ReplyBudget* budget_ = nullptr;
    std::int64_t bytes_ = 0;
  };

  /// Waits until there is room for `bytes`, or for all that there is. Throws Error(busy) when that takes too long.
  Loan take(std::size_t bytes);

 private:
  const std::int64_t bytes_max_;
  const std::chrono::milliseconds wait_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::int64_t left_;
};

}  // namespace tether::service
