// SPDX-License-Identifier: MIT
#include "service/tls.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <limits>

#include "base/error.hpp"

namespace tether::service {

namespace {

// Renewal by a program runs a month before the end; by a person it takes a while.
constexpr std::chrono::days k_time_to_renew{14};

[[noreturn]] void refuse(const std::string& message, std::string hint) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  throw Error(ErrorCode::usage, message + (reason == nullptr ? "" : ": " + std::string(reason)), std::move(hint));
}

/// OpenSSL would wait for whoever writes into it, and with it the thread that takes signals.
void refuse_pipe(const std::string& setting, const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) || std::filesystem::is_regular_file(path, error)) return;
  refuse(setting + ": '" + path + "' is no file", "It is read again at SIGHUP, which a pipe could not be.");
}

/// A key with a password would make OpenSSL ask for it on a terminal.
int no_password(char*, int, int, void*) {
  return 0;
}

int length_of(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

}  // namespace

TlsIdentity::TlsIdentity(std::string certificate_file, std::string key_file)
    : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {
  ::signal(SIGPIPE, SIG_IGN);
  load();
}

Instant TlsIdentity::expires() const {
  std::tm time{};
  const int readable = ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context().get())), &time);
  return readable == 1 ? from_ms(std::int64_t{::timegm(&time)} * 1'000) : Instant();
}

std::string TlsIdentity::warning(Instant now) const {
  const Instant end = expires();
  if (end - now > k_time_to_renew) return {};
  const std::string text = "the certificate in " + certificate_file_ + (end <= now ? " expired" : " expires");
  return text + " at " + rfc3339_ms(end) + "; renew it and send SIGHUP";
}

void TlsIdentity::load() {
  ERR_clear_error();
  refuse_pipe("tls-cert", certificate_file_);
  refuse_pipe("tls-key", key_file_);
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) throw Error(ErrorCode::internal, "OpenSSL makes no context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // clients keep their tickets; memory stays small
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(context.get(), no_password);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file_.c_str()) != 1) {
    refuse("tls-cert: '" + certificate_file_ + "' holds no certificate that can be read",
           "It is a PEM file: the service's own certificate first, then those in between.");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file_.c_str(), SSL_FILETYPE_PEM) != 1) {
    refuse("tls-key: '" + key_file_ + "' holds no key that can be read, or another certificate's",
           "It is a PEM file with the key of the certificate, without a password.");
  }
  const std::lock_guard lock(mutex_);
  context_ = context;
}

std::shared_ptr<ssl_ctx_st> TlsIdentity::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

TlsSession::TlsSession(const TlsIdentity& identity, int socket)
    : context_(identity.context()), session_(SSL_new(context_.get())) {
  if (session_ == nullptr) {
    broken_ = true;  // out of memory
    return;
  }
  SSL_set_fd(session_, socket);
  SSL_set_accept_state(session_);
}

TlsSession::~TlsSession() {
  ERR_clear_error();
  if (!broken_ && SSL_is_init_finished(session_) == 1) SSL_shutdown(session_);
  SSL_free(session_);
}

Step TlsSession::shake_hands() {
  if (broken_) return {.bytes = -1};
  ERR_clear_error();
  return step_of(SSL_do_handshake(session_));
}

Step TlsSession::read(char* data, std::size_t size) {
  if (broken_) return {.bytes = -1};
  ERR_clear_error();
  return step_of(SSL_read(session_, data, length_of(size)));
}

Step TlsSession::write(const char* data, std::size_t size) {
  if (broken_) return {.bytes = -1};
  ERR_clear_error();
  return step_of(SSL_write(session_, data, length_of(size)));
}

bool TlsSession::has_pending() const {
  return !broken_ && SSL_has_pending(session_) == 1;
}

Step TlsSession::step_of(int result) {
  if (result > 0) return {.bytes = result};
  switch (SSL_get_error(session_, result)) {
    case SSL_ERROR_WANT_READ:
      return {.wait = POLLIN};
    case SSL_ERROR_WANT_WRITE:
      return {.wait = POLLOUT};
    case SSL_ERROR_ZERO_RETURN:
      return {.bytes = 0};
    default:
      broken_ = true;
      met_plain_http_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
      return {.bytes = -1};
  }
}

}  // namespace tether::service
