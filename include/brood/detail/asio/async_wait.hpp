// No #pragma once: brood/asio.hpp and brood/boost_asio.hpp include this, each with its own macros:
//   BROOD_ASIO            the namespace of its Asio, whose headers it has included
//   BROOD_ASIO_NAMESPACE  what is here is put into that namespace of brood::detail
// So the types of a program with both Asios have different names.
#include <atomic>
#include <memory>
#include <new>
#include <thread>
#include <type_traits>
#include <utility>

#include <brood/async_result.hpp>
#include <brood/detail/asio/waits.hpp>
#include <brood/detail/pool/job.hpp>
#include <brood/detail/pool/result_access.hpp>
#include <brood/kill.hpp>
#include <brood/outcome.hpp>

namespace brood::detail::BROOD_ASIO_NAMESPACE {

namespace net = BROOD_ASIO;

/// What a context knows of its operations: Asio has it shut down before the context goes.
class WaitService final : public net::execution_context::service {
 public:
  using key_type = WaitService;
  static inline net::execution_context::id id;
  explicit WaitService(net::execution_context& context) : service(context) {}
  const std::shared_ptr<PendingWaits>& waits() const noexcept { return waits_; }

 private:
  void shutdown() noexcept override { waits_->shut_down(); }
  const std::shared_ptr<PendingWaits> waits_ = std::make_shared<PendingWaits>();
};

/// The memory is the handler's: from its allocator, in the thread that starts the operation, and
/// given back in one of its executor before the handler is called.
template <class Handler, class R>
class WaitFor final : public PendingWait {
 public:
  using Executor = net::associated_executor_t<Handler>;
  struct Delete {
    void operator()(WaitFor* wait) const noexcept { wait->drop(); }
  };
  using Owner = std::unique_ptr<WaitFor, Delete>;

  static Owner make(Handler&& handler, AsyncResult<R>&& result) {
    Allocator allocator(net::get_associated_allocator(handler));
    WaitFor* const place = Traits::allocate(allocator, 1);
    try {
      return Owner(::new (static_cast<void*>(place))
                       WaitFor(std::move(handler), std::move(result)));
    } catch (...) {
      Traits::deallocate(allocator, place, 1);
      throw;
    }
  }
  /// Cancellation that reaches the handler's slot cancels the task. The slot holds the call alone:
  /// it may be used when the operation is gone.
  void connect_slot() {
    auto slot = net::get_associated_cancellation_slot(handler_);
    if (!slot.is_connected()) return;
    slot.assign([call = ResultAccess::job(result_)](net::cancellation_type type) {
      const bool terminal =
          (type & net::cancellation_type::terminal) != net::cancellation_type::none;
      call->cancel(terminal ? Kill::yes : Kill::no);
    });
  }
  Executor executor() const noexcept { return work_.get_executor(); }
  const AsyncResult<R>& result() const noexcept { return result_; }
  void post() override { post_to_executor(Owner(this)); }
  static void post_to_executor(Owner wait) {
    const Executor executor = wait->executor();
    net::post(executor, Delivery{std::move(wait)});
  }
  void drop() noexcept override { static_cast<void>(Parts(*this)); }
  /// Calls the handler, mostly in this thread. Without an executor what it throws is thrown.
  static void dispatch(Owner wait) {
    const Executor executor = wait->executor();
    if constexpr (std::is_same_v<Executor, net::system_executor>) {
      deliver(std::move(wait));
    } else {
      net::dispatch(executor, Delivery{std::move(wait)});
    }
  }

 private:
  using Allocator = typename std::allocator_traits<
      net::associated_allocator_t<Handler>>::template rebind_alloc<WaitFor>;
  using Traits = std::allocator_traits<Allocator>;
  using Work = net::executor_work_guard<Executor>;

