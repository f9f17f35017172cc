#pragma once

// What a process gives up when it is to be trusted less. None of it can be had back.
namespace brood::platform {

/// What SystemErrors of sandboxes say was being done.
inline constexpr const char* entering_sandbox = "entering a sandbox";

/// No program that this thread executes gains privileges, and all of its capabilities, those of
/// root, are gone; so for threads that it will start. Throws SystemError.
void drop_privileges();

/// Removes the environment but for locale, time zone and the thread counts of numerical libraries,
/// and overwrites what this program was started with.
void drop_environment() noexcept;

}  // namespace brood::platform
