#pragma once

#include <string>

#include "base/identity.hpp"

namespace brood::platform {

/// Of this process. Threads: any.
const base::Identity& identity();
std::string process_name();
/// Pidfd of its parent, open as long as this process lives; -1 unless Brood started it. Threads:
/// any.
int parent_pidfd();
/// `parent` is a pidfd. Also sets the name that ps and top show, and begins to count children anew.
/// Call before there are threads.
void set_identity(base::Identity identity, int parent);
/// The numbers of the next child: one row for processes and workers of every kind, as in Python.
/// Threads: any.
std::string next_child_numbers();
/// The next child, with the next numbers behind `prefix` for a name. Threads: any.
base::Identity next_child(const std::string& prefix);

}  // namespace brood::platform
