// SPDX-License-Identifier: MIT
#include "service/server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "service/error_reply.hpp"
#include "service/http_exchange.hpp"
#include "service/workers.hpp"

namespace tether::service {

namespace {

constexpr int k_backlog_max = 1'024;  // that were waiting at the end; a crowd that keeps coming must not hold it up
constexpr std::chrono::milliseconds k_last_call{500};   // for the first request of a connection that came late
constexpr std::chrono::milliseconds k_cut_time{1'000};  // for threads to notice that their connections were cut

/// Answers a connection that there is no room for, without a thread and without waiting.
void refuse(int socket) {
  static const std::string refusal = [] {
    const std::string body = error_reply(503, "busy", "too many connections", {}).body;
    return "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
           "Content-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }();
  [[maybe_unused]] const auto sent = ::send(socket, refusal.data(), refusal.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(socket, SHUT_WR);
  ::close(socket);
}

}  // namespace

class Server::Http {
 public:
  Http(Listener listener, const Options& options, Routes& routes, Log& log, Clock& clock, Random& random,
       const TlsIdentity* identity)
      : options_(options),
        routes_(routes),
        identity_(identity),
        log_(log),
        listener_(std::move(listener)),
        stop_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        release_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC | EFD_SEMAPHORE)),
        exchanges_(options, routes, log, clock, random),
        workers_(options.connections, [this](int socket) { serve(socket); }) {}

  ~Http() {
    ::close(stop_);
    ::close(release_);
  }

  const ListenAddress& address() const { return listener_.address(); }
  bool run();
  void stop() {
    routes_.begin_drain();
    ::eventfd_write(stop_, 1);
  }

 private:
  void accept_while(std::chrono::steady_clock::time_point deadline);
  bool accept_one();
  void submit(int socket);
  void serve(int socket);
  void serve_all(Connection& connection);
  bool finish();
  void cut_all();
  bool stopping() const {
    pollfd asked{stop_, POLLIN, 0};
    return ::poll(&asked, 1, 0) > 0;
  }

  const Options& options_;
  Routes& routes_;
  const TlsIdentity* identity_;
  Log& log_;
  Listener listener_;
  int stop_;     // readable for ever once the service stops
  int release_;  // a count per idle connection that shall make room
  HttpExchanges exchanges_;
  std::mutex mutex_;
  std::set<int> open_;  // sockets being served
  Workers workers_;
};

bool Server::Http::run() {
  pollfd waiting[] = {{listener_.socket(), POLLIN, 0}, {stop_, POLLIN, 0}};
  while (waiting[1].revents == 0) {
    if (::poll(waiting, 2, -1) > 0 && waiting[0].revents != 0) accept_one();
  }
  accept_while(std::chrono::steady_clock::now() + options_.drain_time);
  return finish();
}

/// Whoever connected before the end is served: closing the listener would cut off those that were not accepted yet.
void Server::Http::accept_while(std::chrono::steady_clock::time_point deadline) {
  for (int late = 0; late < k_backlog_max;) {
    const auto left = deadline - std::chrono::steady_clock::now();
    const auto left_ms = std::max<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), 0);
    pollfd waiting{listener_.socket(), POLLIN, 0};
    const bool accepted = ::poll(&waiting, 1, static_cast<int>(left_ms)) > 0 && accept_one();
    if (left_ms == 0 && !accepted) return;
    if (left_ms == 0) ++late;
  }
}

bool Server::Http::accept_one() {
  const int socket = ::accept4(listener_.socket(), nullptr, nullptr, SOCK_CLOEXEC);
  if (socket < 0) {
    // Out of descriptors: the connection stays in the system's queue; without a pause this loop would spin.
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return false;
  }
  submit(socket);
  return true;
}

void Server::Http::submit(int socket) {
  Metrics& counters = routes_.counters();
  ++counters.connections_accepted;  // before a thread may count it off
  switch (workers_.submit(socket)) {
    case Workers::Taken::at_once:
      break;
    case Workers::Taken::waiting:
      ::eventfd_write(release_, 1);
      break;
    case Workers::Taken::refused:
      --counters.connections_accepted;
      ++counters.connections_refused;
      identity_ == nullptr ? refuse(socket) : static_cast<void>(::close(socket));
      break;
  }
}

void Server::Http::serve(int socket) {
  const Counted served(routes_.counters().connections_served);
  {
    const std::lock_guard lock(mutex_);
    open_.insert(socket);
  }
  {
    Connection connection(socket, options_.request_time, options_.stall_time);
    if (identity_ == nullptr || connection.encrypt(*identity_, options_.header_time)) {
      serve_all(connection);
    } else {
      ++routes_.counters().handshakes_failed;
    }
    const std::lock_guard lock(mutex_);
    open_.erase(socket);  // before the descriptor is closed and used for another
  }
  --routes_.counters().connections_accepted;
}

void Server::Http::serve_all(Connection& connection) {
  auto wait = connection.wait_for_request(stop_, release_, options_.idle_time);
  // Who has just connected is about to ask.
  if (wait == Connection::Wait::told_to_close && stopping()) wait = connection.wait_for_request(-1, -1, k_last_call);
  while (wait == Connection::Wait::readable && exchanges_.serve_one(connection, stopping())) {
    wait = connection.wait_for_request(stop_, release_, options_.idle_time);
  }
}

bool Server::Http::finish() {
  listener_.close();
  if (workers_.wait_until_done(options_.stop_time)) return true;
  log_.write(LogLevel::warning, "requests under way are cut off");
  cut_all();
  if (!workers_.wait_until_done(k_cut_time)) {
    log_.write(LogLevel::error, "a request does not end; leaving it behind");
    std::_Exit(0);  // its thread uses what would be destroyed now; what it wrote without commit is rolled back
  }
  return false;
}

void Server::Http::cut_all() {
  const std::lock_guard lock(mutex_);
  for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
}

Server::Server(Listener listener, const Options& options, Routes& routes, Log& log, Clock& clock, Random& random,
               const TlsIdentity* identity) {
  listener.listen();
  http_ = std::make_unique<Http>(std::move(listener), options, routes, log, clock, random, identity);
}

Server::~Server() = default;

const ListenAddress& Server::address() const {
  return http_->address();
}

bool Server::run() {
  return http_->run();
}

void Server::stop() {
  http_->stop();
}

}  // namespace tether::service
