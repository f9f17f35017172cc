#pragma once

#include <cxxabi.h>

#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <brood/codec.hpp>
#include <brood/detail/codec/call_with.hpp>
#include <brood/detail/codec/callable.hpp>
#include <brood/detail/pool/call_verdict.hpp>
#include <brood/detail/pool/elements.hpp>
#include <brood/detail/pool/job.hpp>
#include <brood/detail/pool/run.hpp>

// One typed loop over the elements of a chunk for each verb: what a worker runs, named on the wire
// by its address.
namespace brood::detail {

/// How Run::put writes one.
template <class R>
constexpr ResultShape shape_of_results() noexcept {
  if constexpr (is_flat<result_t<R>>) return {.stride = sizeof(result_t<R>)};
  return {};
}

/// Runs each element by `invoke`, and has its outcome told. Between elements that do not throw
/// there is no handler to be left and entered, so that the loop is one that a compiler can see
/// through.
template <class R, class Invoke>
void run_elements(Run& run, Invoke invoke) {
  while (run.next()) {
    try {
      do {
        if constexpr (std::is_void_v<R>) {
          invoke();
          run.put_void();
        } else {
          run.put<R>(invoke());
        }
      } while (run.next());
    } catch (const abi::__forced_unwind&) {
      run.abandon();  // pthread_exit
      throw;          // not reached, but demanded of such a handler
    } catch (...) {
      run.fail();
    }
  }
}

/// The argument of the claimed element, which is the only one.
template <class T>
T argument_of(Run& run) {
  if constexpr (is_flat<T>) {
    if (Reader* const values = run.values_of(sizeof(T))) {
      T value{};
      decode_into(*values, value);
      return value;
    }
  }
  Reader source = run.argument();
  auto value = decode_value<T>(source);
  run.decoded();
  return value;
}

/// apply(f, args...)
template <class F, class R, class... Args>
void run_single(Run& run) {
  run_elements<R>(run, [&]() -> R {
    Reader source = run.argument();
    auto& function = run.function<F>();
    auto arguments = decode_value<std::tuple<Args...>>(source);
    run.decoded();
    return std::apply([&](Args&... args) -> R { return call_with(function, args...); }, arguments);
  });
}

/// map(f, range of T)
template <class F, class R, class T>
void run_map(Run& run) {
  run_elements<R>(run, [&]() -> R {
    T value = argument_of<T>(run);
    return call_with(run.function<F>(), value);
  });
}

/// starmap(f, range of tuples)
template <class F, class R, class Tuple>
void run_starmap(Run& run) {
  run_elements<R>(run, [&]() -> R {
    Reader source = run.argument();
    auto value = decode_value<Tuple>(source);
    run.decoded();
    return call_with_each(run.function<F>(), value);
  });
}

template <class F>
std::shared_ptr<const Definition> encode_definition(Runner runner, const F& function) {
  Bytes bytes;
  put_code(bytes, reinterpret_cast<const void*>(runner));
  OutputArchive archive(bytes);
  save_callable(archive, function);
  return make_definition(std::move(bytes));
}

/// What each thread keeps of a kind; null when the thread's objects have been destroyed: calls may
/// come from destructors then.
template <class T>
T* kept_by_thread() {
  static thread_local bool gone = false;
  struct Kept {
    T value;
    ~Kept() { gone = true; }
  };
  static thread_local Kept kept{};
  return gone ? nullptr : &kept.value;
}

/// The definition of a job. That of a plain function is kept for the next call, which is likely to
/// be of the same.
template <class F>
std::shared_ptr<const Definition> definition_of(Runner runner, const F& function) {
  if constexpr (is_function_pointer<F>) {
    struct Last {
      Runner runner = nullptr;
      F function = nullptr;
      bool permanent = false;
      std::shared_ptr<const Definition> definition;
    };
    Last* const last = kept_by_thread<Last>();
    const bool same = last && last->runner == runner && last->function == function;
    if (same && last->permanent) return last->definition;
    auto definition = encode_definition(runner, function);
    if (!last) return definition;
    if (same && last->definition->bytes == definition->bytes) return last->definition;
    const bool permanent = is_permanent(reinterpret_cast<const void*>(function)) &&
                           is_permanent(reinterpret_cast<const void*>(runner));
    *last = {runner, function, permanent, std::move(definition)};
    return last->definition;
  } else if constexpr (is_stateless<F>) {
    struct Only {
      Runner runner = nullptr;
      std::shared_ptr<const Definition> definition;
    };
    Only* const only = kept_by_thread<Only>();
    if (only && only->definition && only->runner == runner) return only->definition;
    auto definition = encode_definition(runner, function);
    if (only && !only->definition) *only = {runner, definition};
    return definition;
  } else {
    return encode_definition(runner, function);
  }
}

}  // namespace brood::detail
