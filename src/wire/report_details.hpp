#pragma once

#include <memory>

#include <brood/crash_report.hpp>
#include "wire/exception_record.hpp"

namespace brood::wire {

/// Appends what a WorkerLost's report says; its trace as text, for its reader need not have the
/// same modules.
void append_report(ExceptionDetails& details, const CrashReport& report);
/// Reads it from behind the first `numbers` and `texts`.
std::shared_ptr<const CrashReport> report_from(const ExceptionDetails& details, std::size_t numbers,
                                               std::size_t texts);

}  // namespace brood::wire
