#include <algorithm>
#include <string_view>

#include <brood/failures.hpp>

#include "base/printable.hpp"
#include "base/program_path.hpp"
#include "base/type_name.hpp"
#include "pool/failures/causes.hpp"

namespace brood {

namespace {

using pool::exception_as;

Origin origin_of(const TaskPlace& place) {
  return {.worker = place.worker_name(),
          .pid = place.worker_pid(),
          .node = {},
          .index = place.index(),
          .attempt = place.attempt(),
          .saved = place.saved()};
}

// Null: nothing is known of a task.
const TaskPlace* place_in(const std::exception_ptr& error) noexcept {
  if (const TaskError* const thrown = detail::task_error_in(error)) return thrown;
  if (const auto* const lost = exception_as<WorkerLost>(error)) return lost;
  return exception_as<TaskTimeout>(error);
}

std::string type_and_text(const std::exception_ptr& error) {
  const auto* const known = exception_as<std::exception>(error);
  if (known == nullptr) return "an exception of unknown type";
  const char* const text = known->what();
  return base::type_name(typeid(*known)) + ": " + (text == nullptr ? "" : text);
}

// Each line of it, below a title.
void add_block(std::string& target, const char* title, std::string_view lines) {
  if (lines.empty()) return;
  target += std::string("\n  ") + title;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    target.append("\n    ").append(line);
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
  }
}

void add_place(std::string& target, const TaskPlace& place) {
  if (place.index() != TaskPlace::no_element)
    target += "\n  element " + std::to_string(place.index()) + ", attempt " +
              std::to_string(place.attempt());
  if (!place.worker_name().empty())
    target +=
        "\n  worker " + place.worker_name() + " (pid " + std::to_string(place.worker_pid()) + ")";
  int number = 0;
  for (const std::string& earlier : place.earlier_attempts())
    target += "\n  attempt " + std::to_string(++number) + ": " + earlier;
  if (!place.saved().empty()) target += "\n  run it again: " + base::replay_command(place.saved());
}

void add_crash(std::string& target, const CrashReport& report) {
  if (report.cause != CrashReport::Cause::unknown) target += "\n  cause: " + report.describe();
  add_block(target, "stack trace:", report.stack_trace());
  std::string lines;
  for (const std::string& line : report.last_log_lines) lines += line + "\n";
  add_block(target, "last log lines:", lines);
}

constexpr std::size_t most_output_lines = 10;
constexpr std::size_t longest_output_line = 256;  // bytes

// The last lines of it, each cut where it is long.
void add_output(std::string& target, std::string_view output) {
  while (output.ends_with('\n')) output.remove_suffix(1);
  std::size_t begin = output.size();
  for (std::size_t i = 0; i < most_output_lines && begin != 0; ++i) {
    const std::size_t end = output.rfind('\n', begin - 1);
    begin = end == std::string_view::npos ? 0 : end;
  }
  const bool is_all = begin == 0;
  if (!is_all) output.remove_prefix(begin + 1);
  std::string lines;
  while (!output.empty()) {
    const std::string_view line = output.substr(0, output.find('\n'));
    lines += base::printable(line.substr(0, longest_output_line)) + "\n";
    output.remove_prefix(std::min(output.size(), line.size() + 1));
  }
  add_block(target, is_all ? "output:" : "last lines of its output:", lines);
}

// What a task's exception was caused by: nested in the TaskError, or in what is none.
void add_causes(std::string& target, const std::exception_ptr& error) {
  const auto* outer = exception_as<std::nested_exception>(error);
  while (outer != nullptr && outer->nested_ptr() != nullptr) {
    const std::exception_ptr inner = outer->nested_ptr();
    if (exception_as<TaskError>(inner) == nullptr)
      target += "\n  caused by " + pool::cause_in_words(inner);
    outer = exception_as<std::nested_exception>(inner);
  }
}

}  // namespace

std::string pool::cause_in_words(const std::exception_ptr& error) {
  if (const TaskError* const thrown = detail::task_error_in(error))
    return thrown->text().empty() ? thrown->type_name()
                                  : thrown->type_name() + ": " + thrown->text();
  if (const auto* const lost = exception_as<WorkerLost>(error)) return lost->status().describe();
  if (const auto* const ours = exception_as<Error>(error)) return ours->what();
  return type_and_text(error);
}

std::optional<Origin> origin(const std::exception_ptr& error) {
  const TaskPlace* const place = place_in(error);
  if (place == nullptr) return std::nullopt;
  return origin_of(*place);
}

std::string describe(const std::exception_ptr& error) {
  if (!error) return {};
  std::string text = pool::cause_in_words(error);
  const auto* const lost = exception_as<WorkerLost>(error);
  if (lost != nullptr) text = "the worker died by " + text;
  if (lost != nullptr && lost->status().kind == ExitStatus::Kind::exited)
    text = "the worker ended with " + lost->status().describe();
  if (lost != nullptr && lost->status().kind == ExitStatus::Kind::lost)
    text = "the worker disappeared; how it ended is " + lost->status().describe();
  if (const TaskPlace* const place = place_in(error)) add_place(text, *place);
  if (lost != nullptr) add_crash(text, lost->report());
  add_causes(text, error);
  add_output(text, detail::output_in(error));
  return text;
}

const std::string& detail::output_in(const std::exception_ptr& error) noexcept {
  static const std::string nothing;
  const TaskPlace* const place = error ? place_in(error) : nullptr;
  return place == nullptr ? nothing : place->output();
}

std::string output(const std::exception_ptr& error) { return detail::output_in(error); }

}  // namespace brood
