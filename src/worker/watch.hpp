#pragma once

namespace brood::worker {

/// Starts the thread that ends this process when the process behind `owner_pidfd` has ended. A
/// negative number: no watch.
void watch_owner(int owner_pidfd);

}  // namespace brood::worker
