#pragma once

#include <memory>

#include "start/method.hpp"

// One function for each start method; method_table.cpp lists them.
namespace brood::start {

std::unique_ptr<Method> open_spawn();
std::unique_ptr<Method> open_fork();
std::unique_ptr<Method> open_forkserver();
std::unique_ptr<Method> open_launcher(std::shared_ptr<Launcher> launcher);

}  // namespace brood::start
