#include "common/lane/message.h"

namespace skerry::lane {
namespace {

// Whatever has an order among itself shares a class: a pod's tokens go before its Upsert, a Nack
// before the Ack that covers it. Large messages stay out of control, so that a ping never waits for
// one.
struct ClassOf {
  Class operator()(const Listing&) const { return Class::kObjects; }
  Class operator()(const Upsert&) const { return Class::kObjects; }
  Class operator()(const Remove&) const { return Class::kObjects; }
  Class operator()(const ReportAgain&) const { return Class::kObjects; }
  Class operator()(const TokenGrant&) const { return Class::kObjects; }
  Class operator()(const Report&) const { return Class::kObjects; }
  template <class Other>
  Class operator()(const Other&) const {
    return Class::kControl;
  }
};

}  // namespace

Class class_of(const Message& message) { return std::visit(ClassOf{}, message); }

}  // namespace skerry::lane
