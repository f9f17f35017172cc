#pragma once

#include <string>

namespace brood::platform {

/// What this process is called; "MainProcess" unless Brood started it. Threads: any.
std::string process_name();
/// Also sets the name that ps and top show. Call before there are threads.
void set_process_name(const std::string& name);

}  // namespace brood::platform
