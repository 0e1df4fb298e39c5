// SPDX-License-Identifier: GPL-2.0-or-later
// Steps in words.
#include "base/words.h"
#include "loadshare/plan.h"

namespace loadshare {
namespace {

struct Describe {
  std::string operator()(const RaiseInterface& step) const {
    return "set interface " + step.interface + " up";
  }
  std::string operator()(const InstallFilter& step) const {
    return "install the cluster rule for " + to_string(step.address) + " on " +
           step.filter.interface + ": MAC " + to_string(step.filter.mac) + ", hash mode " +
           to_string(step.filter.hash_mode) + ", seed " + std::to_string(step.filter.seed) +
           ", total nodes " + std::to_string(step.filter.total) + ", buckets " +
           words::listed(step.buckets);
  }
  std::string operator()(const RemoveFilter& step) const {
    return "remove the cluster rule for " + to_string(step.address);
  }
  std::string operator()(const CloseWays& step) const {
    return "keep every interface but " + step.interface + " from answering for " +
           to_string(step.address);
  }
  std::string operator()(const ReopenWays& step) const {
    return "let other interfaces be as they were before " + to_string(step.address) +
           ", if no other cluster address is held";
  }
  std::string operator()(const TakeBucket& step) const {
    const auto lifetime =
        step.lifetime ? " for " + std::to_string(step.lifetime->count()) + " ms" : "";
    return "take bucket " + std::to_string(step.bucket) + " of " + to_string(step.address) +
           lifetime;
  }
  std::string operator()(const ReleaseBucket& step) const {
    return "release bucket " + std::to_string(step.bucket) + " of " + to_string(step.address);
  }
  std::string operator()(const DrainBucket& step) const {
    return "drain bucket " + std::to_string(step.bucket) + " of " + to_string(step.address) +
           " for " + words::seconds(step.lifetime);
  }
  std::string operator()(const EndDrain& step) const {
    return "end the drain of bucket " + std::to_string(step.bucket) + " of " +
           to_string(step.address);
  }
  std::string operator()(const SpareConnections& step) const {
    return "answer only known connections of buckets " + words::listed(step.buckets) + " of " +
           to_string(step.address) + " for " + words::seconds(step.lifetime);
  }
  std::string operator()(const ForgetConnections& step) const {
    return "forget connections of buckets " + words::listed(step.buckets) + " of " +
           to_string(step.address);
  }
  std::string operator()(const EndMoves& step) const {
    return "remove the rules for buckets of " + to_string(step.address) + " that move";
  }
  std::string operator()(const LimitAddress& step) const {
    return "let " + to_string(step.address) + to_string(step.held) + " expire in " +
           words::seconds(step.lifetime);
  }
  std::string operator()(const AddAddress& step) const {
    const auto& route = step.target.route;
    return "add " + to_string(step.target.address) + to_string(step.target.held) +
           (route ? ", with a route to " + to_string(*route) : "");
  }
  std::string operator()(const RemoveAddress& step) const {
    return "remove " + to_string(step.address) + to_string(step.held);
  }
  std::string operator()(const Announce& step) const {
    return "announce " + to_string(step.address) + " at " + to_string(step.mac) + " on " +
           step.interface + ", " + std::to_string(step.how.count) + " times, every " +
           std::to_string(step.how.interval.count()) + " ms";
  }
};

}  // namespace

std::string to_string(const HeldAddress& held) {
  return "/" + std::to_string(held.prefix_length) + " on " + held.interface;
}

std::string to_string(const NetworkRoute& route) {
  return to_string(route.network.address) + "/" + std::to_string(route.network.prefix_length) +
         " on " + route.interface;
}

std::string describe(const Step& step) { return std::visit(Describe{}, step); }

}  // namespace loadshare
