#include "hostile/attacks/attack_referee.hpp"

#include <algorithm>
#include <cstdio>
#include <new>

#include <brood/errors.hpp>
#include "hostile/attacks/attack_ledger.hpp"

namespace brood::hostile {

namespace {

bool in_bad_hands(std::uint32_t number) {
  const int runner = Ledger::runner(number);
  return Ledger::any_hostile() && (runner == 0 || Ledger::is_hostile(runner));
}

/// What an error says that the owner itself has made; empty where it may be.
template <class E>
std::string of_a_trusted_worker(const E& error) {
  if (Ledger::is_hostile(error.worker_pid())) return {};
  return "worker " + std::to_string(error.worker_pid()) +
         ", which nobody attacked: " + error.what();
}

std::string fault_of(const std::exception_ptr& error, bool bad_hands) {
  try {
    std::rethrow_exception(error);
  } catch (const WorkerLost& lost) {
    return of_a_trusted_worker(lost);
  } catch (const TaskTimeout& late) {
    return of_a_trusted_worker(late);
  } catch (const TaskError& forged) {
    return of_a_trusted_worker(forged);
  } catch (const StartError& refused) {
    return Ledger::server_struck() ? "" : refused.what();
  } catch (const UsageError& wrong) {
    return wrong.what();
  } catch (const SystemError& wrong) {
    return wrong.what();
  } catch (const Cancelled& wrong) {
    return wrong.what();
  } catch (const std::bad_alloc& wrong) {
    return wrong.what();
  } catch (const std::exception& other) {  // CodecError, or what a forged frame says
    return bad_hands ? "" : other.what();
  }
}

}  // namespace

void Referee::judge(std::uint32_t number, bool right) {
  if (!right && !in_bad_hands(number))
    complain("a wrong value for an element that only worker " +
             std::to_string(Ledger::runner(number)) + " has run, which nobody attacked");
}

void Referee::judge(std::span<const std::uint32_t> numbers, const std::exception_ptr& error) {
  const std::string fault =
      fault_of(error, std::any_of(numbers.begin(), numbers.end(), &in_bad_hands));
  if (!fault.empty()) complain("an innocent call ended in an error: " + fault);
}

void Referee::complain(const std::string& text) {
  ++complaints_;
  std::printf("WRONG: %s: %s\n", where_.c_str(), text.c_str());
  std::fflush(stdout);
}

}  // namespace brood::hostile
