#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

/// Tasks that misbehave, one in each file of this folder.
namespace brood::victims {

/// Raises it, also where the program handles or blocks it.
int raise_signal(int number);
/// Reads through a null pointer.
int segfaults(int);
/// Writes where nothing is.
int writes_to(std::uintptr_t address);
/// By 0: SIGFPE.
int divides_by(int divisor);
/// Calls through a null pointer.
int calls_nothing(int);
/// Burns CPU time, for ever.
int burns(int);
/// By std::abort.
int aborts(int);
/// By std::exit.
int exits(int code);
/// By _exit.
int exits_at_once(int code);
/// By std::quick_exit.
int exits_quickly(int code);
/// By pthread_exit.
int ends_its_thread(int);
/// Another thread has so many bytes, for ever.
int outlives_its_main_thread(std::size_t);
/// Throws the number itself.
int throws_a_number(int number);
/// Ends in std::terminate.
int throws_through_noexcept(int);
/// A std::exception whose what() is null.
int throws_without_a_text(int);
/// Recurses until SIGSEGV.
int overflows_the_stack(int depth);
/// Takes memory until std::bad_alloc.
int exhausts_memory(int);
/// Blocks and ignores SIGTERM, and never returns.
int ignores_sigterm();
/// Says its pid there, then computes for ever.
int never_returns(const std::string& mailbox);

}  // namespace brood::victims
