#pragma once

// Everything, and the cereal headers for the standard library's types.
#include <cereal/types/array.hpp>
#include <cereal/types/chrono.hpp>
#include <cereal/types/complex.hpp>
#include <cereal/types/deque.hpp>
#include <cereal/types/list.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/unordered_set.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>

#include <brood/cpu.hpp>
#include <brood/crash_report.hpp>
#include <brood/errors.hpp>
#include <brood/exception.hpp>
#include <brood/init.hpp>
#include <brood/options.hpp>
#include <brood/path.hpp>
#include <brood/pool.hpp>
#include <brood/process.hpp>
#include <brood/process_info.hpp>
#include <brood/start_method.hpp>
#include <brood/task.hpp>
#include <brood/this_task.hpp>
