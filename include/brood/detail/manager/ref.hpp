#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <brood/codec.hpp>
#include <brood/detail/codec/callable.hpp>
#include <brood/detail/codec/envelope.hpp>
#include <brood/detail/export.hpp>

namespace brood::detail {

class ServedCall;
/// What runs in a manager's server for a call; named on the wire by its address.
using ServedStub = void (*)(ServedCall&);

/// What came back for a call.
class Reply {
 public:
  explicit Reply(Envelope envelope) : envelope_(std::move(envelope)) {}

  /// The value that fills it. Throws CodecError.
  template <class R>
  R get() const {
    Reader source = reader();
    return rest<R>(source);
  }
  /// The same where there may be none: a bool in front of it says whether there is.
  template <class R>
  std::optional<R> get_if_any() const {
    Reader source = reader();
    if (!decode_value<bool>(source)) return std::nullopt;
    return rest<R>(source);
  }
  Reader reader() const {  // behind the status
    return Reader(envelope_.view().subspan(1)).beside(envelope_.descriptors);
  }

 private:
  template <class R>
  static R rest(Reader& source) {
    R value = decode_value<R>(source);
    if (source.left() != 0) throw_trailing(source.left(), typeid(R));
    return value;
  }
  Envelope envelope_;
};

/// What every proxy holds: the object's number, that of its server, and the lease that keeps the
/// object alive.
/// Threads: any, for calls; copying is as for a shared_ptr.
/// Fork: the child has the same object, and connections of its own.
class BROOD_API ManagedRef {
 public:
  /// Refers to nothing; every call throws UsageError.
  ManagedRef() = default;

  /// Whether both are the same object.
  friend bool operator==(const ManagedRef& one, const ManagedRef& other) noexcept {
    return one.server_ == other.server_ && one.object_ == other.object_;
  }
  /// Whether it refers to an object.
  explicit operator bool() const noexcept { return lease_ != nullptr; }

  /// Encodes the handle. Throws CodecError where it refers to nothing.
  void save(OutputArchive& archive) const;
  /// Decodes a handle. Throws CodecError for bytes that are none.
  void load(InputArchive& archive);

 private:
  ManagedRef(std::uint64_t server, std::uint64_t object, DescriptorRef lease)
      : server_(server), object_(object), lease_(std::move(lease)) {}

  // For the library alone: no members, which all handles of managed objects would have.
  friend ManagedRef make_ref(std::uint64_t server, std::uint64_t object, DescriptorRef lease) {
    return ManagedRef(server, object, std::move(lease));
  }
  friend std::uint64_t server_of(const ManagedRef& ref) noexcept { return ref.server_; }
  friend std::uint64_t object_of(const ManagedRef& ref) noexcept { return ref.object_; }
  friend const DescriptorRef& lease_of(const ManagedRef& ref) noexcept { return ref.lease_; }
  friend BROOD_API Bytes begin_request(const ManagedRef& ref, ServedStub stub);
  friend BROOD_API Reply send_request(const ManagedRef& ref, const Bytes& request);

  std::uint64_t server_ = 0;
  std::uint64_t object_ = 0;
  DescriptorRef lease_;
};

/// What refers to this object of that server.
ManagedRef make_ref(std::uint64_t server, std::uint64_t object, DescriptorRef lease);
/// The beginning of a request; its arguments follow. Throws UsageError, CodecError.
BROOD_API Bytes begin_request(const ManagedRef& ref, ServedStub stub);
/// Sends a request and waits for the answer. Throws what the call threw in the server, and
/// SystemError when the server has ended.
BROOD_API Reply send_request(const ManagedRef& ref, const Bytes& request);

/// Appends one argument, converted to what the function takes.
template <class Stored, class Arg>
void put_argument(Bytes& request, const Arg& argument) {
  if constexpr (std::is_same_v<Stored, Arg>) {
    encode_value(request, argument);
  } else {
    constexpr bool converts = std::is_convertible_v<const Arg&, Stored>;
    static_assert(converts,
                  "brood: an argument of this call by proxy does not convert to the type of the "
                  "method's parameter");
    if constexpr (converts) {
      const Stored stored = argument;
      encode_value<Stored>(request, stored);
    }
  }
}

/// A whole call. `R` is void or what comes back.
template <class R, class... Args>
R call_stub(const ManagedRef& object, ServedStub stub, const Args&... arguments) {
  Bytes request = begin_request(object, stub);
  (put_argument<stored_t<Args>>(request, arguments), ...);
  const Reply reply = send_request(object, request);
  if constexpr (!std::is_void_v<R>) return reply.get<R>();
}

}  // namespace brood::detail
