// SPDX-License-Identifier: MIT
#include "service/workers.hpp"

#include <pthread.h>

#include "base/error.hpp"

namespace tether::service {

namespace {

// A request needs well under 100 kB, JSON nesting is bounded. Hundreds of threads must not reserve gigabytes.
constexpr std::size_t k_stack_bytes = 1024 * 1024;
constexpr std::chrono::seconds k_keep_idle{10};
constexpr std::size_t k_waiting_max = 128;  // beyond that a client is better told to come back

}  // namespace

Workers::Workers(std::size_t threads_max, std::function<void(int)> serve)
    : threads_max_(threads_max), serve_(std::move(serve)) {}

Workers::~Workers() {
  TETHER_ASSERT(threads_ == 0);
}

Workers::Taken Workers::submit(int socket) {
  const std::lock_guard lock(mutex_);
  const bool served_at_once = idle_ > sockets_.size() || start_thread();
  if (!served_at_once && (threads_ == 0 || sockets_.size() >= k_waiting_max)) return Taken::refused;
  sockets_.push_back(socket);
  work_.notify_one();
  return served_at_once ? Taken::at_once : Taken::waiting;
}

bool Workers::wait_until_done(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  ending_ = true;
  work_.notify_all();
  return done_.wait_for(lock, patience, [this] { return threads_ == 0; });
}

bool Workers::start_thread() {
  if (threads_ >= threads_max_) return false;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, k_stack_bytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, &Workers::enter, this) == 0;
  pthread_attr_destroy(&attributes);
  if (started) ++threads_;
  return started;
}

void* Workers::enter(void* self) {
  static_cast<Workers*>(self)->work();
  return nullptr;
}

void Workers::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    work_.wait_for(lock, k_keep_idle, [this] { return !sockets_.empty() || ending_; });
    --idle_;
    if (sockets_.empty()) break;
    const int socket = sockets_.front();
    sockets_.pop_front();
    lock.unlock();
    serve_(socket);
    lock.lock();
  }
  --threads_;
  done_.notify_all();
}

}  // namespace tether::service
