// SPDX-License-Identifier: MIT
#include "cmd/input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tether::cmd {
namespace {

constexpr std::size_t k_block_bytes = 256 * 1024;

int open_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info = {};
  if (descriptor >= 0 && fstat(descriptor, &info) == 0 && S_ISDIR(info.st_mode)) {
    ::close(descriptor);
    throw Error(ErrorCode::io, path + " is a folder", "Name a file, or - for standard input.");
  }
  if (descriptor >= 0) return descriptor;
  const auto code = errno == ENOENT || errno == ENOTDIR ? ErrorCode::not_found : ErrorCode::io;
  throw Error(code, "cannot open " + path + ": " + std::strerror(errno), "Check the path and who may read it.");
}

}  // namespace

Input::Input(Context& context, const std::string& path)
    : context_(context),
      descriptor_(path == "-" ? context.input() : open_file(path)),
      owned_(path != "-"),
      name_(path == "-" ? "standard input" : path),
      buffer_(k_block_bytes) {}

Input::~Input() {
  if (owned_) ::close(descriptor_);
}

bool Input::fill() {
  if (at_end_) return false;
  if (begin_ > 0 && buffer_.size() - end_ < k_block_bytes / 2) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    searched_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
  while (true) {
    context_.stop_if_interrupted();
    const auto count = ::read(descriptor_, buffer_.data() + end_, buffer_.size() - end_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error(ErrorCode::io, "cannot read " + name_ + ": " + std::strerror(errno));
    at_end_ = count == 0;
    end_ += static_cast<std::size_t>(count);
    return count > 0;
  }
}

bool Input::has_line() {
  const auto* found = searched_ < end_ ? std::memchr(buffer_.data() + searched_, '\n', end_ - searched_) : nullptr;
  searched_ = found == nullptr ? end_ : static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
  return found != nullptr;
}

std::optional<std::string_view> Input::next_line() {
  bool found = has_line();
  while (!found && fill()) {
    found = has_line();
    if (!found && end_ - begin_ > k_line_bytes_max)
      throw Error(ErrorCode::too_large, name_ + ", line " + std::to_string(line_number_ + 1) + ": longer than 4 MiB",
                  "A record takes at most 1 MiB.");
  }
  if (!found && begin_ == end_) return std::nullopt;
  std::string_view line(buffer_.data() + begin_, searched_ - begin_);
  begin_ = found ? searched_ + 1 : end_;
  searched_ = begin_;
  ++line_number_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view Input::next_block() {
  begin_ = searched_ = end_;
  if (!fill()) return {};
  const std::string_view block(buffer_.data() + begin_, end_ - begin_);
  return block;
}

std::string Input::read_all(std::size_t bytes_max) {
  std::string text;
  for (auto block = next_block(); !block.empty(); block = next_block()) {
    text += block;
    if (text.size() > bytes_max)
      throw Error(ErrorCode::too_large, name_ + " is longer than " + std::to_string(bytes_max) + " bytes");
  }
  return text;
}

bool Input::ready(std::chrono::milliseconds patience) {
  if (at_end_ || has_line()) return true;
  pollfd waiting{descriptor_, POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(patience.count())) != 0;
}

}  // namespace tether::cmd
