#include <thread>
#include <tuple>

#include "pool/pool_fixture.hpp"
#include "victims/codecs.hpp"

// What goes wrong between values and bytes costs one task.
namespace brood::testing::codec_failure_test {
namespace {

using victims::BadTask;
using victims::BadToDecode;
using victims::BadToEncode;
using victims::How;

class CodecFailure : public PoolTest {
 protected:
  static void expect_usable(Pool& pool) {
    for (int i = 0; i < 100; ++i) ASSERT_EQ(pool.apply(square, i), i * i);
  }
  /// A cell of the table: `call` ends in E within patience, and the pool is usable.
  template <class E, class Call>
  void cell(Call call) {
    Pool pool = make_pool(2);
    auto result = call(pool);
    caught<E>([&] { result.get_for(patience); });
    expect_usable(pool);
  }
};
BROOD_FOR_EVERY_METHOD(CodecFailure);

int take_decoded(const BadToDecode&) { return 1; }
int take_encoded(const BadToEncode&) { return 1; }
BadToEncode give_encoded(How how) { return {how}; }
BadToDecode give_decoded(How how) {
  BadToDecode value;
  value.how = how;
  return value;
}
int run_badly(How how) {
  victims::misbehave(how);
  return 1;
}

TEST_P(CodecFailure, of_an_argument_is_thrown_at_the_call) {
  Pool pool = make_pool(1);
  const BadToEncode bad{How::throws};
  EXPECT_ANY_THROW(static_cast<void>(pool.apply_async(take_encoded, bad)));
  EXPECT_ANY_THROW(pool.apply(take_encoded, bad));
  EXPECT_ANY_THROW(pool.map(take_encoded, std::vector{BadToEncode{}, bad}));
  EXPECT_ANY_THROW(pool.starmap(take_encoded, std::vector{std::tuple(bad)}));
  EXPECT_ANY_THROW(static_cast<void>(pool.map_async(take_encoded, std::vector{bad})));
  EXPECT_ANY_THROW(pool.apply(task(take_encoded, bad)));
  expect_usable(pool);
  EXPECT_EQ(pool.apply(take_encoded, BadToEncode{}), 1);
}

TEST_P(CodecFailure, of_an_argument_of_imap_comes_from_the_range) {
  Pool pool = make_pool(1);
  const std::vector<BadToEncode> inputs{{}, {How::throws}, {}};
  auto range = pool.imap(take_encoded, inputs);
  EXPECT_EQ(range.next().value(), 1);
  EXPECT_ANY_THROW(range.next());
  expect_usable(pool);
}

TEST_P(CodecFailure, of_a_result_leaves_the_worker_and_its_channel_as_they_are) {
  Pool pool = make_pool(1);
  const int pid = pool.apply(pid_here);
  for (int round = 0; round < 20; ++round) {
    const std::exception_ptr error = [&]() -> std::exception_ptr {
      try {
        pool.apply(give_encoded, How::throws);
      } catch (...) {
        return std::current_exception();
      }
      return nullptr;
    }();
    ASSERT_TRUE(error);
    EXPECT_THROW(std::rethrow_exception(error), std::exception);
    EXPECT_EQ(pool.apply(give_encoded, How::well).how, How::well);
    EXPECT_EQ(pool.apply(pid_here), pid);
  }
}

TEST_P(CodecFailure, of_a_result_in_the_caller_is_a_codec_error_on_that_task_only) {
  Pool pool = make_pool(2);
  const auto error = caught<CodecError>([&] { pool.apply(give_decoded, How::throws); });
  EXPECT_EQ(error.direction(), CodecError::Direction::decode);
  EXPECT_TRUE(contains(error.type(), "BadToDecode")) << error.type();
  EXPECT_TRUE(contains(error.what(), "the serializer refuses")) << error.what();
  AsyncResult<BadToDecode> result = pool.apply_async(give_decoded, How::throws);
  EXPECT_THROW(result.get(), CodecError);
  EXPECT_THROW(result.get(), CodecError);
  expect_usable(pool);
}

TEST_P(CodecFailure, of_a_result_in_the_caller_is_no_success) {
  Pool pool = make_pool(1);
  const AsyncResult<BadToDecode> bad = pool.apply_async(give_decoded, How::throws);
  bad.wait();
  EXPECT_FALSE(bad.successful());
  const AsyncResult<BadToDecode> good = pool.apply_async(give_decoded, How::well);
  good.wait();
  EXPECT_TRUE(good.successful());
}

TEST_P(CodecFailure, of_one_result_in_a_try_map_is_that_elements_outcome) {
  Pool pool = make_pool(2);
  const auto found = pool.try_map(give_decoded, std::vector{How::well, How::throws, How::well});
  EXPECT_TRUE(found[0].has_value());
  caught_in<CodecError>(found[1].error());
  EXPECT_TRUE(found[2].has_value());
}

TEST_P(CodecFailure, of_a_result_calls_no_success_and_one_error_callback) {
  Pool pool = make_pool(1);
  AsyncResult<BadToDecode> result = pool.apply_async(give_decoded, How::throws);
  int successes = 0, errors = 0;
  result.on_success([&](const BadToDecode&) { ++successes; })
      .on_error([&](const std::exception_ptr&) { ++errors; });
  pool.close();
  pool.join();
  EXPECT_EQ(successes, 0);
  EXPECT_EQ(errors, 1);
}

TEST_P(CodecFailure, of_arguments_beside_the_end_of_the_pool_never_hangs) {
  for (int round = 0; round < times(30, 6); ++round) {
    Pool pool = make_pool(1);
    std::thread submitter([&] {
      const BadToEncode bad{How::throws};
      for (;;) {
        try {
          static_cast<void>(pool.apply_async(square, 1));
          static_cast<void>(pool.apply_async(take_encoded, bad));
        } catch (const PoolClosed&) {
          return;
        } catch (const std::exception&) {
        }
      }
    });
    pool.apply(square, 2);
    round % 2 == 0 ? pool.close() : pool.terminate();
    submitter.join();
    pool.join();
  }
}

// Stage by stage.
TEST_P(CodecFailure, table_of_the_task_s_own_state) {
  const auto with = [](How how) {
    return [how](Pool& pool) {
      BadTask bad;
      bad.state.how = how;
      return pool.apply_async(bad, 1);
    };
  };
  cell<CodecError>(with(How::throws));
  cell<WorkerLost>(with(How::exits));
  cell<WorkerLost>(with(How::aborts));
}

TEST_P(CodecFailure, table_of_the_arguments_in_the_worker) {
  const auto with = [](How how) {
    return [how](Pool& pool) { return pool.apply_async(take_decoded, give_decoded(how)); };
  };
  cell<CodecError>(with(How::throws));
  cell<WorkerLost>(with(How::exits));
  cell<WorkerLost>(with(How::aborts));
}

TEST_P(CodecFailure, table_of_the_run) {
  const auto with = [](How how) {
    return [how](Pool& pool) { return pool.apply_async(run_badly, how); };
  };
  cell<std::runtime_error>(with(How::throws));
  cell<WorkerLost>(with(How::exits));
  cell<WorkerLost>(with(How::aborts));
}

TEST_P(CodecFailure, table_of_the_result_in_the_worker) {
  const auto with = [](How how) {
    return [how](Pool& pool) { return pool.apply_async(give_encoded, how); };
  };
  cell<std::exception>(with(How::throws));
  cell<WorkerLost>(with(How::exits));
  cell<WorkerLost>(with(How::aborts));
}

}  // namespace
}  // namespace brood::testing::codec_failure_test
