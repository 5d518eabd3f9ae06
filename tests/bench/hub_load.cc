// hub_load HOST PORT CA.crt CA.key NODES [--bare] [--parallel=N]
//
// Holds the sessions of up to NODES nodes against a hub, or with --bare TLS connections against
// bare_tls_server. The nodes' certificates are signed here by the hub's CA. Commands on stdin, one
// answer each, a line of JSON:
//   connect N   opens until N nodes have sessions (TLS, upgrade, Hello, Welcome)
//   settle      waits until every node is registered and holds what it is sent
//   hold S      S seconds of idling with pings; sessions that end meanwhile are counted
//   close       ends all
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "tests/bench/load_session.h"

namespace skerry::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::minutes(5);
constexpr int kEventsMax = 256;

double seconds_since(TimePoint begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

class Load {
 public:
  Load(Fleet fleet, sockaddr_in hub, bool bare, std::size_t parallel)
      : fleet_(std::move(fleet)), hub_(hub), bare_(bare), parallel_(parallel) {
    sessions_.resize(fleet_.nodes.size());
    began_.resize(fleet_.nodes.size());
  }
  ~Load() { ::close(epoll_); }

  void connect(std::size_t wanted) {
    wanted = std::min(wanted, sessions_.size());
    const TimePoint begin = Clock::now();
    const std::size_t before = opened_;
    std::size_t next = 0;
    in_sync_ = lost_ = 0;
    took_ms_.clear();
    while (opened_ < wanted && Clock::now() < begin + kPatience) {
      while (opening_ < parallel_ && opened_ + opening_ < wanted) {
        while (sessions_[next]) next = (next + 1) % sessions_.size();
        start(next);
      }
      turn(100);
    }
    const double seconds = seconds_since(begin);
    std::sort(took_ms_.begin(), took_ms_.end());
    const auto at = [&](double part) {
      return took_ms_.empty() ? 0.0 : took_ms_[static_cast<std::size_t>(part * (took_ms_.size() - 1))];
    };
    std::printf(
        "{\"sessions\": %zu, \"opened\": %zu, \"seconds\": %.3f, \"per_second\": %.0f, "
        "\"in_sync\": %zu, \"failed\": %zu, \"failure\": \"%s\", \"p50_ms\": %.1f, \"p99_ms\": "
        "%.1f}\n",
        opened_, opened_ - before, seconds, static_cast<double>(opened_ - before) / seconds,
        in_sync_, lost_, failure_.c_str(), at(0.5), at(0.99));
  }

  void settle() {
    const TimePoint begin = Clock::now();
    std::size_t settled = 0;
    while (settled < opened_ && Clock::now() < begin + kPatience) {
      turn(100);
      settled = static_cast<std::size_t>(
          std::count_if(sessions_.begin(), sessions_.end(),
                        [](const auto& session) { return session && session->settled(); }));
    }
    std::printf("{\"sessions\": %zu, \"settled\": %zu, \"seconds\": %.3f}\n", opened_, settled,
                seconds_since(begin));
  }

  void hold(double seconds) {
    const TimePoint begin = Clock::now();
    lost_ = 0;
    while (seconds_since(begin) < seconds) turn(200);
    std::printf("{\"sessions\": %zu, \"lost\": %zu, \"failure\": \"%s\"}\n", opened_, lost_,
                failure_.c_str());
  }

  void close() {
    for (auto& session : sessions_) session.reset();
    opened_ = opening_ = 0;
    std::printf("{\"sessions\": 0}\n");
  }

 private:
  void start(std::size_t index) {
    auto session =
        std::make_unique<LoadSession>(fleet_.nodes[index], fleet_, context_.get(), bare_);
    if (!session->connect(hub_)) {
      std::perror("hub_load: connect");
      std::exit(EXIT_FAILURE);
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, session->fd(), &event);
    sessions_[index] = std::move(session);
    began_[index] = Clock::now();
    ++opening_;
  }

  void turn(int timeout_ms) {
    epoll_event events[kEventsMax];
    const int count = ::epoll_wait(epoll_, events, kEventsMax, timeout_ms);
    const TimePoint now = Clock::now();
    for (int i = 0; i < count; ++i) drive(events[i].data.u64, now);
    if (now < next_tick_) return;
    next_tick_ = now + std::chrono::milliseconds(500);
    for (auto& session : sessions_) {
      if (session) session->on_time(now);
    }
  }

  void drive(std::size_t index, TimePoint now) {
    auto& session = sessions_[index];
    if (!session) return;
    const bool was_open = session->opened();
    session->drive(now);
    if (session->stage() == LoadSession::Stage::kDead) {
      was_open ? --opened_ : --opening_;
      ++lost_;
      failure_ = session->failure();
      session.reset();
      return;
    }
    if (was_open || !session->opened()) return;
    --opening_;
    ++opened_;
    in_sync_ += session->in_sync();
    took_ms_.push_back(1000 * seconds_since(began_[index]));
  }

  Fleet fleet_;
  sockaddr_in hub_;
  bool bare_;
  std::size_t parallel_;
  std::shared_ptr<SSL_CTX> context_ = client_context();
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<LoadSession>> sessions_;
  std::vector<TimePoint> began_;
  std::vector<double> took_ms_;
  std::size_t opening_ = 0, opened_ = 0, in_sync_ = 0, lost_ = 0;
  std::string failure_;
  TimePoint next_tick_{};
};

std::string slurp(const char* path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void obey(Load& load) {
  std::string line, word;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    double number = 0;
    words >> word >> number;
    if (word == "connect") load.connect(static_cast<std::size_t>(number));
    if (word == "settle") load.settle();
    if (word == "hold") load.hold(number);
    if (word == "close") load.close();
    std::fflush(stdout);
  }
}

int run(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "hub_load: see the top of tests/bench/hub_load.cc\n");
    return 2;
  }
  sockaddr_in hub{};
  hub.sin_family = AF_INET;
  hub.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
  ::inet_pton(AF_INET, argv[1], &hub.sin_addr);
  bool bare = false;
  std::size_t parallel = 64;
  for (int i = 6; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--bare") bare = true;
    if (flag.starts_with("--parallel=")) parallel = std::stoul(flag.substr(11));
  }
  Result<Fleet> fleet =
      make_fleet({slurp(argv[3]), slurp(argv[4])}, "fleet", std::atoi(argv[5]));
  if (!fleet) {
    std::fprintf(stderr, "hub_load: %s\n", fleet.error().what.c_str());
    return EXIT_FAILURE;
  }
  std::signal(SIGPIPE, SIG_IGN);
  Load load(std::move(*fleet), hub, bare, parallel);
  std::printf("{\"nodes\": %d}\n", std::atoi(argv[5]));
  std::fflush(stdout);
  obey(load);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace skerry::bench

int main(int argc, char** argv) { return skerry::bench::run(argc, argv); }
