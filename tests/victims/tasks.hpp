#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

/// Tasks that misbehave, one in each file of this folder.
namespace brood::victims {

int raise_signal(int number);                   ///< also where the program handles or blocks it
int segfaults(int);                             ///< reads through a null pointer
int writes_to(std::uintptr_t address);          ///< where nothing is
int divides_by(int divisor);                    ///< 0: SIGFPE
int calls_nothing(int);                         ///< through a null pointer
int burns(int);                                 ///< CPU time, for ever
int aborts(int);                                ///< std::abort
int exits(int code);                            ///< std::exit
int exits_at_once(int code);                    ///< _exit
int exits_quickly(int code);                    ///< std::quick_exit
int ends_its_thread(int);                       ///< pthread_exit
int outlives_its_main_thread(std::size_t);      ///< another thread has so many bytes, for ever
int throws_a_number(int number);                ///< throw number
int throws_through_noexcept(int);               ///< std::terminate
int throws_without_a_text(int);                 ///< std::exception whose what() is null
int overflows_the_stack(int depth);             ///< until SIGSEGV
int exhausts_memory(int);                       ///< until std::bad_alloc
int ignores_sigterm();                          ///< blocks and ignores SIGTERM, and never returns
int never_returns(const std::string& mailbox);  ///< says its pid there, then computes for ever

}  // namespace brood::victims
