#include <atomic>
#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <brood/launcher.hpp>
#include "start/entry.hpp"
#include "start/methods.hpp"
#include "start/server_child.hpp"

namespace brood {
namespace {

struct Row {
  std::string_view name;
  std::string_view prefix;  // of process names, as in Python
  std::unique_ptr<start::Method> (*open)();
};
constexpr Row table[] = {{"forkserver", "ForkServer", start::open_forkserver},
                         {"fork", "Fork", start::open_fork},
                         {"spawn", "Spawn", start::open_spawn}};

constinit std::atomic<const Row*> chosen{&table[0]};
constinit std::atomic<bool> init_called{false};
constinit std::atomic<bool> starts_allowed{true};

const Row* find(std::string_view name) {
  for (const Row& row : table) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::string known_names() {
  std::string text;
  for (const Row& row : table)
    text += (&row == table ? "\"" : ", \"") + std::string(row.name) + '"';
  return text;
}

std::string unknown(std::string_view name) {
  return "unknown start method \"" + std::string(name) + "\"; known are " + known_names();
}

const Row& known(std::string_view name) {
  if (const Row* const row = find(name)) return *row;
  if (name == start::inline_method)
    throw UsageError(
        "start method \"inline\" starts no process: it is for a Pool, by PoolOptions::start_method "
        "or the environment variable BROOD_START_METHOD");
  throw UsageError(unknown(name) +
                   ", for a Pool \"inline\", or give an object of a class derived from "
                   "brood::Launcher");
}

std::string name_for_pool(std::string_view name) {
  return std::string(name == start::inline_method ? name : known(name).name);
}

}  // namespace

std::vector<std::string> start_methods() {
  std::vector<std::string> names;
  for (const Row& row : table) names.emplace_back(row.name);
  return names;
}

void set_start_method(std::string_view name) { chosen = &known(name); }
std::string get_start_method() { return std::string(chosen.load()->name); }

StartMethod::StartMethod() = default;
StartMethod::StartMethod(std::string_view name) : name_(name_for_pool(name)) {}
StartMethod::StartMethod(const char* name)
    : StartMethod(std::string_view(name == nullptr ? "" : name)) {}
StartMethod::StartMethod(const std::string& name) : StartMethod(std::string_view(name)) {}
StartMethod::StartMethod(std::shared_ptr<Launcher> launcher) : launcher_(std::move(launcher)) {
  if (!launcher_) throw UsageError("a start method needs a launcher: the pointer is null");
  name_ = launcher_->name();
}

namespace start {

StartMethod method_of_pool(const StartMethod& chosen) {
  const char* const name = std::getenv("BROOD_START_METHOD");
  if (name == nullptr || *name == '\0') return chosen;
  if (name != std::string_view(inline_method) && find(name) == nullptr)
    throw UsageError("environment variable BROOD_START_METHOD: " + unknown(name) + ", \"inline\"");
  return {name};
}

void mark_initialized() noexcept { init_called = true; }
bool initialized() noexcept { return init_called; }

void start_no_more() noexcept {
  starts_allowed = false;
  close_server_socket();
}

void require_starts_allowed() {
  if (starts_allowed) return;
  throw UsageError(
      "brood: this is a worker in a sandbox, which starts no processes: neither a Pool nor a "
      "Process nor a Manager can be made here");
}

std::unique_ptr<Method> open_method(const StartMethod& method, std::chrono::nanoseconds limit) {
  require_starts_allowed();
  if (method.launcher()) return open_launcher(method.launcher());
  const Row& row = method.name().empty() ? *chosen.load() : known(method.name());
  std::unique_ptr<Method> opened = row.open();
  opened->await_server(limit);
  return opened;
}

std::string name_prefix(const std::string& method) {
  if (const Row* const row = find(method)) return std::string(row->prefix);
  std::string prefix = method;
  if (!prefix.empty())
    prefix[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(prefix[0])));
  return prefix;
}

}  // namespace start
}  // namespace brood
