#include "cloudcore/edgecontroller/catch_up.h"

#include "common/async/wakeup.h"
#include "common/base/log.h"

namespace skerry::edgecontroller {
namespace {

constexpr auto kLookAgain = 50ms;

}  // namespace

async::Task<CatchUp> catch_up(kube::Client& client, CatchUpCall call) {
  std::optional<ResourceVersion> current;
  bool relisted = false;
  while (true) {
    const std::optional<Progress> progress = call.progress();
    if (!progress) co_return CatchUp::kBehind;
    const CatchUpStep step = catch_up_step(*progress, call.seen, current);
    if (step == CatchUpStep::kThere) co_return CatchUp::kLevel;
    if (step == CatchUpStep::kRestored) co_return CatchUp::kOlder;
    if (client.world().clock.now() >= call.until) co_return CatchUp::kBehind;
    if (step == CatchUpStep::kAsk) {
      kube::Selection selection = call.selection;
      const Result<ResourceVersion> answer = co_await client.current_version(std::move(selection));
      if (answer) current = *answer;
      if (answer) continue;
      log::warning("the cluster's version cannot be read",
                   {{"selection", call.selection.text()}, answer.error()});
    } else if (current && call.relist && !relisted) {
      relisted = true;
      call.relist();
    }
    co_await async::sleep_for(kLookAgain);
  }
}

}  // namespace skerry::edgecontroller
