// SPDX-License-Identifier: MIT
#include "net/http_transport.hpp"

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <future>
#include <vector>

#include "base/error.hpp"
#include "net/fake_server.hpp"

using namespace tether;
using namespace std::chrono_literals;
using net::FakeServer;

namespace {

std::unique_ptr<replica::Transport> transport_to(const std::string& server, std::chrono::milliseconds time = 5'000ms) {
  net::HttpOptions options;
  options.server = server;
  options.request_timeout = time;
  options.reply_bytes_max = 1024 * 1024;
  return net::http_transport(options);
}

/// Answers every connection's first request with `text` and closes.
FakeServer::Script answering(std::string text) {
  return [text = std::move(text)](int socket) {
    FakeServer::receive(socket);
    FakeServer::send(socket, text);
  };
}

replica::Unreachable unreachable(const replica::Answer& answer) {
  REQUIRE(std::holds_alternative<replica::Unreachable>(answer));
  return std::get<replica::Unreachable>(answer);
}

Error refusal(replica::Transport& transport) {
  try {
    transport.push("{}");
  } catch (const Error& error) {
    return error;
  }
  FAIL("was accepted");
  return Error(ErrorCode::internal, "");
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a request carries what the protocol asks for") {
  std::string seen;
  FakeServer server([&](int socket) {
    seen = FakeServer::receive(socket);
    FakeServer::send(socket, FakeServer::reply("200 OK", R"({"applied":[]})"));
  });
  net::HttpOptions options;
  options.server = server.url();
  options.token = "s3cret";
  const auto transport = net::http_transport(options);
  CHECK(std::get<replica::Reply>(transport->push(R"({"client_id":"a"})")).body == R"({"applied":[]})");
  CHECK(seen.starts_with("POST /tether/push HTTP/1.1\r\n"));
  CHECK(has(seen, "Authorization: Bearer s3cret\r\n"));
  CHECK(has(seen, "Content-Type: application/json\r\n"));
  CHECK(has(seen, "X-Tether-Client-Version: " TETHER_VERSION "\r\n"));
  CHECK(has(seen, "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));
  CHECK(seen.ends_with("\r\n\r\n{\"client_id\":\"a\"}"));
}

TEST_CASE(
    "a preview is asked at an address of its own, and a server that knows of none is told from one that is away") {
  std::string seen;
  FakeServer server([&](int socket) {
    seen = FakeServer::receive(socket);
    FakeServer::send(socket, FakeServer::reply("404 Not Found", "<html>"));
  });
  const auto transport = transport_to(server.url());
  CHECK_THROWS_AS(transport->preview("{}"), replica::NoPreview);
  CHECK(seen.starts_with("POST /tether/preview HTTP/1.1\r\n"));
  CHECK(refusal(*transport).code() == ErrorCode::unexpected_reply);
}

TEST_CASE("one connection serves many calls, and the prefix is the server's") {
  std::vector<std::string> lines;
  FakeServer server([&](int socket) {
    for (std::string text = FakeServer::receive(socket); !text.empty(); text = FakeServer::receive(socket)) {
      lines.push_back(text.substr(0, text.find('\r')));
      FakeServer::send(socket, FakeServer::reply("200 OK", "{}"));
      if (lines.size() == 3) return;
    }
  });
  const auto transport = transport_to(server.url() + "/api/");
  transport->push("{}");
  transport->pull("{}");
  transport->info();
  CHECK(lines ==
        std::vector<std::string>{"POST /api/push HTTP/1.1", "POST /api/pull HTTP/1.1", "GET /api/info HTTP/1.1"});
  CHECK(server.connections() == 1);
}

TEST_CASE("nobody listening is said plainly") {
  int port = 0;
  {
    port = FakeServer([](int) {}).port();
  }
  const auto away = unreachable(transport_to("http://127.0.0.1:" + std::to_string(port))->push("{}"));
  CHECK(away.reason == "connection refused by http://127.0.0.1:" + std::to_string(port) + ": nothing listens there");
  CHECK(away.worth_retrying);
}

TEST_CASE("a name that does not exist is not asked for again and again") {
  const auto away = unreachable(transport_to("http://no-such-host.invalid:8787")->push("{}"));
  CHECK(away.reason.starts_with("the name 'no-such-host.invalid' cannot be resolved"));
  CHECK_FALSE(away.worth_retrying);
}

TEST_CASE("a server is reached by its name, at whichever of its addresses answers") {
  FakeServer server(answering(FakeServer::reply("200 OK", "{}")));  // not at ::1
  const auto transport = transport_to("http://localhost:" + std::to_string(server.port()));
  CHECK(std::holds_alternative<replica::Reply>(transport->push("{}")));
}

TEST_CASE("a server that closes in the middle, at any byte, is Unreachable") {
  const std::string whole = FakeServer::reply("200 OK", R"({"applied":[]})");
  std::size_t length = 0;
  FakeServer server([&](int socket) {
    FakeServer::receive(socket);
    FakeServer::send(socket, whole.substr(0, length));
  });
  const auto transport = transport_to(server.url());
  for (length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    const auto away = unreachable(transport->push("{}"));
    CHECK(away.worth_retrying);
    CHECK(away.reason == "the connection to " + server.url() + "/tether/push closed in the middle of the answer");
  }
  CHECK(std::holds_alternative<replica::Reply>(transport->push("{}")));
}

TEST_CASE("a server that closes while a large request is being sent is Unreachable, and no signal kills the program") {
  FakeServer server([](int) {});
  const auto away = unreachable(transport_to(server.url())->push(std::string(8'000'000, ' ')));
  CHECK(away.worth_retrying);
  CHECK(away.reason.ends_with("closed while the request was being sent"));
}

TEST_CASE("a server that hangs, or sends a byte now and then, is given up at the deadline") {
  for (const bool drips : {false, true}) {
    FakeServer server([drips](int socket) {
      FakeServer::receive(socket);
      FakeServer::send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
      for (int i = 0; i < 20; ++i) {
        if (drips) FakeServer::send(socket, "{");
        std::this_thread::sleep_for(20ms);
      }
    });
    const auto started = std::chrono::steady_clock::now();
    const auto away = unreachable(transport_to(server.url(), 150ms)->push("{}"));
    CHECK(std::chrono::steady_clock::now() - started < 350ms);
    CHECK(has(away.reason, "within 150ms"));
    CHECK(away.worth_retrying);
  }
}

TEST_CASE("cancel ends a call that is under way, and one that begins a moment later") {
  FakeServer server([](int socket) {
    FakeServer::receive(socket);
    char byte;
    [[maybe_unused]] const ssize_t end = ::recv(socket, &byte, 1, 0);  // until the client leaves
  });
  const auto transport = transport_to(server.url(), 10'000ms);
  auto call = std::async(std::launch::async, [&] { return transport->push("{}"); });
  std::this_thread::sleep_for(50ms);
  const auto started = std::chrono::steady_clock::now();
  transport->cancel();
  CHECK(has(unreachable(call.get()).reason, "given up"));
  CHECK(std::chrono::steady_clock::now() - started < 500ms);
  transport->cancel();
  CHECK(has(unreachable(transport->push("{}")).reason, "given up"));
}

TEST_CASE("redirects are not followed") {
  FakeServer server(answering(FakeServer::reply("307 Temporary", "", "Location: http://elsewhere/tether/push\r\n")));
  const auto transport = transport_to(server.url());
  CHECK(has(refusal(*transport).what(), "redirects to http://elsewhere/tether/push"));
}

TEST_CASE("a page of HTML is no answer") {
  FakeServer server(answering(FakeServer::reply("200 OK", "<html>Welcome to the hotel</html>")));
  const Error error = refusal(*transport_to(server.url()));
  CHECK(error.code() == ErrorCode::unexpected_reply);
  CHECK(has(error.what(), "<html>Welcome to the hotel"));
}

TEST_CASE("what is no HTTP is refused, as asking again would not help") {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  for (const std::string& text :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n\r\n"), std::string("\x15\x03\x03"), head + "Content-Length: -5\r\n\r\n{}",
        head + "Content-Length: 8\r\nContent-Encoding: gzip\r\n\r\nnot gzip",
        head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"}) {
    CAPTURE(text);
    FakeServer server(answering(text));
    const Error error = refusal(*transport_to(server.url()));
    CHECK(error.code() == ErrorCode::unexpected_reply);
    CHECK(error.what() == "the answer of " + server.url() + "/tether/push is no proper HTTP");
  }
}

TEST_CASE("an answer without end that has no body fills no memory") {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n";
  const std::vector<std::pair<std::string, std::string>> answers = {
      {"", "HTTP"}, {head + "A: ", "b"}, {head, "A: b\r\n"}, {chunked, "0"}};
  for (const auto& [begin, again] : answers) {
    CAPTURE(begin);
    std::string piece;
    while (piece.size() < 60'000) piece += again;
    FakeServer server([&](int socket) {
      FakeServer::receive(socket);
      FakeServer::send(socket, begin);
      while (::send(socket, piece.data(), piece.size(), MSG_NOSIGNAL) > 0) {
      }
    });
    const Error error = refusal(*transport_to(server.url()));
    CHECK(error.code() == ErrorCode::unexpected_reply);
    CHECK(error.what() ==
          "the answer of " + server.url() + "/tether/push has more than 65536 bytes without any of its body");
  }
}

TEST_CASE("a head of many headers is read all the same") {
  std::string headers;
  while (headers.size() < 50'000) headers += "X-Trace: 0123456789\r\n";
  FakeServer server(answering(FakeServer::reply("200 OK", "{}", headers)));
  CHECK(std::get<replica::Reply>(transport_to(server.url())->push("{}")).body == "{}");
}

TEST_CASE("an answer that is too long is refused while it arrives") {
  FakeServer server(answering("HTTP/1.1 200 OK\r\n\r\n" + std::string(2'000'000, '{')));
  CHECK(has(refusal(*transport_to(server.url())).what(), "is longer than 1048576 bytes"));
  CHECK_THROWS_AS(transport_to(server.url())->push("{}"), replica::ReplyTooLong);
}

TEST_CASE("503 says when to come back") {
  FakeServer server(answering(FakeServer::reply("503 Busy", R"({"message":"busy"})", "Retry-After: 3\r\n")));
  const auto busy = unreachable(transport_to(server.url())->push("{}"));
  CHECK(busy.retry_after == 3'000ms);
  CHECK(busy.reason == server.url() + "/tether/push answered 503: busy");
}

TEST_CASE("options that cannot work are refused at once") {
  net::HttpOptions options;
  options.server = "http://127.0.0.1";
  options.token = "two\r\nlines";
  CHECK_THROWS_AS(net::http_transport(options), Error);
  options.token.clear();
  options.ca_file = "/no/such/file.pem";
  CHECK_THROWS_AS(net::http_transport(options), Error);
  options.ca_file.clear();
  options.server = "server";
  CHECK_THROWS_AS(net::http_transport(options), Error);
}

TEST_CASE("the module answers as the library does, and its faults are caught by type") {
  void* module = ::dlopen(TETHER_NET_MODULE, RTLD_NOW | RTLD_LOCAL);
  REQUIRE_MESSAGE(module != nullptr, ::dlerror());
  const auto make = reinterpret_cast<decltype(&tether_http_transport)>(::dlsym(module, "tether_http_transport"));
  REQUIRE(static_cast<bool>(make));
  CHECK((make != &tether_http_transport));
  FakeServer server(answering(FakeServer::reply("200 OK", "<html>")));
  net::HttpOptions options;
  options.server = server.url();
  const std::unique_ptr<replica::Transport> transport(make(&options));
  CHECK(refusal(*transport).code() == ErrorCode::unexpected_reply);
  options.server = "nonsense";
  CHECK_THROWS_AS(make(&options), Error);
  CHECK(::dlsym(module, "_ZN6tether3net14http_transportERKNS0_11HttpOptionsE") == nullptr);
}
