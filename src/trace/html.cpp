#include "trace/html.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "trace/column.hpp"
#include "trace/json_text.hpp"
#include "trace/page.hpp"

// src/trace/README.md says what the data look like. page/columns.js reads them.
namespace brood::trace {
namespace {

// Members of an object of JSON, one after the other.
class FactsWriter {
 public:
  explicit FactsWriter(PieceWriter& text) : text_(text) {}

  void begin(std::string_view name, char bracket) {
    put_name(name);
    text_.write({&bracket, 1});
    first_ = true;
  }
  void begin(char bracket) { begin({}, bracket); }
  void end(char bracket) {
    text_.write({&bracket, 1});
    first_ = false;
  }
  void add(std::string_view name, std::string_view value) {
    put_name(name);
    json_.clear();
    append_json(json_, value);
    text_.write(json_);
  }
  void add_number(std::string_view name, std::uint64_t value) {
    put_name(name);
    text_.write(std::to_string(value));
  }
  void add_time(std::string_view name, std::int64_t value) {
    put_name(name);
    text_.write(std::to_string(value));
  }

 private:
  // In an array, members have no names.
  void put_name(std::string_view name) {
    text_.write(first_ ? "" : ",");
    first_ = false;
    if (name.empty()) return;
    json_.clear();
    append_json(json_, name);
    text_.write(json_);
    text_.write(":");
  }

