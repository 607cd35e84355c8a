// SPDX-License-Identifier: MIT
// Ten thousand clients that keep their connection to the proxy and ask for nothing.
#include <arpa/inet.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "bench.d/load.hpp"
#include "bench.d/workshop.hpp"

namespace tether::bench {
namespace {

constexpr int k_idle = 10'000;
constexpr int k_proxy_port = 18'787;
constexpr rlim_t k_descriptors = 25'000;  // of the proxy: both ends of each connection, were they kept

/// nginx as in service/container: it keeps the clients' connections, and few to the service.
class Proxy {
 public:
  Proxy(const Workshop& workshop, int service_port) : folder_(workshop.path("proxy")) {
    run({"mkdir", "-p", folder_});
    std::ofstream(folder_ + "/nginx.conf") << fmt::format(
        "daemon on; {4} pid {0}/pid; error_log {0}/error.log; worker_processes 1;\n"
        "worker_rlimit_nofile {1};\n"
        "events {{ worker_connections 20000; }}\n"
        "http {{ access_log off; client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; keepalive_timeout 600s;\n"
        "client_max_body_size 16m; upstream service {{ server 127.0.0.1:{2}; keepalive 32; }}\n"
        "server {{ listen 127.0.0.1:{3} backlog=4096; location / {{ proxy_pass http://service; proxy_http_version "
        "1.1;\n"
        "proxy_set_header Connection \"\"; }} }} }}\n",
        folder_, k_descriptors, service_port, k_proxy_port,
        ::geteuid() == 0 ? "user root;" : "");  // it keeps bodies in this folder, which is nobody else's
    run({"nginx", "-c", folder_ + "/nginx.conf"});
  }
  ~Proxy() { run({"nginx", "-c", folder_ + "/nginx.conf", "-s", "stop"}); }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

 private:
  std::string folder_;
};

/// A connection that asked once, got its answer and stays.
class Idle {
 public:
  Idle() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(k_proxy_port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      throw std::runtime_error("an idle client cannot connect");
    }
    constexpr std::string_view k_request = "GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n";
    char answer[1024];
    if (::send(socket_, k_request.data(), k_request.size(), MSG_NOSIGNAL) < 0 ||
        ::recv(socket_, answer, sizeof(answer), 0) < 12 || std::string_view(answer, 12) != "HTTP/1.1 200") {
      throw std::runtime_error("an idle client got no answer");
    }
  }
  ~Idle() {
    if (socket_ >= 0) ::close(socket_);
  }
  Idle(Idle&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  Idle& operator=(Idle&&) = delete;

 private:
  int socket_;
};

void allow_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, k_descriptors);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// The median of a push through the proxy.
double push_ms(const Load& load) {
  const Loaded loaded = push_together(load);
  if (loaded.failed > 0) throw std::runtime_error("pushes through the proxy failed");
  return loaded.percentile(50);
}

}  // namespace

std::vector<Figure> measure_postgres_idle(const Workshop& workshop) {
  allow_descriptors();
  const Service service = workshop.serve(workshop.new_postgres("idle"));
  const Proxy proxy(workshop, service.port());
  const Load load{.port = k_proxy_port, .clients = 8, .mutations = 100, .pushes = 50};
  push_ms(load);  // what a replica grows to when it works
  const double before_ms = push_ms(load);
  const double before_mb = service.peak_mb();
  std::vector<Idle> idle;
  idle.reserve(k_idle);
  while (idle.size() < k_idle) idle.emplace_back();
  const auto descriptors = static_cast<double>(service.open_descriptors());
  const double after_ms = push_ms(load);
  return {at_most("10000 idle through nginx: descriptors of the replica", "", descriptors, 100),
          at_most("10000 idle through nginx: memory more", "MB", service.peak_mb() - before_mb, 3),
          ratio_at_most("push beside 10000 idle, beside none", "ms", after_ms, before_ms, 1.5)};
}

}  // namespace tether::bench
