#pragma once

namespace brood::platform {

/// Descriptors that a new process of the library is given: a pool's worker, or a brood::Process.
struct GivenDescriptors {
  int report = -1;  // a worker wakes its owner by it; a brood::Process reports its end there
  int input = -1;   // memfd of a worker's page; read end of the pipe of a brood::Process, which
                    // brings its setup and call
  int owner = -1;   // pidfd of the process that owns it
  // Socket over which descriptors of shared objects go: transfer/descriptor_channel.hpp.
  int descriptor_channel = -1;

  /// The numbers that `change` makes of these, one after the other.
  template <class Change>
  GivenDescriptors each(Change change) const {
    return {change(report), change(input), change(owner), change(descriptor_channel)};
  }
};

}  // namespace brood::platform
