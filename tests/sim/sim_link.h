// A connection between one edge and the cloud: bytes in order, late, in pieces of any size, and cut
// at any byte; and the frames, messages and window accounting on each of its ends.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/lane/codec.h"
#include "common/lane/mux.h"
#include "tests/sim/sim_run.h"

namespace skerry::sim {

enum class Side : std::uint8_t { kEdge, kCloud };
inline Side other(Side side) { return side == Side::kEdge ? Side::kCloud : Side::kEdge; }

class SimLink : public std::enable_shared_from_this<SimLink> {
 public:
  struct Hooks {
    std::function<void(std::string_view)> on_bytes;
    std::function<void()> on_closed;
    std::function<void()> on_room;
  };

  SimLink(Run& run, std::optional<std::uint64_t> cut_after_bytes, bool silent)
      : run_(run), cut_after_(cut_after_bytes), silent_(silent) {}

  void attach(Side side, Hooks hooks) { ends_[index(side)].hooks = std::move(hooks); }
  void on_cut(std::function<void()> listener) { on_cut_.push_back(std::move(listener)); }
  void write(Side from, std::string bytes);
  std::size_t unsent(Side from) const { return ends_[index(from)].pipe.size(); }
  /// This side is gone. The other learns of it later, or never when `silent`.
  void close(Side side, bool silent);
  /// Breaks it now, as if the cable were cut.
  void cut();
  bool cut_already() const { return cut_; }

 private:
  struct End {
    Hooks hooks;
    std::string pipe;  // written by this end, not yet arrived
    bool delivering = false;
    bool closed = false;
  };
  static std::size_t index(Side side) { return static_cast<std::size_t>(side); }
  void deliver(Side from);
  void schedule(Side from);
  void tell_closed(Side side);

  Run& run_;
  std::optional<std::uint64_t> cut_after_;
  bool silent_;
  bool cut_ = false;
  std::uint64_t carried_ = 0;
  std::array<End, 2> ends_;
  std::vector<std::function<void()>> on_cut_;
};

/// One end's mux, frames and decoder.
class Wire {
 public:
  Wire(std::shared_ptr<SimLink> link, Side side) : link_(std::move(link)), side_(side) {}

  /// Takes messages from `next(objects_too)` while there is room, and writes frames.
  /// True: at least one message was taken.
  bool pump(const std::function<std::optional<lane::Message>(bool)>& next);
  Result<std::vector<lane::Message>> receive(std::string_view bytes);
  std::size_t queued_bytes() const { return mux_.queued_bytes(); }

 private:
  std::shared_ptr<SimLink> link_;
  Side side_;
  lane::Mux mux_;
  std::string buffer_;
};

std::uint64_t trace_number(const lane::Message& message);

}  // namespace skerry::sim
