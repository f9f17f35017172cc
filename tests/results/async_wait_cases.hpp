// How async_wait meets its contract. No #pragma once: each Asio has a source that includes this in
// its namespace, where `net` is the Asio and AsyncWait names the suite.

int passes(const std::string& gate) {
  Gate::pass(gate);
  return 7;
}
int tells_and_passes(const std::string& mailbox, const std::string& gate) {
  Mailbox::send(mailbox, "runs");
  return passes(gate);
}
int fails(int x) { throw std::invalid_argument(std::to_string(x)); }
void nothing() {}

TEST_F(BROOD_SUITE, calls_the_handler_by_its_executor) {
  Pool pool(1);
  net::io_context io;
  std::optional<int> value, beside_error;
  std::thread::id where;
  std::exception_ptr none = std::make_exception_ptr(0), error;
  bool empty = false;
  brood::async_wait(pool.apply_async(square, 4),
                    net::bind_executor(io, [&](std::exception_ptr e, int x) {
                      where = std::this_thread::get_id();
                      none = std::move(e);
                      value = x;
                    }));
  brood::async_wait(pool.apply_async(fails, 5),
                    net::bind_executor(io, [&](std::exception_ptr e, int x) {
                      error = std::move(e);
                      beside_error = x;
                    }));
  brood::async_wait(pool.apply_async(nothing),
                    net::bind_executor(io, [&](const std::exception_ptr& e) { empty = !e; }));
  EXPECT_EQ(value, std::nullopt);
  io.run();
  EXPECT_EQ(where, std::this_thread::get_id());
  EXPECT_EQ(value, 16);
  EXPECT_EQ(none, nullptr);
  EXPECT_EQ(beside_error, 0);
  EXPECT_STREQ(caught_in<std::invalid_argument>(error).what(), "5");
  EXPECT_TRUE(empty);
}

TEST_F(BROOD_SUITE, takes_use_future) {
  Pool pool(1);
  EXPECT_EQ(brood::async_wait(pool.apply_async(square, 4), net::use_future).get(), 16);
  std::future<int> bad = brood::async_wait(pool.apply_async(fails, 5), net::use_future);
  EXPECT_THROW(bad.get(), std::invalid_argument);
  brood::async_wait(pool.apply_async(nothing), net::use_future).get();
  std::future<std::string> text =
      brood::async_wait(pool.map_async(square, std::vector{1, 2, 3}),
                        net::use_future([](const std::exception_ptr& error, std::vector<int> all) {
                          return error ? "error" : std::to_string(all.size());
                        }));
  EXPECT_EQ(text.get(), "3");
}

TEST_F(BROOD_SUITE, takes_deferred) {
  Pool pool(1);
  net::io_context io;
  int value = 0;
  auto later = brood::async_wait(pool.apply_async(square, 4), deferred);
  std::move(later)(net::bind_executor(io, [&](const std::exception_ptr&, int x) { value = x; }));
  io.run();
  EXPECT_EQ(value, 16);
}

#if defined(ASIO_HAS_CO_AWAIT) || defined(BOOST_ASIO_HAS_CO_AWAIT)
net::awaitable<std::string> in_coroutine(Pool& pool, std::thread::id& where) {
  std::string text =
      std::to_string(co_await brood::async_wait(pool.apply_async(square, 4), net::use_awaitable));
  co_await brood::async_wait(pool.apply_async(nothing), net::use_awaitable);
  where = std::this_thread::get_id();
  try {
    co_await brood::async_wait(pool.apply_async(fails, 5), net::use_awaitable);
  } catch (const std::invalid_argument& error) {
    text += error.what();
  }
  co_return text;
}

TEST_F(BROOD_SUITE, takes_use_awaitable) {
  Pool pool(1);
  net::io_context io;
  std::thread::id where;
  std::future<std::string> text = net::co_spawn(io, in_coroutine(pool, where), net::use_future);
  io.run();
  EXPECT_EQ(text.get(), "165");
  EXPECT_EQ(where, std::this_thread::get_id());
}
#endif

TEST_F(BROOD_SUITE, is_work_for_its_context_until_the_handler_has_run) {
  Pool pool(1);
  const Scratch scratch;
  Gate gate(scratch.path("gate"));
  net::io_context io;
  bool called = false;
  brood::async_wait(pool.apply_async(passes, gate.path()),
                    net::bind_executor(io, [&](const std::exception_ptr&, int) { called = true; }));
  EXPECT_EQ(io.poll(), 0U);
  EXPECT_FALSE(io.stopped());
  gate.open();
  EXPECT_EQ(io.run(), 1U);
  EXPECT_TRUE(called);
  EXPECT_TRUE(io.stopped());
}

TEST_F(BROOD_SUITE, never_calls_the_handler_within_the_initiating_call) {
  net::io_context io;
  std::optional<Pool> pool(std::in_place, 1);
  int called = 0;
  const auto handler = [&](const std::exception_ptr&, int) { ++called; };
  net::post(io, [&] {  // where the executor could call it at once
    AsyncResult<int> ready = pool->apply_async(square, 1), left = pool->apply_async(square, 2);
    ready.wait();
    left.wait();
    brood::async_wait(std::move(ready), net::bind_executor(io, handler));
    pool.reset();
    brood::async_wait(std::move(left), net::bind_executor(io, handler));
    EXPECT_EQ(called, 0);
  });
  io.run();
  EXPECT_EQ(called, 2);
}

