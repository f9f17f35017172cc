#pragma once

// Start methods, launchers, and the hooks of the fork server, which are tasks.
#include <brood/launcher.hpp>
#include <brood/task.hpp>
