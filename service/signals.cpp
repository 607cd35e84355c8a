// SPDX-License-Identifier: MIT
#include "service/signals.hpp"

#include <signal.h>

namespace tether::service {

namespace {

sigset_t awaited() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  return set;
}

}  // namespace

Signals::Signals(std::function<void(int)> on_signal) : on_signal_(std::move(on_signal)) {
  const sigset_t set = awaited();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this, set] {
    while (!finished_) {
      int number = 0;
      if (sigwait(&set, &number) == 0 && !finished_) on_signal_(number);
    }
  });
}

Signals::~Signals() {
  finished_ = true;
  pthread_kill(thread_.native_handle(), SIGHUP);  // wakes it
  thread_.join();
}

}  // namespace tether::service
