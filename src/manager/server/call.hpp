#pragma once

#include <memory>
#include <utility>

#include <brood/detail/manager/served_call.hpp>
#include "manager/server/caller.hpp"
#include "manager/server/server.hpp"

namespace brood {

class detail::ServedCall::State {
 public:
  State(manager::Server& its_server, manager::Caller& its_caller, Envelope message)
      : server(its_server),
        caller(its_caller),
        envelope(std::move(message)),
        arguments(Reader(envelope.view()).beside(envelope.descriptors)) {}

  manager::Server& server;
  manager::Caller& caller;
  Envelope envelope;  // the request
  Reader arguments;
  Bytes result;
  std::shared_ptr<manager::Entry> entry;
};

namespace manager {

inline Caller& caller(detail::ServedCall& call) { return call.state().caller; }

/// Serves one request: the reply. Throws Abandoned.
detail::Bytes answer(Server& server, Caller& caller, detail::Envelope request);

}  // namespace manager
}  // namespace brood
