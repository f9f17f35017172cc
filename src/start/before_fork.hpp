#pragma once

// What has to be done where this process is to be copied.
namespace brood::start {

/// Threads of this process that neither the library nor the caller is.
int other_threads() noexcept;
/// Logs a warning of what a copy of a process with so many other threads may meet; nothing for 0.
void warn_about_threads(int others);
/// Else the copy's buffers would be printed a second time.
void flush_streams(int others);
/// In the copy: blocks until the process that made it writes a byte to this pipe; false when that
/// has ended instead. True at once for -1.
bool pass_start_gate(int start_gate) noexcept;

}  // namespace brood::start
