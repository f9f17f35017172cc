#include "trace/chrome_json.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/outcome_words.hpp"
#include "trace/json_text.hpp"

namespace brood::trace {

namespace {

constexpr std::uint32_t pool_thread = 0;       // of what concerns no worker
constexpr std::size_t most_steps = 2000;       // of a counter
constexpr std::int64_t shortest_stage = 1000;  // ns: shorter ones are told among the arguments

constexpr std::array<const char*, 7> mark_names{"death",  "restart", "revocation", "timeout",
                                                "cancel", "log",     "mark"};

// 1234567 ns: "1234.567"
std::string microseconds(std::int64_t ns) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%lld.%03lld", static_cast<long long>(ns / 1000),
                static_cast<long long>(ns % 1000));
  return text.data();
}

/// One event, field by field.
class EventText {
 public:
  EventText(std::string_view name, const char* category, char phase, std::int64_t time,
            std::uint32_t thread) {
    text_ = R"({"name":)";
    append_json(text_, name);
    text_ += std::string(R"(,"cat":")") + category + R"(","ph":")" + phase + R"(","ts":)" +
             microseconds(time) + R"(,"pid":1,"tid":)" + std::to_string(thread);
  }
  void raw(const char* key, const std::string& value) {
    text_ += std::string(",\"") + key + "\":" + value;
  }
  void open_arguments() {
    text_ += R"(,"args":{)";
    between_ = "";
    in_arguments_ = true;
  }
  void argument(const char* key, const std::string& number) {
    text_ += std::string(between_) + '"' + key + "\":" + number;
    between_ = ",";
  }
  void text_argument(const char* key, std::string_view value) {
    text_ += std::string(between_) + '"' + key + "\":";
    append_json(text_, value);
    between_ = ",";
  }
  void time_argument(const char* key, std::int64_t from, std::int64_t to) {
    if (from != unknown_time && to != unknown_time) argument(key, microseconds(to - from));
  }
  std::string end() {
    text_ += in_arguments_ ? "}}" : "}";
    return std::move(text_);
  }

 private:
  std::string text_;
  const char* between_ = "";
  bool in_arguments_ = false;
};

class ChromeWriter {
 public:
  ChromeWriter(const Timeline& timeline, const TextSink& sink) : timeline_(timeline), out_(sink) {}

  void write() {
    out_.write(R"({"displayTimeUnit":"ns","otherData":{"left out":")" +
               std::to_string(timeline_.left_out) + R"(","marks left out":")" +
               std::to_string(timeline_.marks_left_out) + R"(","thinning":)");
    std::string thinning;
    append_json(thinning, timeline_.thinning);
    out_.write(thinning + "},\n\"traceEvents\":[\n");
    write_names();
    for (const TimelineElement& element : timeline_.elements) write_element(element);
    for (const TimelineMark& mark : timeline_.marks) write_mark(mark);
    write_counter("waiting", [](const TimelineElement& e) { return std::pair(e.queued, e.sent); });
    write_counter("running",
                  [](const TimelineElement& e) { return std::pair(e.begun, end_of(e)); });
    out_.write("\n]}\n");
    out_.flush();
  }

 private:
  void event(const std::string& text) {
    if (std::exchange(has_events_, true)) out_.write(",\n");
    out_.write(text);
  }
  static std::int64_t end_of(const TimelineElement& element) {
    return element.encoded != unknown_time ? element.encoded : element.arrived;
  }
  const TimelineWorker* worker_of(std::uint32_t index) const {
    return index < timeline_.workers.size() ? &timeline_.workers[index] : nullptr;
  }
  std::uint32_t thread_of(std::uint32_t index) const {
    const TimelineWorker* const worker = worker_of(index);
    return worker == nullptr ? pool_thread : worker->slot + 1;
  }
  std::string_view call_of(const TimelineElement& element) const {
    if (element.call >= timeline_.calls.size()) return "element";
    const std::string& name = timeline_.calls[element.call].name;
    return name.empty() ? std::string_view("element") : std::string_view(name);
  }

  void name_thread(std::uint32_t thread, std::string_view name) {
    EventText names("thread_name", "__metadata", 'M', 0, thread);
    names.open_arguments();
    names.text_argument("name", name);
    event(names.end());
    EventText order("thread_sort_index", "__metadata", 'M', 0, thread);
    order.open_arguments();
    order.argument("sort_index", std::to_string(thread));
    event(order.end());
  }
  void write_names() {
    EventText process("process_name", "__metadata", 'M', 0, pool_thread);
    process.open_arguments();
    process.text_argument("name", timeline_.program);
    event(process.end());
    name_thread(pool_thread, "pool");
    std::set<std::uint32_t> slots;
    for (const TimelineWorker& worker : timeline_.workers) {
      if (slots.insert(worker.slot).second)
        name_thread(worker.slot + 1, "worker " + std::to_string(worker.slot));
      write_worker(worker);
    }
  }
  void write_worker(const TimelineWorker& worker) {
    const std::pair<const char*, std::int64_t> steps[] = {
        {"started", worker.started}, {"ready", worker.ready}, {"ended", worker.ended}};
    for (const auto& [what, time] : steps) {
      if (time == unknown_time) continue;
      EventText step(what, "worker", 'i', time, worker.slot + 1);
      step.raw("s", "\"t\"");
      step.open_arguments();
      step.text_argument("worker", worker.name);
      step.argument("process", std::to_string(worker.pid));
      if (time == worker.ended) step.text_argument("end", worker.end);
      event(step.end());
    }
  }

