#pragma once

#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <brood/codec.hpp>
#include <brood/detail/codec/call_with.hpp>
#include <brood/detail/codec/callable.hpp>
#include <brood/detail/export.hpp>

// What a Process runs: a callable with its arguments, whose types are forgotten.
namespace brood::detail {

class BROOD_API ProcessTarget {
 public:
  virtual ~ProcessTarget();
  virtual void run() = 0;
  /// The code reference of the function that makes the target again, then what that reads. Throws
  /// UsageError for what cannot travel.
  virtual void encode(Bytes& target) const = 0;
};
/// Makes a target again, in the new process.
using TargetEntry = std::unique_ptr<ProcessTarget> (*)(Reader&);

[[noreturn]] BROOD_API void throw_no_task(const std::type_info& function);
/// `position` counts from 1.
[[noreturn]] BROOD_API void throw_no_value(std::size_t position, const std::type_info& argument);

template <class T>
inline constexpr bool may_travel = value_verdict_t<T>::reason == Refusal::none;

template <class F, class... Args>
class TypedTarget final : public ProcessTarget {
 public:
  TypedTarget() = default;
  template <class G, class... Given>
  explicit TypedTarget(std::in_place_t, G&& function, Given&&... args)
      : function_(std::forward<G>(function)), args_(std::forward<Given>(args)...) {}

  void run() override {
    std::apply([this](Args&... args) { static_cast<void>(call_with(function_, args...)); }, args_);
  }

  void encode(Bytes& target) const override {
    if constexpr (!may_be_task<F>) {
      throw_no_task(typeid(F));
    } else if constexpr (!(may_travel<Args> && ...)) {
      std::size_t position = 0;
      ((++position, may_travel<Args> || (throw_no_value(position, typeid(Args)), false)) && ...);
    } else {
      put_code(target, reinterpret_cast<const void*>(&make));
      OutputArchive archive(target);
      save_callable(archive, function_);
      encode_value(target, args_);
    }
  }

 private:
  static std::unique_ptr<ProcessTarget> make(Reader& source) {
    auto made = std::make_unique<TypedTarget>();
    InputArchive archive(source);
    load_callable(archive, made->function_);
    decode_into(source, made->args_);
    return made;
  }

  F function_;
  std::tuple<Args...> args_;
};

template <class F, class... Args>
std::unique_ptr<ProcessTarget> make_target(F&& function, Args&&... args) {
  return std::make_unique<TypedTarget<std::decay_t<F>, stored_t<Args>...>>(
      std::in_place, std::forward<F>(function),
      as_stored<stored_t<Args>>(std::forward<Args>(args))...);
}

}  // namespace brood::detail
