// Runs in a copy of the server, or of the owner's memory: nothing here allocates, locks or throws.
#include "start/server_child.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <iterator>

#include "platform/process.hpp"
#include "start/before_fork.hpp"
#include "start/entry.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood::start {
namespace {

constinit int own_server_socket = -1;

constexpr int failed_in_child = 126;  // what a shell gives for "found, but could not be run"

/// Out of the way of the final numbers, so that no dup3 overwrites what another still needs.
int lift(int number) {
  if (number < 0) return -1;
  const int lowest = platform::unreserved(worker_descriptors().report);
  const int lifted = ::fcntl(number, F_DUPFD_CLOEXEC, lowest);
  if (lifted < 0) ::_exit(failed_in_child);
  return lifted;
}

int place(int number, int target) {
  if (number < 0) return -1;
  if (::dup3(number, target, O_CLOEXEC) < 0) ::_exit(failed_in_child);
  platform::own_descriptors.insert(target);
  return target;
}

// One that may not be entered any more: stays where the server is.
void enter(int directory) {
  if (directory >= 0 && ::fchdir(directory) != 0) return;
}

void become_stream(int number, int stream) {
  if (number >= 0) ::dup2(number, stream);
}

void wait_at_start_gate(int start_gate) {
  // The server died before it could tell the owner of this process: there is no owner to work for.
  if (!pass_start_gate(start_gate)) ::_exit(0);
  if (start_gate >= 0) ::close(start_gate);
}

}  // namespace

int server_socket() noexcept { return own_server_socket; }

void close_server_socket() noexcept {
  if (own_server_socket >= 0) ::close(own_server_socket);
  own_server_socket = -1;
}

void become_worker(const char* process_name, const WorkerDescriptors& received, int directory,
                   int start_gate, int server_socket) noexcept {
  enter(directory);
  become_stream(received.output, STDOUT_FILENO);
  become_stream(received.errors, STDERR_FILENO);
  int given[] = {received.report, received.input, received.owner, received.descriptor_channel,
                 start_gate,      server_socket};
  platform::close_all_but(given, std::size(given));
  platform::own_descriptors.clear();  // the numbers may be the user's soon
  detail::note_streams_closed();
  const platform::GivenDescriptors lifted = received.each(lift);
  const int lifted_start_gate = lift(start_gate), lifted_server_socket = lift(server_socket);
  const bool high = platform::has_high_numbers();
  const WorkerDescriptors& target = worker_descriptors();
  const WorkerDescriptors placed{
      {place(lifted.report, target.report), place(lifted.input, target.input),
       place(lifted.owner, target.owner),
       place(lifted.descriptor_channel, target.descriptor_channel)},
      received.role};
  own_server_socket =
      place(lifted_server_socket,
            high ? server_socket_descriptor
                 : low_server_socket_descriptor);  // also where memory has that of another server
  platform::own_descriptors.erase(own_server_socket);  // processes that are forked here may use it
  int final_numbers[] = {placed.report,     placed.input,
                         placed.owner,      placed.descriptor_channel,
                         own_server_socket, lifted_start_gate};
  platform::close_all_but(final_numbers, std::size(final_numbers));
  platform::prepare_stdio();
  platform::set_thread_name(process_name);
  wait_at_start_gate(lifted_start_gate);
  run_role(placed);
}

}  // namespace brood::start
