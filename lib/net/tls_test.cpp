// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <httplib.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include "base/error.hpp"
#include "net/fake_server.hpp"
#include "net/http_transport.hpp"
#include "testing/temporary_directory.hpp"

using namespace tether;

namespace {

/// A certificate that only its own file vouches for, made out to `names`, as in "DNS:localhost,IP:127.0.0.1".
struct Certificate {
  explicit Certificate(const char* names) : key(EVP_EC_gen("P-256")), x509(X509_new()) {
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    X509_NAME* subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(x509, subject);
    X509_EXTENSION* alternative = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
    X509_add_ext(x509, alternative, -1);
    X509_EXTENSION_free(alternative);
    X509_sign(x509, key, EVP_sha256());
  }
  ~Certificate() {
    X509_free(x509);
    EVP_PKEY_free(key);
  }
  EVP_PKEY* key;
  X509* x509;
};

class TlsServer {
 public:
  explicit TlsServer(const char* names, const std::string& header = "b")
      : certificate_(names), server_(certificate_.x509, certificate_.key) {
    server_.Post("/tether/push", [header](const httplib::Request&, httplib::Response& response) {
      response.set_header("A", header);
      response.set_content("{\"applied\":[]}", "application/json");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    FILE* file = std::fopen(certificate_file().c_str(), "w");
    PEM_write_X509(file, certificate_.x509);
    std::fclose(file);
  }
  ~TlsServer() {
    server_.stop();
    thread_.join();
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  std::string certificate_file() const { return folder_.file("certificate.pem"); }

 private:
  Certificate certificate_;
  httplib::SSLServer server_;
  int port_ = 0;
  testing::TemporaryDirectory folder_;
  std::thread thread_;
};

replica::Answer push(const std::string& server, const std::string& ca_file = {}) {
  net::HttpOptions options;
  options.server = server;
  options.ca_file = ca_file;
  return net::http_transport(options)->push("{}");
}

}  // namespace

TEST_CASE("a certificate that is trusted lets the request through") {
  const TlsServer server("IP:127.0.0.1");
  CHECK(std::get<replica::Reply>(push(server.url(), server.certificate_file())).body == R"({"applied":[]})");
}

TEST_CASE("a certificate is held against the name that was given, not against the address that it has") {
  const auto by_name = [](const TlsServer& server) {
    const std::string url = server.url();
    return push("https://localhost" + url.substr(url.rfind(':')), server.certificate_file());
  };
  const TlsServer named("DNS:localhost");
  CHECK(std::holds_alternative<replica::Reply>(by_name(named)));
  const TlsServer numbered("IP:127.0.0.1");
  CHECK(std::get<replica::Unreachable>(by_name(numbered)).reason.ends_with("to another name than 'localhost'"));
}

TEST_CASE("an answer in TLS is bounded before its body, too") {
  const TlsServer server("IP:127.0.0.1", std::string(70'000, 'a'));
  try {
    push(server.url(), server.certificate_file());
    FAIL("was accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::unexpected_reply);
  }
}

TEST_CASE("a certificate that nobody vouches for is named, and not tried again") {
  const TlsServer server("IP:127.0.0.1");
  const auto away = std::get<replica::Unreachable>(push(server.url()));
  CHECK(away.reason.starts_with("the certificate of " + server.url() + " is not trusted: self"));
  CHECK_FALSE(away.worth_retrying);
}

TEST_CASE("a certificate for another name is told apart") {
  const TlsServer server("DNS:elsewhere");
  const auto away = std::get<replica::Unreachable>(push(server.url(), server.certificate_file()));
  CHECK(away.reason.ends_with("it is made out to another name than '127.0.0.1'"));
  CHECK_FALSE(away.worth_retrying);
}

TEST_CASE("a port that does not speak TLS is said to be one") {
  net::FakeServer server([](int socket) { net::FakeServer::send(socket, "HTTP/1.1 400 Bad Request\r\n\r\n"); });
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port());
  try {
    push(url);
    FAIL("was accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::unexpected_reply);
    CHECK(error.what() == "no encrypted connection to " + url + ": what answers is no TLS");
  }
}

TEST_CASE("a certificate file without certificates is wrong usage") {
  const testing::TemporaryDirectory folder;
  const std::string path = folder.file("empty.pem");
  std::ofstream(path).close();
  const TlsServer server("IP:127.0.0.1");
  try {
    push(server.url(), path);
    FAIL("was accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::usage);
  }
}