  PieceWriter& text_;
  std::string json_;
  bool first_ = true;
};

void write_worker(FactsWriter& facts, const TimelineWorker& worker) {
  facts.begin('{');
  facts.add("name", worker.name);
  facts.add_time("pid", worker.pid);
  facts.add_number("slot", worker.slot);
  facts.add_time("asked", worker.asked);
  facts.add_time("started", worker.started);
  facts.add_time("ready", worker.ready);
  facts.add_time("ended", worker.ended);
  facts.add("end", worker.end);
  facts.add_number("elements", worker.elements);
  facts.add_time("busy", worker.busy);
  facts.end('}');
}

void write_mark(FactsWriter& facts, const TimelineMark& mark, std::size_t workers) {
  facts.begin('[');
  facts.add_time({}, mark.time);
  facts.add_time({}, mark.worker < workers ? static_cast<std::int64_t>(mark.worker) : -1);
  facts.add_number({}, static_cast<std::uint64_t>(mark.kind));
  facts.add({}, mark.text);
  facts.end(']');
}

void write_histogram(FactsWriter& facts, std::string_view name,
                     const TimelineHistogram& histogram) {
  facts.begin(name, '[');
  for (const auto& [bound, count] : histogram) {
    facts.begin('[');
    facts.add_time({}, bound);
    facts.add_number({}, count);
    facts.end(']');
  }
  facts.end(']');
}

void write_texts(FactsWriter& facts, std::string_view name, const std::vector<std::string>& texts) {
  facts.begin(name, '[');
  for (const std::string& text : texts) facts.add({}, text);
  facts.end(']');
}

// A program may make a million calls, but of few functions.
class FunctionNames {
 public:
  explicit FunctionNames(const std::vector<TimelineCall>& calls) {
    for (const TimelineCall& call : calls) {
      const auto [place, added] = places_.try_emplace(call.name, names_.size());
      if (added) names_.push_back(call.name);
    }
  }
  const std::vector<std::string>& all() const { return names_; }
  std::size_t place(const TimelineCall& call) const { return places_.at(call.name); }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string_view, std::size_t> places_;  // texts of the calls
};

void write_facts(FactsWriter& facts, const Timeline& timeline, const FunctionNames& names) {
  facts.begin('{');
  facts.add("program", timeline.program);
  facts.add_time("started_us", timeline.started / 1000);
  facts.add_time("length", timeline.length);
  facts.add_number("count", timeline.elements.size());
  facts.add_number("calls", timeline.calls.size());
  facts.add_number("left_out", timeline.left_out);
  facts.add_number("marks_left_out", timeline.marks_left_out);
  facts.add("thinning", timeline.thinning);
  write_texts(facts, "names", names.all());
  write_texts(facts, "texts", timeline.texts);
  facts.begin("workers", '[');
  for (const TimelineWorker& worker : timeline.workers) write_worker(facts, worker);
  facts.end(']');
  facts.begin("marks", '[');
  for (const TimelineMark& mark : timeline.marks) write_mark(facts, mark, timeline.workers.size());
  facts.end(']');
  facts.begin("histograms", '{');
  write_histogram(facts, "waiting", timeline.waiting);
  write_histogram(facts, "decoding", timeline.decoding);
  write_histogram(facts, "running", timeline.running);
  write_histogram(facts, "encoding", timeline.encoding);
  facts.end('}');
  facts.end('}');
}

// When a worker had an element, as far as that is known.
std::int64_t place_in_time(const TimelineElement& element) {
  for (const std::int64_t time : {element.begun, element.running, element.encoding, element.encoded,
                                  element.arrived, element.sent, element.queued}) {
    if (time >= 0) return time;
  }
  return 0;
}

std::uint32_t slot_of(const Timeline& timeline, const TimelineElement& element) {
  return element.worker < timeline.workers.size() ? timeline.workers[element.worker].slot : none;
}

// By slot, and then by time: as the page draws them.
std::vector<std::uint32_t> order_of(const Timeline& timeline) {
  std::vector<std::uint32_t> order(timeline.elements.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto key = [&](std::uint32_t i) {
    const TimelineElement& element = timeline.elements[i];
    return std::tuple(slot_of(timeline, element), place_in_time(element), i);
  };
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
  return order;
}

template <class Column, class Items, class Add>
void write_column(PieceWriter& text, std::string_view name, const Items& items, Add add) {
  text.write("<script type=\"text/plain\" id=\"");
  text.write(name);
  text.write("\">");
  Column column(text);
  for (const auto& item : items) add(column, item);
  column.finish();
  text.write("</script>\n");
}

void write_calls(PieceWriter& text, const std::vector<TimelineCall>& calls,
                 const FunctionNames& names) {
  write_column<RunColumn>(
      text, "call-name", calls,
      [&](RunColumn& column, const TimelineCall& call) { column.add(names.place(call)); });
  write_column<RunColumn>(
      text, "call-elements", calls,
      [](RunColumn& column, const TimelineCall& call) { column.add(call.elements); });
  write_column<DifferenceColumn>(
      text, "call-submitted", calls,
      [](DifferenceColumn& column, const TimelineCall& call) { column.add(call.submitted); });
  write_column<DifferenceColumn>(
      text, "call-ended", calls,
      [](DifferenceColumn& column, const TimelineCall& call) { column.add(call.ended); });
}

// An index that names nothing as 0, another one as one more than it is.
std::uint64_t or_none(std::uint32_t index, std::size_t size) {
  return index < size ? std::uint64_t{index} + 1 : 0;
}

class ElementsWriter {
 public:
  ElementsWriter(PieceWriter& text, const Timeline& timeline)
      : text_(text), timeline_(timeline), order_(order_of(timeline)) {}

  void write() {
    const auto runs = [&](std::string_view name, auto number) {
      write_column<RunColumn>(text_, name, order_, [&](RunColumn& column, std::uint32_t i) {
        column.add(number(timeline_.elements[i]));
      });
    };
    using Element = TimelineElement;
    runs("call", [&](const Element& e) { return or_none(e.call, timeline_.calls.size()); });
    runs("worker", [&](const Element& e) { return or_none(e.worker, timeline_.workers.size()); });
    runs("attempt", [](const Element& e) { return std::uint64_t{e.attempt}; });
    runs("outcome", [](const Element& e) { return std::uint64_t{e.outcome}; });
    runs("text", [&](const Element& e) { return or_none(e.text, timeline_.texts.size()); });
    // No difference but this may pass 2^63, and no call has so many elements.
    write_times("index", [](const Element& e) { return static_cast<std::int64_t>(e.index); });
    write_times("queued", [](const Element& e) { return e.queued; });
    write_times("sent", [](const Element& e) { return e.sent; });
    write_times("begun", [](const Element& e) { return e.begun; });
    write_phase("running", &Element::running, &Element::begun);
    write_phase("encoding", &Element::encoding, &Element::running);
    write_phase("encoded", &Element::encoded, &Element::encoding);
    write_times("arrived", [](const Element& e) { return e.arrived; });
  }

 private:
  template <class Number>
  void write_times(std::string_view name, Number number) {
    write_column<DifferenceColumn>(text_, name, order_,
                                   [&](DifferenceColumn& column, std::uint32_t i) {
                                     column.add(number(timeline_.elements[i]));
                                   });
  }
  // Its difference to the phase before.
  void write_phase(std::string_view name, std::int64_t TimelineElement::*time,
                   std::int64_t TimelineElement::*base) {
    write_column<DifferenceColumn>(text_, name, order_,
                                   [&](DifferenceColumn& column, std::uint32_t i) {
                                     const TimelineElement& element = timeline_.elements[i];
                                     column.add(element.*time, element.*base);
                                   });
  }

  PieceWriter& text_;
  const Timeline& timeline_;
  const std::vector<std::uint32_t> order_;
};

}  // namespace

void write_html(const Timeline& timeline, const TextSink& sink) {
  PieceWriter text(sink);
  const FunctionNames names(timeline.calls);
  text.write(page_head());
  text.write("<script type=\"application/json\" id=\"facts\">");
  FactsWriter facts(text);
  write_facts(facts, timeline, names);
  text.write("</script>\n");
  write_calls(text, timeline.calls, names);
  ElementsWriter(text, timeline).write();
  text.write(page_tail());
  text.flush();
}

}  // namespace brood::trace
