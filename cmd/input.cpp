// SPDX-License-Identifier: MIT
#include "cmd/input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace tether::cmd {
namespace {

constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t k_block_bytes = 256 * 1024;
constexpr const char* k_room = "The input is kept there until all of it has come; $TMPDIR names another folder.";

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

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const auto code = errno == ENOSPC ? ErrorCode::disk_full : ErrorCode::io;
      throw Error(code, std::string("cannot write to a temporary file: ") + std::strerror(errno), k_room);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
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
  while (!found) {
    if (end_ - begin_ > k_line_bytes_max)
      throw Error(ErrorCode::too_large, name_ + ", line " + std::to_string(line_number_ + 1) + ": longer than 4 MiB",
                  "A record takes at most 1 MiB.");
    if (!fill()) break;
    found = has_line();
  }
  if (!found && begin_ == end_) return std::nullopt;
  std::string_view line(buffer_.data() + begin_, searched_ - begin_);
  begin_ = found ? searched_ + 1 : end_;
  searched_ = begin_;
  if (++line_number_ == 1 && line.starts_with(k_byte_order_mark)) line.remove_prefix(k_byte_order_mark.size());
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
  using Steady = std::chrono::steady_clock;
  const auto until = Steady::now() + patience;
  // Bytes are no line yet: a producer may stand still in the middle of one.
  while (!at_end_ && !has_line()) {
    if (end_ - begin_ > k_line_bytes_max) return false;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now());
    pollfd waiting{descriptor_, POLLIN, 0};
    const int found = ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (found == 0) return false;
    if (found > 0) fill();
    context_.stop_if_interrupted();
  }
  return true;
}

void Input::spool() {
  const int copy = ::open(std::filesystem::temp_directory_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (copy < 0)
    throw Error(ErrorCode::io, std::string("cannot make a temporary file: ") + std::strerror(errno), k_room);
  try {
    for (auto block = next_block(); !block.empty(); block = next_block()) write_all(copy, block);
  } catch (...) {
    ::close(copy);
    throw;
  }
  ::lseek(copy, 0, SEEK_SET);
  if (owned_) ::close(descriptor_);
  descriptor_ = copy;
  owned_ = true;
  begin_ = end_ = searched_ = 0;
  at_end_ = false;
}

}  // namespace tether::cmd
