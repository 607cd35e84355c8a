// SPDX-License-Identifier: MIT
#include "cmd/network_module.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.hpp"

namespace tether::cmd {
namespace {

constexpr const char* k_file_name = "libtether-net.so";
constexpr const char* k_symbol = "tether_http_transport";

std::filesystem::path module_path() {
  if (const char* folder = std::getenv("TETHER_LIB_DIR"); folder != nullptr && *folder != '\0')
    return std::filesystem::path(folder) / k_file_name;
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return program.parent_path().parent_path() / "lib" / "tether" / k_file_name;
}

using Factory = decltype(&tether_http_transport);

Factory load() {
  const auto path = module_path();
  // Never unloaded: its exceptions and objects may outlive every use of it.
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = module == nullptr ? nullptr : dlsym(module, k_symbol);
  if (symbol != nullptr) return reinterpret_cast<Factory>(symbol);
  const char* reason = dlerror();
  throw Error(ErrorCode::internal,
              "the network module cannot be loaded: " + std::string(reason == nullptr ? path.c_str() : reason),
              "It belongs into ../lib/tether beside the folder of `tether`; $TETHER_LIB_DIR may name another folder.");
}

}  // namespace

std::unique_ptr<replica::Transport> load_http_transport(const net::HttpOptions& options) {
  static const Factory factory = load();
  return std::unique_ptr<replica::Transport>(factory(&options));
}

}  // namespace tether::cmd