  void add_arguments(EventText& text, const TimelineElement& element) const {
    text.open_arguments();
    text.text_argument("call", call_of(element));
    text.argument("index", std::to_string(element.index));
    text.argument("attempt", std::to_string(element.attempt));
    text.text_argument("outcome", base::outcome_words[std::min(std::size_t{element.outcome},
                                                               base::outcome_words.size() - 1)]);
    if (const TimelineWorker* const worker = worker_of(element.worker)) {
      text.text_argument("worker", worker->name);
      text.argument("process", std::to_string(worker->pid));
    }
    if (element.text < timeline_.texts.size())
      text.text_argument("failure", timeline_.texts[element.text]);
    const std::pair<const char*, std::int64_t> moments[] = {
        {"queued", element.queued}, {"sent", element.sent}, {"arrived", element.arrived}};
    for (const auto& [what, time] : moments) {
      if (time != unknown_time) text.argument(what, microseconds(time));
    }
    text.time_argument("waited", element.queued, element.begun);
    text.time_argument("decoding", element.begun, element.running);
    text.time_argument("running", element.running, element.encoding);
    text.time_argument("encoding", element.encoding, element.encoded);
  }
  // One of which it is not known when it ran is an instant.
  void write_element(const TimelineElement& element) {
    const std::uint32_t thread = thread_of(element.worker);
    const std::int64_t end = end_of(element);
    const char* const category = element.outcome == 0 ? "element" : "element,failed";
    if (element.begun == unknown_time || end == unknown_time) {
      const std::int64_t time = end != unknown_time ? end : std::max<std::int64_t>(element.sent, 0);
      EventText instant(call_of(element), category, 'i', time, thread);
      instant.raw("s", "\"t\"");
      add_arguments(instant, element);
      return event(instant.end());
    }
    EventText complete(call_of(element), category, 'X', element.begun, thread);
    complete.raw("dur", microseconds(std::max<std::int64_t>(end - element.begun, 0)));
    add_arguments(complete, element);
    event(complete.end());
    write_stage("decoding", element.begun, element.running, thread);
    write_stage("encoding", element.encoding, element.encoded, thread);
  }
  void write_stage(const char* name, std::int64_t from, std::int64_t to, std::uint32_t thread) {
    if (from == unknown_time || to == unknown_time || to - from < shortest_stage) return;
    EventText stage(name, "stage", 'X', from, thread);
    stage.raw("dur", microseconds(to - from));
    event(stage.end());
  }

  void write_mark(const TimelineMark& mark) {
    const auto kind = std::min(static_cast<std::size_t>(mark.kind), mark_names.size() - 1);
    const std::uint32_t thread = thread_of(mark.worker);
    EventText text(mark_names[kind], "mark", 'i', std::max<std::int64_t>(mark.time, 0), thread);
    text.raw("s", thread == pool_thread ? "\"p\"" : "\"t\"");
    text.open_arguments();
    text.text_argument("text", mark.text);
    event(text.end());
  }

  // How many elements were between two moments of theirs, at most so many steps over the time.
  template <class Stay>
  void write_counter(const char* name, Stay stay) {
    std::vector<std::pair<std::int64_t, int>> changes;
    for (const TimelineElement& element : timeline_.elements) {
      const auto [from, to] = stay(element);
      if (from == unknown_time || to == unknown_time) continue;
      changes.emplace_back(from, 1);
      changes.emplace_back(std::max(from, to), -1);
    }
    std::sort(changes.begin(), changes.end());
    const std::int64_t step = timeline_.length / static_cast<std::int64_t>(most_steps) + 1;
    std::int64_t count = 0, next = 0;
    for (auto change = changes.begin(); change != changes.end(); ++change) {
      count += change->second;
      const bool is_last = change + 1 == changes.end();
      if (!is_last && ((change + 1)->first == change->first || change->first < next)) continue;
      next = change->first + step;
      EventText counter(name, "queue", 'C', std::max<std::int64_t>(change->first, 0), pool_thread);
      counter.open_arguments();
      counter.argument("elements", std::to_string(count));
      event(counter.end());
    }
  }

  const Timeline& timeline_;
  PieceWriter out_;
  bool has_events_ = false;
};

}  // namespace

void write_chrome_json(const Timeline& timeline, const TextSink& sink) {
  ChromeWriter(timeline, sink).write();
}

}  // namespace brood::trace
