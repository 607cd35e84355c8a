// SPDX-License-Identifier: MIT
// Files that the person who runs the service names.
#pragma once

#include <cstddef>
#include <string>

namespace tether::service {

/// Everything in the file. Throws Error(usage), which does not name it, for one that cannot be read, such as a folder,
/// or that is longer than so many MiB: whoever names a wrong file gets a message, not a service without memory. Nor is
/// anything else than a file read: a pipe would hold up whoever waits for its writer, and says nothing a second time.
std::string file_content(const std::string& path, std::size_t mebibytes_max);

/// The same of a file that is read only once, at the start: it may be a pipe.
std::string file_or_pipe_content(const std::string& path, std::size_t mebibytes_max);

}  // namespace tether::service
