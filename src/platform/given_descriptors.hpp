#pragma once

namespace brood::platform {

/// Descriptors that a new process of the library is given: a pool's worker, or a brood::Process.
struct GivenDescriptors {
  int tasks = -1;    // read end of the task pipe; it brings a brood::Process its setup and call
  int results = -1;  // write end of the result pipe; a brood::Process reports its end there
  int page = -1;     // memfd of the worker page; -1: a brood::Process
  int owner = -1;    // pidfd of the process that owns it
  // Socket over which descriptors of shared objects go: platform/descriptor_channel.hpp.
  int descriptor_channel = -1;

  /// The numbers that `change` makes of these, one after the other.
  template <class Change>
  GivenDescriptors each(Change change) const {
    return {change(tasks), change(results), change(page), change(owner),
            change(descriptor_channel)};
  }
};

}  // namespace brood::platform