TEST_F(BROOD_SUITE, calls_a_handler_without_an_executor_in_the_thread_for_callbacks) {
  Pool pool(1);
  std::promise<std::thread::id> callbacks, handler, of_a_ready_one;
  AsyncResult<int> ready = pool.apply_async(square, 1);
  ready.wait();
  ready.on_done([&](const Outcome<int>&) { callbacks.set_value(std::this_thread::get_id()); });
  brood::async_wait(pool.apply_async(square, 4), [&](const std::exception_ptr&, int) {
    handler.set_value(std::this_thread::get_id());
  });
  brood::async_wait(std::move(ready), [&](const std::exception_ptr&, int) {
    of_a_ready_one.set_value(std::this_thread::get_id());
  });
  const std::thread::id expected = callbacks.get_future().get();
  EXPECT_NE(expected, std::this_thread::get_id());
  EXPECT_EQ(handler.get_future().get(), expected);
  EXPECT_EQ(of_a_ready_one.get_future().get(), expected);
}

// Asio's own threads, which such a handler is called in, stay: so in a process of its own.
TEST_F(BROOD_SUITE, calls_a_handler_without_an_executor_elsewhere_where_the_pool_is_gone) {
  EXPECT_EQ(in_child([] {
              std::optional<Pool> pool(std::in_place,
                                       PoolOptions{.workers = 1, .start_method = "fork"});
              AsyncResult<int> left = pool->apply_async(square, 5);
              left.wait();
              pool.reset();
              std::promise<int> value;
              std::thread::id where;
              brood::async_wait(std::move(left), [&](const std::exception_ptr&, int x) {
                where = std::this_thread::get_id();
                value.set_value(x);
              });
              const int found = value.get_future().get();
              return where == std::this_thread::get_id() ? 1 : found;
            }),
            25);
}

TEST_F(BROOD_SUITE, takes_executors_of_all_kinds) {
  Pool pool(2);
  net::thread_pool threads(2);
  net::io_context io;
  std::atomic<int> sum = 0;
  const auto add = [&](const std::exception_ptr&, int x) { sum += x; };
  brood::async_wait(pool.apply_async(square, 1), net::bind_executor(threads, add));
  brood::async_wait(pool.apply_async(square, 2),
                    net::bind_executor(net::any_io_executor(io.get_executor()), add));
  brood::async_wait(pool.apply_async(square, 3),
                    net::bind_executor(net::make_strand(io.get_executor()), add));
  io.run();
  threads.join();
  EXPECT_EQ(sum, 1 + 4 + 9);
}

TEST_F(BROOD_SUITE, keeps_handlers_of_a_strand_apart) {
  Pool pool(2);
  net::io_context io;
  const auto strand = net::make_strand(io);
  int called = 0;  // by one thread at a time
  const int count = times(500, 100);
  for (int i = 0; i < count; ++i) {
    brood::async_wait(
        pool.apply_async(square, i),
        net::bind_executor(strand, [&](const std::exception_ptr&, int) { ++called; }));
  }
  std::thread other([&] { io.run(); });
  io.run();
  other.join();
  EXPECT_EQ(called, count);
}

/// What is allocated from it now, and whether only one thread has used it.
struct Memory {
  std::size_t blocks = 0, all = 0;
  bool elsewhere = false;
  const std::thread::id thread = std::this_thread::get_id();
};
template <class T>
struct FromMemory {
  using value_type = T;
  explicit FromMemory(Memory& its_memory) : memory(&its_memory) {}
  template <class U>
  FromMemory(const FromMemory<U>& other) : memory(other.memory) {}
  T* allocate(std::size_t count) {
    memory->elsewhere |= memory->thread != std::this_thread::get_id();
    ++memory->blocks;
    ++memory->all;
    return std::allocator<T>().allocate(count);
  }
  void deallocate(T* place, std::size_t count) {
    memory->elsewhere |= memory->thread != std::this_thread::get_id();
    --memory->blocks;
    std::allocator<T>().deallocate(place, count);
  }
  template <class U>
  bool operator==(const FromMemory<U>& other) const {
    return memory == other.memory;
  }
  Memory* memory;
};
struct AllocatingHandler {
  using allocator_type = FromMemory<int>;
  allocator_type get_allocator() const noexcept { return allocator_type(*memory); }
  void operator()(const std::exception_ptr&, int) { *blocks = memory->blocks; }
  Memory* memory;
  std::optional<std::size_t>* blocks;
};

TEST_F(BROOD_SUITE, takes_its_memory_from_the_allocator_and_gives_it_back_before_the_handler_runs) {
  Pool pool(1);
  net::io_context io;
  Memory memory;
  std::optional<std::size_t> while_called;
  brood::async_wait(pool.apply_async(square, 4),
                    net::bind_executor(io, AllocatingHandler{&memory, &while_called}));
  EXPECT_EQ(memory.blocks, 1U);
  io.run();
  EXPECT_EQ(while_called, 0U);
  EXPECT_EQ(memory.blocks, 0U);
  EXPECT_FALSE(memory.elsewhere);
}
