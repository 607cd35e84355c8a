// SPDX-License-Identifier: MIT
#include "service/error_reply.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "protocol/field_error.hpp"

namespace tether::service {

namespace {

constexpr int k_retry_soon_s = 1;          // a writer was busy
constexpr int k_retry_when_mended_s = 30;  // a person must do something: make room on the disk, grant a right

Reply reply_to_error(const Error& error, std::string_view field, std::string_view request_id) {
  const std::string_view code = name(error.code());
  Reply reply;
  switch (error.code()) {
    case ErrorCode::invalid_input:
      return error_reply(400, code, error.what(), request_id, field);
    case ErrorCode::too_large:
      return error_reply(413, code, error.what(), request_id, field);
    case ErrorCode::busy:
      reply = error_reply(503, code, "busy with other requests; nothing of this request was kept", request_id);
      reply.retry_after_s = k_retry_soon_s;
      break;
    case ErrorCode::unreachable:
      reply = error_reply(503, code, "the server cannot reach its store; sending the same again is safe", request_id);
      reply.retry_after_s = k_retry_soon_s;
      break;
    case ErrorCode::disk_full:
      reply = error_reply(503, code, "the server's disk is full; nothing of this request was kept", request_id);
      reply.retry_after_s = k_retry_when_mended_s;
      break;
    case ErrorCode::read_only:
    case ErrorCode::forbidden:
    case ErrorCode::not_found:
    case ErrorCode::io:
      // What is wrong with a request never has these codes: it is the store that is a standby, was moved, refuses the
      // role, or has a broken disk.
      reply = error_reply(503, code, "the server cannot use its store; sending the same again is safe", request_id);
      reply.retry_after_s = k_retry_when_mended_s;
      break;
    default:
      reply = error_reply(500, "internal", "the server failed; nothing of this request was kept", request_id);
  }
  reply.fault = error.what();
  return reply;
}

}  // namespace

Reply error_reply(int status, std::string_view code, std::string_view message, std::string_view request_id,
                  std::string_view field) {
  std::string body = "{\"message\":" + json_quoted(message) + ",\"error\":{\"code\":" + json_quoted(code);
  if (!field.empty()) body += ",\"field\":" + json_quoted(field);
  body += ",\"request_id\":" + json_quoted(request_id) + "}}";
  Reply reply;
  reply.status = status;
  reply.body = std::move(body);
  reply.error_code = code;
  return reply;
}

Reply reply_to_fault(const std::exception_ptr& fault, std::string_view request_id) {
  try {
    std::rethrow_exception(fault);
  } catch (const protocol::FieldError& error) {
    return reply_to_error(error, error.path(), request_id);
  } catch (const Error& error) {
    return reply_to_error(error, {}, request_id);
  } catch (const std::exception& error) {
    return reply_to_error(Error(ErrorCode::internal, error.what()), {}, request_id);
  }
}

}  // namespace tether::service
