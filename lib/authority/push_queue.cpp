// SPDX-License-Identifier: MIT
#include "authority/push_queue.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace tether::authority {
namespace {

/// Whether a fault has nothing to do with what was pushed: each push alone would meet the same one.
bool is_of_the_store(const Error& error) {
  switch (error.code()) {
    case ErrorCode::busy:
    case ErrorCode::disk_full:
    case ErrorCode::forbidden:
    case ErrorCode::io:
    case ErrorCode::not_found:
    case ErrorCode::read_only:
    case ErrorCode::unreachable:
      return true;
    default:
      return false;
  }
}

}  // namespace

PushQueue::PushQueue(Apply apply, Bounds bounds) : apply_(std::move(apply)), bounds_(bounds) {
  TETHER_ASSERT(bounds_.at_once > 0);
}

void PushQueue::push(const Scope& scope, Submission& submission) {
  Waiting mine(submission);
  {
    std::unique_lock lock(mutex_);
    Line& line = lines_[scope.value];
    line.waiting.push_back(&mine);
    wait_for_turn(lock, line, mine);
    if (!mine.done) lead(lock, line, scope);
  }
  if (mine.fault) std::rethrow_exception(mine.fault);
}

std::size_t PushQueue::waiting() {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [scope, line] : lines_) count += line.waiting.size();
  return count;
}

bool PushQueue::is_next(const Line& line, const Waiting& one) const {
  return line.under_way < bounds_.at_once && !line.waiting.empty() && line.waiting.front() == &one;
}

/// Returns when `mine` is done, or next.
void PushQueue::wait_for_turn(std::unique_lock<std::mutex>& lock, Line& line, Waiting& mine) {
  // A line whose pushes are all done may be gone: only one that is not done looks at it.
  const auto is_woken = [&] { return mine.done || is_next(line, mine); };
  if (mine.woken.wait_for(lock, bounds_.wait, is_woken)) return;
  if (mine.taken) return mine.woken.wait(lock, [&] { return mine.done; });
  std::erase(line.waiting, &mine);
  throw Error(ErrorCode::busy, "the store is busy with other requests", "Send it again in a moment.");
}

/// Applies those at the front, among them the caller's own.
void PushQueue::lead(std::unique_lock<std::mutex>& lock, Line& line, const Scope& scope) {
  const std::vector<Waiting*> group = take_group(line);
  ++line.under_way;
  wake_next(line);
  lock.unlock();
  apply(scope, group);
  lock.lock();
  --line.under_way;
  for (Waiting* one : group) {
    one->done = true;
    one->woken.notify_one();  // under the lock: once it is let go, `one` is gone
  }
  wake_next(line);
  if (line.waiting.empty() && line.under_way == 0) lines_.erase(scope.value);
}

std::vector<PushQueue::Waiting*> PushQueue::take_group(Line& line) {
  std::size_t mutations = 0;
  auto end = line.waiting.begin();
  for (; end != line.waiting.end(); ++end) {
    mutations += (*end)->submission.request.mutations.size();
    if (mutations > bounds_.mutations_max && end != line.waiting.begin()) break;
    (*end)->taken = true;
  }
  std::vector<Waiting*> group(line.waiting.begin(), end);
  line.waiting.erase(line.waiting.begin(), end);
  return group;
}

void PushQueue::wake_next(Line& line) {
  if (!line.waiting.empty() && line.under_way < bounds_.at_once) line.waiting.front()->woken.notify_one();
}

/// Never throws: a fault belongs to those whom it hit.
void PushQueue::apply(const Scope& scope, const std::vector<Waiting*>& group) {
  if (group.size() == 1) return apply_alone(scope, *group.front());
  std::vector<Submission*> together;
  for (Waiting* one : group) together.push_back(&one->submission);
  try {
    return apply_(scope, together);
  } catch (const Error& error) {
    if (is_of_the_store(error)) {
      for (Waiting* one : group) one->fault = std::current_exception();
      return;
    }
  } catch (...) {
    // Whoever of them it was shows below.
  }
  for (Waiting* one : group) apply_alone(scope, *one);
}

void PushQueue::apply_alone(const Scope& scope, Waiting& one) {
  try {
    Submission* const alone = &one.submission;
    apply_(scope, {&alone, 1});
  } catch (...) {
    one.fault = std::current_exception();
  }
}

}  // namespace tether::authority
