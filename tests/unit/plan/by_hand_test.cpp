// SPDX-License-Identifier: GPL-2.0-or-later
// claim and release: buckets by hand, all or none, and nothing but buckets.
#include "builders.h"

namespace loadshare::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const IpAddress address = ip("10.0.0.100");

std::vector<std::string> claimed(const std::set<unsigned>& buckets, const Observed& node) {
  return in_short(plan_claim(address, buckets, node));
}

std::vector<std::string> released(const std::set<unsigned>& buckets, const Observed& node) {
  return in_short(plan_release(address, buckets, node));
}

std::string refusal(const std::set<unsigned>& buckets, const Observed& node) {
  return outcome_of([&] { claimed(buckets, node); });
}

TEST(Claim, TakesWhatIsNotHeldYet) {
  EXPECT_THAT(claimed({1, 2, 3}, a_healthy_node({2})), ElementsAre("take 1", "take 3"));
  EXPECT_THAT(claimed({2}, a_healthy_node({2})), IsEmpty());
  EXPECT_THAT(claimed({2}, a_healthy_node({})), ElementsAre("take 2"));
}

TEST(Release, GivesUpWhatIsHeld) {
  EXPECT_THAT(released({1, 2}, a_healthy_node({2, 3})), ElementsAre("release 2"));
  EXPECT_THAT(released({1}, a_healthy_node({2})), IsEmpty());
  EXPECT_THAT(released({2}, a_healthy_node({2})), ElementsAre("release 2"))
      << "the address stays, as with echo -2";
}

TEST(ByHand, NeedsAnAddressThatIsHeld) {
  EXPECT_THAT(refusal({1}, an_empty_node()), Fails(ExitCode::not_running, "10.0.0.100"));
  EXPECT_THAT(outcome_of([] { released({1}, an_empty_node()); }),
              Fails(ExitCode::not_running, "10.0.0.100"));
}

TEST(ByHand, TakesNoneWhereOneIsBeyondTheTotal) {
  EXPECT_THAT(refusal({1, 4}, a_healthy_node({2})),
              Fails(ExitCode::not_configured, "bucket 4: 10.0.0.100 has only 3"));
  EXPECT_THAT(outcome_of([] {
                released({2, 4}, a_healthy_node({2}));
              }),
              Fails(ExitCode::not_configured, "bucket 4"));
}

TEST(Claim, TakesNothingWhereSomethingIsWrong) {
  auto node = a_healthy_node({1});
  node.filter.faults = {"chain cluster-10.0.0.100 has other rules than it should"};
  EXPECT_THAT(refusal({2}, node), Fails(ExitCode::generic_error, "other rules"));
  node = a_healthy_node({1});
  node.filter.filters.push_back(a_filter());
  EXPECT_THAT(refusal({2}, node), Fails(ExitCode::generic_error, "installed 2 times"));
  node = a_healthy_node({1});
  node.addresses.clear();
  EXPECT_THAT(refusal({2}, node),
              Fails(ExitCode::generic_error, "10.0.0.100/32 on lo is not there"));
}

TEST(Claim, TakesNothingWhereNobodyWouldBeAnswered) {
  auto node = a_healthy_node({1});
  node.interface->up = false;
  EXPECT_THAT(refusal({2}, node), Fails(ExitCode::generic_error, "eth0 is down"));
  node = a_healthy_node({1});
  node.path.obstacles = {"there is no way back"};
  EXPECT_THAT(refusal({2}, node), Fails(ExitCode::generic_error, "there is no way back"));
}

TEST(Release, GivesUpWhatAnotherHandHasTaken) {
  auto node = a_healthy_node({1});
  node.filter.usurped = {3};
  EXPECT_THAT(released({1, 3}, node), ElementsAre("release 1", "release 3"));
}

TEST(Release, MindsNoFaults) {
  auto node = a_healthy_node({1});
  node.filter.faults = {"something"};
  node.addresses.clear();
  EXPECT_THAT(released({1}, node), ElementsAre("release 1"));
}

// Taken without the address, it would be answered by nobody when that is gone.
TEST(ClaimWithDrain, RefusesAnAddressThatIsAboutToLeave) {
  EXPECT_THAT(outcome_of([] { plan_claim(address, {2}, a_node_that_drains({1})); }),
              Fails(ExitCode::generic_error, "about to expire"));
}

TEST(ClaimWithDrain, TakesBackWhatIsDrained) {
  EXPECT_THAT(in_short(plan_claim(address, {1}, a_node_that_drains({1}, {2}))),
              ElementsAre("take 1 back"));
}

}  // namespace
}  // namespace loadshare::test
