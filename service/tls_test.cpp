// SPDX-License-Identifier: MIT
// Encryption, with the real programs.
#include "service/tls.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "service/process_fixture.hpp"

using namespace tether;
using namespace tether::service;
using namespace std::chrono_literals;

namespace {

/// Writes FOLDER/NAME.pem and FOLDER/NAME.key for 127.0.0.1; only the certificate's own file vouches for it.
void make_certificate(const Folder& folder, const std::string& name, const char* password = nullptr,
                      long seconds_left = 3'600) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* x509 = X509_new();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), std::hash<std::string>{}(name) % 1'000'000);
  X509_gmtime_adj(X509_getm_notBefore(x509), -7'200);
  X509_gmtime_adj(X509_getm_notAfter(x509), seconds_left);
  X509_set_pubkey(x509, key);
  X509_NAME* subject = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(x509, subject);
  X509_EXTENSION* alternative = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(x509, alternative, -1);
  X509_EXTENSION_free(alternative);
  X509_sign(x509, key, EVP_sha256());
  FILE* certificate_file = std::fopen(folder.file(name + ".pem").c_str(), "w");
  PEM_write_X509(certificate_file, x509);
  std::fclose(certificate_file);
  FILE* key_file = std::fopen(folder.file(name + ".key").c_str(), "w");
  PEM_write_PrivateKey(key_file, key, password == nullptr ? nullptr : EVP_aes_128_cbc(), nullptr, 0, nullptr,
                       const_cast<char*>(password));
  std::fclose(key_file);
  X509_free(x509);
  EVP_PKEY_free(key);
}

/// A service that speaks TLS, and what its clients trust.
class EncryptedService : public TestService {
 public:
  explicit EncryptedService(const std::function<void(Options&)>& change = {})
      : TestService([&](Options& asked) {
          make_certificate(folder, "first");
          asked.tls_cert = folder.file("first.pem");
          asked.tls_key = folder.file("first.key");
          if (change) change(asked);
        }) {}
};

/// A client that encrypts, or says why not.
class TlsClient {
 public:
  explicit TlsClient(int port, int version = TLS1_3_VERSION) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_max_proto_version(context_, version);
    SSL_CTX_set_security_level(context_, 0);
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    session_ = SSL_new(context_);
    SSL_set_fd(session_, socket_);
    connected_ = SSL_connect(session_) == 1;
  }
  ~TlsClient() {
    SSL_free(session_);
    SSL_CTX_free(context_);
    ::close(socket_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool connected() const { return connected_; }
  std::string version() const { return SSL_get_version(session_); }
  std::string name_of_server() const {
    X509* certificate = SSL_get1_peer_certificate(session_);
    char name[100] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));
    X509_free(certificate);
    return name;
  }
  Answer ask(const std::string& request) {
    SSL_write(session_, request.data(), static_cast<int>(request.size()));
    std::string text;
    std::size_t end = std::string::npos;
    while ((end = text.find("\r\n\r\n")) == std::string::npos && more(text)) {
    }
    if (end == std::string::npos) return {};
    Answer answer{std::stoi(text.substr(9, 3)), text.substr(0, end + 4), text.substr(end + 4)};
    const std::size_t length = std::stoul(answer.head.substr(answer.head.find("Content-Length: ") + 16));
    while (answer.body.size() < length && more(answer.body)) {
    }
    return answer;
  }
  Answer post(const std::string& path, const std::string& body) {
    return ask("POST " + path + " HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

 private:
  bool more(std::string& text) {
    char buffer[16 * 1024];
    const int got = SSL_read(session_, buffer, sizeof(buffer));
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }

  SSL_CTX* context_;
  SSL* session_;
  int socket_;
  bool connected_;
};

constexpr char k_pull[] = R"({"client_id":"ann","last_sync_cursor":null,"limit":10000})";

std::string output_of(const std::string& command, int* exit_code = nullptr) {
  std::string out;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  char buffer[4'096];
  while (const std::size_t got = std::fread(buffer, 1, sizeof(buffer), pipe)) out.append(buffer, got);
  const int status = ::pclose(pipe);
  if (exit_code != nullptr) *exit_code = WEXITSTATUS(status);
  return out;
}

std::string refusal(const std::string& certificate_file, const std::string& key_file) {
  try {
    TlsIdentity identity(certificate_file, key_file);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::usage);
    CHECK_FALSE(error.hint().empty());
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("tether syncs over https with a service that it trusts, and with no other") {
  EncryptedService service;
  const std::string tether = "env -u TETHER_TOKEN TETHER_DB=" + service.folder.file("ann.db") +
                             " TETHER_SERVER=https://127.0.0.1:" + std::to_string(service.port()) + " ";
  const std::string program = TETHER_BIN "/tether ";
  output_of(tether + program + "init --client-id ann && " + tether + program + "record create Task title=x");
  int code = 0;
  CHECK(output_of(tether + "TETHER_CA_FILE=" + service.folder.file("first.pem") + " " + program + "sync", &code) ==
        "pushed 1, pulled 0\n");
  CHECK(code == 0);
  const std::string refused = output_of(tether + program + "sync --retry-for 1s", &code);
  CHECK(refused.find("is not trusted") != std::string::npos);
  CHECK(code == 4);
}

TEST_CASE("that a certificate has expired is said to whoever syncs, at once, and costs nothing") {
  const Folder folder;
  make_certificate(folder, "old", nullptr, /*seconds_left=*/-60);
  EncryptedService service([&](Options& options) {
    options.tls_cert = folder.file("old.pem");
    options.tls_key = folder.file("old.key");
  });
  const std::string url = "https://127.0.0.1:" + std::to_string(service.port());
  const std::string tether = "env -u TETHER_TOKEN TETHER_DB=" + folder.file("ann.db") + " TETHER_SERVER=" + url +
                             " TETHER_CA_FILE=" + folder.file("old.pem") + " " TETHER_BIN "/tether ";
  output_of(tether + "init --client-id ann && " + tether + "record create Task title=x");
  int code = 0;
  const auto asked = std::chrono::steady_clock::now();
  const std::string refused = output_of(tether + "sync --retry-for 1m", &code);
  CHECK(refused.find("the certificate of " + url + " is not trusted: certificate has expired") != std::string::npos);
  CHECK(code == 4);
  CHECK(std::chrono::steady_clock::now() - asked < 20s);
  CHECK(output_of(tether + "status --json").find(R"("pending":1)") != std::string::npos);
}

TEST_CASE("TLS 1.2 and 1.3 are spoken, nothing older") {
  EncryptedService service;
  CHECK(TlsClient(service.port(), TLS1_3_VERSION).version() == "TLSv1.3");
  CHECK(TlsClient(service.port(), TLS1_2_VERSION).version() == "TLSv1.2");
  CHECK_FALSE(TlsClient(service.port(), TLS1_1_VERSION).connected());
}

TEST_CASE("long bodies and long pages go through, on one connection") {
  EncryptedService service;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(service.port(), version);
    const std::string payload = R"({"text":")" + std::string(1'000, 'x') + R"("})";
    CHECK(client.post("/tether/push", push_of(1'500, 0, payload)).status == 200);
    const Answer page = client.post("/tether/pull", k_pull);
    CHECK(page.body.size() > 1'500'000);
    CHECK(nlohmann::json::parse(page.body)["snapshots"].size() == 1'500);
    CHECK(client.ask("GET /healthz HTTP/1.1\r\n\r\n").status == 200);
  }
}

TEST_CASE("who speaks plain HTTP is told to speak https") {
  EncryptedService service;
  const Answer answer = Client(service.port()).get("/healthz");
  CHECK(answer.status == 400);
  CHECK(nlohmann::json::parse(answer.body)["message"] ==
        "this address speaks https; begin the server's address with https://");
}

TEST_CASE("someone who does not finish the handshake is sent away, and nonsense harms nobody") {
  EncryptedService service([](Options& options) { options.header_time = 200ms; });
  Client silent(service.port());
  CHECK(silent.closed());
  Client slow(service.port());
  slow.send(std::string("\x16\x03\x01\x02\x00\x01\x00", 7));
  CHECK(slow.closed());
  for (int byte = 0; byte < 256; byte += 5) {
    Client client(service.port());
    client.send(std::string(64, static_cast<char>(byte)));
  }
  CHECK(TlsClient(service.port()).ask("GET /healthz HTTP/1.1\r\n\r\n").status == 200);
}

TEST_CASE("SIGHUP loads a renewed certificate, and a bad one is said to be so") {
  const Folder folder;
  make_certificate(folder, "first");
  Process process = serving(folder, {"--tls-cert", folder.file("first.pem"), "--tls-key", folder.file("first.key")});
  const int port = process.port();
  CHECK(TlsClient(port).name_of_server() == "first");
  make_certificate(folder, "second");
  std::filesystem::rename(folder.file("second.key"), folder.file("first.key"));
  process.signal(SIGHUP);
  CHECK(process.says(R"("SIGHUP: the old stays","what":"certificate")"));
  CHECK(TlsClient(port).name_of_server() == "first");
  std::filesystem::rename(folder.file("second.pem"), folder.file("first.pem"));
  process.signal(SIGHUP);
  CHECK(process.says(R"("SIGHUP: loaded anew","what":"certificate")"));
  CHECK(TlsClient(port).name_of_server() == "second");
  process.signal(SIGTERM);
  CHECK(process.wait() == 0);
}

TEST_CASE("that the certificate expires soon is said by the check, at the start and with each that is loaded") {
  constexpr long k_day = 24 * 3'600;
  const Folder folder;
  const std::vector<std::string> tls{"--tls-cert", folder.file("first.pem"), "--tls-key", folder.file("first.key")};
  const auto checked = [&](long seconds_left) {
    make_certificate(folder, "first", nullptr, seconds_left);
    std::string out;
    CHECK(run(folder, {"check", tls[0], tls[1], tls[2], tls[3], "--store", "sqlite:" + folder.file("store.db")},
              &out) == 0);
    return out;
  };
  CHECK(checked(15 * k_day).find("warning") == std::string::npos);
  CHECK(checked(13 * k_day).find("warning: the certificate in " + tls[1] + " expires at 20") != std::string::npos);
  CHECK(checked(-60).find("warning: the certificate in " + tls[1] + " expired at 20") != std::string::npos);
  Process process = serving(folder, tls);
  const int port = process.port();
  CHECK(process.log().find(tls[1] + " expired at 20") != std::string::npos);
  CHECK(process.log().find(tls[1] + " expires at 20") == std::string::npos);
  make_certificate(folder, "first", nullptr, 13 * k_day);
  const auto end = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()) + 13 * k_day;
  process.signal(SIGHUP);
  CHECK(process.says(tls[1] + " expires at 20"));
  const std::string metrics = TlsClient(port).ask("GET /metrics HTTP/1.1\r\n\r\n").body;
  const std::string name = "\ntether_certificate_expiry_time_seconds ";
  REQUIRE(metrics.find(name) != std::string::npos);
  CHECK(std::abs(std::stol(metrics.substr(metrics.find(name) + name.size())) - end) < 60);
}

TEST_CASE("memory stays under 60 MB beside four hundred encrypted connections that are idle") {
  const Folder folder;
  make_certificate(folder, "first");
  Process process = serving(
      folder, {"--tls-cert", folder.file("first.pem"), "--tls-key", folder.file("first.key"), "--idle-time", "60s"});
  const int port = process.port();
  std::vector<std::unique_ptr<TlsClient>> idle;
  for (int i = 0; i < 400; ++i) {
    idle.push_back(std::make_unique<TlsClient>(port));
    CHECK(idle.back()->ask("GET /healthz HTTP/1.1\r\n\r\n").status == 200);
  }
  MESSAGE("at most " << process.peak_kb() << " kB");
  CHECK(process.peak_kb() < 60 * 1024 * k_shadow);
}

TEST_CASE("a certificate without its key, or one that is none, is wrong usage") {
  const Folder folder;
  make_certificate(folder, "first");
  std::string log;
  CHECK(run(folder, {"serve", "--tls-cert", folder.file("first.pem")}, nullptr, &log) == 2);
  CHECK(log.find("belong together") != std::string::npos);
  CHECK(run(folder, {"check", "--tls-cert", folder.file("first.key"), "--tls-key", folder.file("first.key")}, nullptr,
            &log) == 2);
  CHECK(log.find("holds no certificate") != std::string::npos);
}

TEST_CASE("a new certificate is loaded for new connections; one that cannot be used leaves the old") {
  EncryptedService service;
  TlsClient before(service.port());
  CHECK(before.name_of_server() == "first");
  make_certificate(service.folder, "second");
  std::filesystem::rename(service.folder.file("second.pem"), service.options.tls_cert);
  CHECK_THROWS_AS(service.identity->load(), Error);  // the key is still the first one's
  CHECK(TlsClient(service.port()).name_of_server() == "first");
  std::filesystem::rename(service.folder.file("second.key"), service.options.tls_key);
  service.identity->load();
  CHECK(TlsClient(service.port()).name_of_server() == "second");
  CHECK(before.ask("GET /healthz HTTP/1.1\r\n\r\n").status == 200);
}

TEST_CASE("what is wrong with a certificate or its key is said") {
  const Folder folder;
  make_certificate(folder, "one");
  make_certificate(folder, "other");
  make_certificate(folder, "locked", "secret");
  std::ofstream(folder.file("text.pem")) << "this is no certificate";
  CHECK(refusal(folder.file("one.pem"), folder.file("one.key")).empty());
  CHECK(refusal(folder.file("none.pem"), folder.file("one.key")).find("none.pem") != std::string::npos);
  CHECK(refusal(folder.file("text.pem"), folder.file("one.key")).find("text.pem") != std::string::npos);
  CHECK(refusal(folder.file("one.pem"), folder.file("none.key")).find("none.key") != std::string::npos);
  CHECK(refusal(folder.file("one.pem"), folder.file("other.key")).find("mismatch") != std::string::npos);
  CHECK(refusal(folder.file("locked.pem"), folder.file("locked.key")).find("locked.key") != std::string::npos);
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);  // nobody writes into it
  CHECK(refusal(folder.file("pipe"), folder.file("one.key")) == "tls-cert: '" + folder.file("pipe") + "' is no file");
  CHECK(refusal(folder.file("one.pem"), folder.file("pipe")) == "tls-key: '" + folder.file("pipe") + "' is no file");
}
