// SPDX-License-Identifier: MIT
// Files that the person who runs the service names.
#pragma once

#include <cstddef>
#include <string>

namespace tether::service {

/// Everything in the file. Throws Error(usage), which does not name it, for one that cannot be read, such as a folder,
/// or that is longer than so many MiB: whoever names a wrong file gets a message, not a service without memory.
std::string file_content(const std::string& path, std::size_t mebibytes_max);

}  // namespace tether::service
