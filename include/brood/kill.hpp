#pragma once

namespace brood {

/// What cancel() does to a task that runs already.
enum class Kill : bool { no, yes };

}  // namespace brood
