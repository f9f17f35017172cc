#include "hostile/attacks/attack_innocents.hpp"

#include <functional>
#include <numeric>
#include <string>

#include "hostile/attacks/attack_ledger.hpp"

namespace brood::hostile {

namespace {

std::uint64_t answer(std::uint32_t number) {
  Ledger::begin(number);
  return answer_to(number);
}

std::string text_for(std::uint32_t number) {
  std::string text;
  for (std::uint32_t i = 0; i <= number % 7; ++i) text += std::to_string(answer_to(number + i));
  return text;
}

std::string answer_in_words(std::uint32_t number) {
  Ledger::begin(number);
  return text_for(number);
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) { return a + b; }

}  // namespace

void Innocents::call(int times) {
  static constexpr struct {
    const char* name;
    void (Innocents::*call)();
  } kinds[] = {{"apply", &Innocents::apply},
               {"apply_async", &Innocents::burst},
               {"map", &Innocents::map},
               {"map of texts", &Innocents::map_of_texts},
               {"try_map", &Innocents::try_map},
               {"imap", &Innocents::imap},
               {"map_reduce", &Innocents::map_reduce}};
  for (int i = 0; i < times; ++i) {
    const auto& kind = kinds[dice_.up_to(std::size(kinds) - 1)];
    place_.doing.set(kind.name);
    (this->*kind.call)();
  }
  place_.doing.set("nothing");
}

Innocents::Numbers Innocents::numbers(std::size_t most) {
  Numbers made(1 + dice_.magnitude(most - 1));
  const std::uint32_t first = place_.next_number.fetch_add(static_cast<std::uint32_t>(made.size()));
  std::iota(made.begin(), made.end(), first);
  return made;
}

PoolCalls Innocents::calls() {
  CallOptions options;
  if (place_.timed) options.timeout = innocent_timeout;
  if (dice_.percent(30)) options.chunk = 1 + dice_.up_to(20);
  if (dice_.percent(30)) options.on_error = OnError::finish;
  if (dice_.percent(20)) options.retries = 1;
  return place_.pool.with(options);
}

template <class Call>
void Innocents::judged(const Numbers& numbers, Call call) {
  const auto start = std::chrono::steady_clock::now();
  try {
    call();
  } catch (...) {
    place_.referee.judge(numbers, std::current_exception());
  }
  if (std::chrono::steady_clock::now() - start > longest_call)
    place_.referee.complain(std::string(place_.doing.what()) + " took too long");
}

void Innocents::apply() {
  const Numbers one = numbers(1);
  judged(one,
         [&] { place_.referee.judge(one[0], calls().apply(answer, one[0]) == answer_to(one[0])); });
}

void Innocents::burst() {
  const Numbers all = numbers(60);
  std::vector<AsyncResult<std::uint64_t>> results;
  for (const std::uint32_t number : all) results.push_back(calls().apply_async(answer, number));
  for (std::size_t i = 0; i < all.size(); ++i) {
    judged({all[i]}, [&] { place_.referee.judge(all[i], results[i].get() == answer_to(all[i])); });
  }
}

void Innocents::map() {
  const Numbers all = numbers(300);
  judged(all, [&] {
    const std::vector<std::uint64_t> values = calls().map(answer, all);
    if (values.size() != all.size()) return place_.referee.complain("a map of another size");
    for (std::size_t i = 0; i < all.size(); ++i)
      place_.referee.judge(all[i], values[i] == answer_to(all[i]));
  });
}

void Innocents::map_of_texts() {
  const Numbers all = numbers(200);
  judged(all, [&] {
    const std::vector<std::string> values = calls().map(answer_in_words, all);
    if (values.size() != all.size()) return place_.referee.complain("a map of another size");
    for (std::size_t i = 0; i < all.size(); ++i)
      place_.referee.judge(all[i], values[i] == text_for(all[i]));
  });
}

void Innocents::try_map() {
  const Numbers all = numbers(200);
  judged(all, [&] {
    const auto outcomes = calls().try_map(answer, all);
    if (outcomes.size() != all.size()) return place_.referee.complain("a try_map of another size");
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (outcomes[i]) {
        place_.referee.judge(all[i], outcomes[i].value() == answer_to(all[i]));
      } else {
        place_.referee.judge(std::span(&all[i], 1), outcomes[i].error());
      }
    }
  });
}

void Innocents::imap() {
  const Numbers all = numbers(200);
  judged(all, [&] {
    auto values = calls().imap(answer, all);
    for (const std::uint32_t number : all) {
      const auto outcome = values.next_outcome();
      if (!outcome) return place_.referee.complain("an imap ended early");
      if (*outcome) {
        place_.referee.judge(number, outcome->value() == answer_to(number));
      } else {
        place_.referee.judge(std::span(&number, 1), outcome->error());
      }
    }
  });
}

// One wrong part makes the whole wrong: it may be if one of them was in bad hands.
void Innocents::map_reduce() {
  const Numbers all = numbers(300);
  judged(all, [&] {
    std::uint64_t right = 0;
    for (const std::uint32_t number : all) right += answer_to(number);
    const std::uint64_t got = calls().map_reduce(answer, all, sum, std::uint64_t{0});
    if (got != right)
      place_.referee.judge(all, std::make_exception_ptr(std::logic_error("a wrong sum")));
  });
}

bool Innocents::works() {
  place_.doing.set("the map afterwards");
  bool whole = false;
  const Numbers all = numbers(20);
  judged(all, [&] {
    const std::vector<std::uint64_t> values = calls().map(answer, all);
    whole = values.size() == all.size();
    for (std::size_t i = 0; whole && i < all.size(); ++i) whole = values[i] == answer_to(all[i]);
  });
  place_.doing.set("nothing");
  return whole;
}

}  // namespace brood::hostile
