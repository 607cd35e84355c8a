// SPDX-License-Identifier: MIT
#include "bench.d/page_reader.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <stdexcept>
#include <string_view>

namespace tether::bench {
namespace {

/// The number behind `label`, or nothing.
std::string_view digits_behind(std::string_view text, std::size_t at, std::string_view label) {
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + label.size());
  return rest.substr(0, rest.find_first_not_of("0123456789"));
}

}  // namespace

PageReader::PageReader(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int yes = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(socket_);
    throw std::runtime_error("a reader of pages cannot connect");
  }
}

PageReader::~PageReader() {
  ::close(socket_);
}

std::string PageReader::read(const std::string& cursor, int rows) {
  const std::string body = fmt::format(R"({{"client_id":"bench","last_sync_cursor":{},"limit":{}}})", cursor, rows);
  send(
      fmt::format("POST /tether/pull HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: "
                  "{}\r\n\r\n{}",
                  body.size(), body));
  const std::string_view answer = receive();
  constexpr std::string_view k_new_cursor = "\"new_sync_cursor\":";
  const std::string_view found = digits_behind(answer, answer.rfind(k_new_cursor), k_new_cursor);
  if (!answer.starts_with("HTTP/1.1 200") || found.empty()) throw std::runtime_error("a page did not arrive");
  return std::string(found);
}

void PageReader::send(const std::string& text) const {
  const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(text.size())) throw std::runtime_error("a page could not be asked for");
}

/// One whole answer. The service always says how long it is.
std::string_view PageReader::receive() {
  constexpr std::string_view k_length = "Content-Length: ";
  std::size_t size = 0;
  for (std::size_t wanted = 0; wanted == 0 || size < wanted;) {
    if (size == buffer_.size()) buffer_.resize(2 * size);
    const auto got = ::recv(socket_, buffer_.data() + size, buffer_.size() - size, 0);
    if (got <= 0) throw std::runtime_error("the connection closed in the middle of a page");
    size += static_cast<std::size_t>(got);
    const std::string_view answer(buffer_.data(), size);
    const auto head = answer.find("\r\n\r\n");
    if (wanted != 0 || head == std::string::npos) continue;
    std::size_t length = 0;
    const std::string_view digits = digits_behind(answer, answer.find(k_length), k_length);
    std::from_chars(digits.data(), digits.data() + digits.size(), length);
    wanted = head + 4 + length;
  }
  return {buffer_.data(), size};
}

}  // namespace tether::bench
