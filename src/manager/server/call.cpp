#include "manager/server/call.hpp"

#include <string>

#include <brood/detail/codec/descriptor_ref.hpp>
#include <brood/errors.hpp>
#include "base/type_name.hpp"
#include "manager/messages.hpp"
#include "manager/replies.hpp"
#include "platform/copies.hpp"
#include "transfer/shared_descriptor.hpp"

namespace brood {
namespace detail {

Reader& ServedCall::arguments() noexcept { return state_.arguments; }
Bytes& ServedCall::result() noexcept { return state_.result; }

Charge ServedCall::take_charge() { return state_.caller.take_charge(); }

void ServedCall::end_arguments() {
  if (const std::size_t left = state_.arguments.left(); left != 0)
    throw CodecError(CodecError::Direction::decode, "",
                     std::to_string(left) + " bytes follow the arguments of a call");
}

// Not analysed: whether the constructor takes the lock depends on the object's type, and the object
// is named in templates of users, which see neither lock nor annotations.
ServedCall::Turn::Turn(State& state) BROOD_NO_THREAD_SAFETY_ANALYSIS : state_(state) {
  if (!state_.entry->object.concurrent) state_.entry->calls.lock();
}
ServedCall::Turn::~Turn() BROOD_NO_THREAD_SAFETY_ANALYSIS {
  if (!state_.entry->object.concurrent) state_.entry->calls.unlock();
}

void* ServedCall::address(const std::type_info& type) {
  const ServedObject& object = state_.entry->object;
  if (*object.type == type) return object.object.get();
  throw UsageError("brood: a proxy of " + base::type_name(type) + " for an object of type " +
                   base::type_name(*object.type));
}

void ServedCall::put_new(ServedObject object) {
  manager::Charge charge(state_.caller.account(), manager::Quota::objects, 1);
  manager::Server::Added added = state_.server.add(std::move(object), std::move(charge));
  const ManagedRef made = make_ref(state_.server.id(), added.id, std::move(added.lease));
  OutputArchive archive(state_.result);
  archive(made);
}

}  // namespace detail

namespace manager {
namespace {

void dispatch(detail::ServedCall::State& state) {
  RequestHeader header;
  state.arguments.read(&header, sizeof header);
  const auto stub = detail::take_code_as<detail::ServedStub>(state.arguments);
  state.caller.set_thread(header.thread);
  for (const detail::DescriptorRef& descriptor : state.envelope.descriptors)
    state.server.demand_genuine(descriptor);
  state.entry = state.server.find(header.object);
  if (!state.entry) throw UsageError("brood: the object of a call is gone");
  detail::ServedCall call(state);
  stub(call);
}

}  // namespace

detail::Bytes answer(Server& server, Caller& caller, detail::Envelope request) {
  detail::ServedCall::State state(server, caller, std::move(request));
  state.result = begin_reply(Status::value);
  try {
    dispatch(state);
    platform::end_if_copy();
    return std::move(state.result);
  } catch (const Abandoned&) {
    throw;
  } catch (...) {
    platform::end_if_copy();
    caller.give_back();  // an answer that there is no memory for: it has taken nothing
    return failure();
  }
}

}  // namespace manager
}  // namespace brood
