// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <iostream>

#include "base/error.hpp"
#include "service/command_line.hpp"
#include "service/commands.hpp"
#include "service/listing.hpp"

namespace tether::service {

namespace {

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

void warn(const World& world) {
  for (const std::string& warning : world.warnings) std::cerr << "tether-service: warning: " << warning << "\n";
}

int run_token(const CommandLine& line, const Options& options, World& world) {
  if (line.command == "token create") return create_token(options, line.token, line.json, world, std::cout, std::cerr);
  if (line.command == "token list") return list_tokens(options, line.json, world, std::cout);
  return revoke_token(options, line.id, world, std::cout);
}

int run_device(const CommandLine& line, const Options& options, World& world) {
  if (line.command == "device list") return list_devices(options, line.json, std::cout);
  return revoke_device(options, line.id, line.scope, line.undo, world, std::cout);
}

int run(const CommandLine& line) {
  if (line.command == "version") {
    std::cout << "tether-service " TETHER_VERSION "\n";
    return k_exit_done;
  }
  const std::string config_file =
      line.config_file.empty() ? environment("TETHER_CONFIG").value_or("") : line.config_file;
  const Texts file = config_file.empty() ? Texts() : read_config_file(config_file);
  const Values values = gather(line.flags, environment, file, config_file);
  const Options options = options_from(values);
  World world = make_world(environment);
  if (line.command != "serve") warn(world);
  if (line.command == "migrate" && line.restored) return migrate_restored(options, world, std::cout);
  if (line.command == "migrate") return migrate(options, line.only_check, world, std::cout);
  if (line.command.starts_with("token ")) return run_token(line, options, world);
  if (line.command.starts_with("device ")) return run_device(line, options, world);
  if (line.command == "losses") return list_losses(options, line.losses, line.json, std::cout);
  if (line.command == "check") return check(options, world, std::cout);
  if (line.command == "compact") return compact(options, parse_duration(line.keep), world, std::cout);
  return serve(options, values, world);
}

}  // namespace

}  // namespace tether::service

int main(int argc, char** argv) {
  using namespace tether;
  try {
    const auto line = service::parse_command_line(argc, argv);
    const int code = line ? service::run(*line) : service::k_exit_done;
    service::check_written(std::cout);
    return code;
  } catch (const Error& error) {
    std::cerr << "tether-service: " << error.what() << "\n";
    if (!error.hint().empty()) std::cerr << "  " << error.hint() << "\n";
    return error.code() == ErrorCode::usage ? service::k_exit_usage : service::k_exit_fault;
  } catch (const std::exception& error) {
    std::cerr << "tether-service: bug: " << error.what() << "\n";
    return service::k_exit_fault;
  }
}