  static void deliver(Owner wait) {
    auto slot = net::get_associated_cancellation_slot(wait->handler_);
    if (slot.is_connected()) slot.clear();
    Parts parts(*wait.release());
    Outcome<R> outcome = [&] {
      const AsyncResult<R> result = std::move(parts.result);
      return ResultAccess::outcome(result);
    }();
    CompletionOf<R>::call(std::move(parts.handler), std::move(outcome));
  }
  /// What executors call.
  struct Delivery {
    Owner wait;
    void operator()() { deliver(std::move(wait)); }
  };
  /// What is left of an operation whose memory has been given back.
  struct Parts {
    explicit Parts(WaitFor& wait)
        : work(std::move(wait.work_)),
          result(std::move(wait.result_)),
          handler(std::move(wait.handler_)) {
      Allocator allocator(net::get_associated_allocator(handler));
      wait.~WaitFor();
      Traits::deallocate(allocator, &wait, 1);
    }
    Work work;  // to the end: what the handler starts finds the context running
    AsyncResult<R> result;
    Handler handler;
  };

  WaitFor(Handler&& handler, AsyncResult<R>&& result)
      : work_(net::get_associated_executor(handler)),
        result_(std::move(result)),
        handler_(std::move(handler)) {}
  ~WaitFor() = default;

  Work work_;
  AsyncResult<R> result_;
  Handler handler_;
};

/// The context knows of the operation while it waits.
template <class Operation>
void start_on_context(std::unique_ptr<Operation, typename Operation::Delete> wait,
                      net::execution_context& context) {
  const std::shared_ptr<PendingWaits> waits = net::use_service<WaitService>(context).waits();
  const JobHandle call = ResultAccess::job(wait->result());
  Operation* const started = wait.release();
  waits->add(*started);
  try {
    call->when_finished([waits, started] { waits->complete(*started); });
  } catch (...) {
    waits->give_up(*started);
    throw;
  }
}

/// The handler is called in the pool's thread for callbacks. Where that is no more, callbacks are
/// called at once, and an initiating function may not call its handler.
template <class Operation>
void start_alone(std::unique_ptr<Operation, typename Operation::Delete> wait) {
  const JobHandle call = ResultAccess::job(wait->result());
  const auto initiating =
      std::make_shared<std::atomic<std::thread::id>>(std::this_thread::get_id());
  const auto shared = std::make_shared<decltype(wait)>(std::move(wait));
  call->when_finished([shared, initiating] {
    const bool at_once = initiating->load() == std::this_thread::get_id();
    (at_once ? &Operation::post_to_executor : &Operation::dispatch)(std::move(*shared));
  });
  initiating->store({});
}

/// Null where it is the system's, which has no end of its work to track. Asio gives the system's
/// executor, or one built on it, to handlers that have none of their own. To ask these would make
/// the system's context, which starts threads.
template <class Executor>
net::execution_context* context_of([[maybe_unused]] const Executor& executor) {
  using Tracked = net::execution::outstanding_work_t::tracked_t;
  if constexpr (net::can_query<const Executor&, Tracked>::value &&
                net::can_query<const Executor&, net::execution::context_t>::value) {
    return std::addressof(net::query(executor, net::execution::context));
  } else {
    return nullptr;
  }
}

/// Starts an operation: what Asio calls with the handler that it has made of the token.
struct Initiation {
  template <class Handler, class R>
  void operator()(Handler&& handler, AsyncResult<R> result) const {
    using Operation = WaitFor<std::decay_t<Handler>, R>;
    ResultAccess::job(result);  // before there is work for a context, whose end would stop it
    auto wait =
        Operation::make(std::decay_t<Handler>(std::forward<Handler>(handler)), std::move(result));
    wait->connect_slot();
    net::execution_context* const context = context_of(wait->executor());
    if (context == nullptr) {
      start_alone<Operation>(std::move(wait));
    } else if (wait->result().ready()) {
      Operation::post_to_executor(std::move(wait));
    } else {
      start_on_context<Operation>(std::move(wait), *context);
    }
  }
};

/// Where a token is none of this Asio's there is no such type.
template <class R, class Token>
using WaitResult = decltype(net::async_initiate<Token, typename CompletionOf<R>::signature>(
    std::declval<Initiation>(), std::declval<std::remove_reference_t<Token>&>(),
    std::declval<AsyncResult<R>>()));

}  // namespace brood::detail::BROOD_ASIO_NAMESPACE
