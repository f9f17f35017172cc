// Expect: brood: ValueFollows stands for an AnyValue, and for nothing else
#include "manager/operation_codec.hpp"

void call(const brood::detail::ManagedRef& queue) {
  using namespace brood::manager;
  call_operation<&QueueOperations::put>(queue, Patience::for_ever, 7);
}
