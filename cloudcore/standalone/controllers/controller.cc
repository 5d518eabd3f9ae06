#include "cloudcore/standalone/controllers/controller.h"

#include "common/base/log.h"

namespace skerry::standalone {

using async::Task;

std::vector<std::string> own_key(const StoredObject& object) {
  return {object.ns + "/" + object.name};
}

std::pair<std::string, std::string> split_key(const std::string& key) {
  const std::size_t slash = key.find('/');
  return {key.substr(0, slash), key.substr(slash + 1)};
}

ControllerRunner::ControllerRunner(std::unique_ptr<Controller> controller,
                                   ObjectStore& store,
                                   seam::World world,
                                   async::Executor executor)
    : controller_(std::move(controller)),
      store_(store),
      world_(world),
      sources_(controller_->sources()),
      watches_(sources_.size(), nullptr),
      wake_(executor),
      tasks_(executor) {}

void ControllerRunner::start() {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    tasks_.spawn(controller_->name() + " watch", follow(i));
  }
  tasks_.spawn(controller_->name(), work());
}

Task<void> ControllerRunner::stop() {
  stopping_ = true;
  wake_.notify();
  for (ObjectWatch* watch : watches_) {
    if (watch != nullptr) watch->cancel();
  }
  co_await tasks_.join();
}

void ControllerRunner::add_all(const ControllerSource& source) {
  ListQuery query;
  query.prefix = source.type.prefix();
  const Result<ObjectPage> page = store_.list(query);
  for (const StoredObjectPtr& object : page->items) {
    for (const std::string& key : source.keys(*object)) queue_.add(key, world_.clock.now());
  }
  wake_.notify();
}

Task<void> ControllerRunner::follow(std::size_t index) {
  const ControllerSource& source = sources_[index];
  while (!stopping_) {
    const auto watch = store_.watch(source.type.prefix(), 0);
    if (!watch) break;
    watches_[index] = watch->get();
    add_all(source);
    for (;;) {
      const auto events = co_await (*watch)->next(TimePoint::max());
      if (!events) break;  // too far behind: all are looked at again; or the end
      for (const ObjectEventPtr& event : *events) {
        for (const StoredObjectPtr& object : {event->before, event->after}) {
          if (!object) continue;
          for (const std::string& key : source.keys(*object)) queue_.add(key, world_.clock.now());
        }
      }
      wake_.notify();
    }
    watches_[index] = nullptr;
  }
}

Task<void> ControllerRunner::work() {
  while (!stopping_) {
    const auto key = queue_.take(world_.clock.now());
    if (!key) {
      co_await wake_.wait_until(queue_.next_due());
      continue;
    }
    const auto done = co_await controller_->reconcile(*key);
    if (done) {
      queue_.forget_failures(*key);
      if (*done) queue_.add(*key, world_.clock.now() + **done);
      continue;
    }
    queue_.retry(*key, world_.clock.now());
    // Another writer came between, or the object is on its way out: the next look sees it.
    const bool usual = done.error().code == 409 || done.error().code == 404;
    if (usual) continue;
    log::warning(
        "a controller did not finish",
        {{"controller", controller_->name()}, {"key", *key}, {"error", done.error().message}});
  }
}

}  // namespace skerry::standalone
