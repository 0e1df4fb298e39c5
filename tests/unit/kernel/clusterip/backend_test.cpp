// SPDX-License-Identifier: GPL-2.0-or-later
// The CLUSTERIP backend as far as it goes without a kernel: a folder stands in for /proc/net.
#include "kernel/clusterip/backend.h"

#include <gtest/gtest.h>

#include "builders.h"
#include "kernel/clusterip/table.h"
#include "temporary_folder.h"

namespace loadshare::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ClusteripBackendTest : public testing::Test {
 protected:
  ClusteripBackendTest() { std::filesystem::create_directory(proc_net_.path() / "ipt_CLUSTERIP"); }

  TemporaryFolder proc_net_;
  std::unique_ptr<Backend> backend_ =
      clusterip::make_backend(std::chrono::seconds(0), proc_net_.path());
};

TEST_F(ClusteripBackendTest, SeesNothingOnAKernelWithoutTheTarget) {
  std::filesystem::remove(proc_net_.path() / "ipt_CLUSTERIP");
  // A table is listed, but without the target there is no reason to open it.
  proc_net_.write("ip_tables_names", "filter\n");
  const auto state = backend_->observe(ip("10.0.0.100"));
  EXPECT_THAT(state.filters, IsEmpty());
  EXPECT_THAT(state.buckets, IsEmpty());
}

TEST_F(ClusteripBackendTest, SeesNoRuleWhereNoTableExists) {
  EXPECT_THAT(backend_->observe(ip("10.0.0.100")).filters, IsEmpty());
}

TEST_F(ClusteripBackendTest, ReadsTheBucketsOfTheVeryAddress) {
  proc_net_.write("ipt_CLUSTERIP/10.0.0.100", "1,3\n");
  proc_net_.write("ipt_CLUSTERIP/10.0.0.10", "2\n");
  EXPECT_THAT(backend_->observe(ip("10.0.0.100")).buckets, ElementsAre(1, 3));
  EXPECT_THAT(backend_->observe(ip("10.0.0.1")).buckets, IsEmpty());
}

TEST_F(ClusteripBackendTest, SeesNothingForIpv6) {
  proc_net_.write("ipt_CLUSTERIP/2001:db8::1", "1\n");
  EXPECT_THAT(backend_->observe(ip("2001:db8::1")).buckets, IsEmpty());
}

TEST_F(ClusteripBackendTest, RefusesIpv6ByTheNameOfTheParameter) {
  auto request = a_request();
  request.address = ip("2001:db8::1");
  EXPECT_THAT(outcome_of([&] { backend_->check(request); }),
              Fails(ExitCode::not_configured, "ip: "));
}

TEST_F(ClusteripBackendTest, ServesSixteenBucketsAndNoMore) {
  auto request = a_request();
  request.total = 16;
  EXPECT_EQ(outcome_of([&] { backend_->check(request); }), "no error");
  request.total = 17;
  EXPECT_THAT(outcome_of([&] { backend_->check(request); }),
              testing::AllOf(Fails(ExitCode::not_configured, "CRM_meta_clone_max: "),
                             testing::HasSubstr("16"), testing::HasSubstr("17")));
}

TEST_F(ClusteripBackendTest, RefusesADrainAndSaysWhatToSet) {
  auto request = a_request();
  EXPECT_EQ(outcome_of([&] { backend_->check(request); }), "no error");
  request.drain = std::chrono::seconds(1);
  EXPECT_THAT(outcome_of([&] { backend_->check(request); }),
              testing::AllOf(Fails(ExitCode::not_configured, "drain: "),
                             testing::HasSubstr("backend=ebpf")));
}

// Nobody asks it for that; whoever does anyhow must not go on answering.
TEST_F(ClusteripBackendTest, ReleasesWhatItCannotDrain) {
  const auto file = proc_net_.write("ipt_CLUSTERIP/10.0.0.100", "");
  backend_->apply(DrainBucket{ip("10.0.0.100"), 3, std::chrono::seconds(30)});
  EXPECT_EQ(content_of(file), "-3");
}

TEST_F(ClusteripBackendTest, TakesAndReleasesInTheBucketFile) {
  const auto file = proc_net_.write("ipt_CLUSTERIP/10.0.0.100", "");
  backend_->apply(TakeBucket{ip("10.0.0.100"), 3});
  EXPECT_EQ(content_of(file), "+3");
  backend_->apply(ReleaseBucket{ip("10.0.0.100"), 3});
  EXPECT_EQ(content_of(file), "-3");
}

TEST(ExistingTables, AreThoseThatTheKernelLists) {
  const TemporaryFolder proc_net;
  EXPECT_THAT(clusterip::existing_tables(proc_net.path()), IsEmpty());
  proc_net.write("ip_tables_names", "");
  EXPECT_THAT(clusterip::existing_tables(proc_net.path()), IsEmpty());
  proc_net.write("ip_tables_names", "mangle\nfilter\n");
  EXPECT_THAT(clusterip::existing_tables(proc_net.path()), ElementsAre("mangle", "filter"));
}

}  // namespace
}  // namespace loadshare::test
