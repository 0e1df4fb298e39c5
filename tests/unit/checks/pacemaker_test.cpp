// SPDX-License-Identifier: GPL-2.0-or-later
// Which of the cluster's resources have the address already.
#include "checks/pacemaker.h"

#include <gtest/gtest.h>

#include "builders.h"

namespace loadshare::checks {
namespace {

using test::ip;
using testing::ElementsAre;
using testing::IsEmpty;

std::string cib(const std::string& provider, const std::string& type, const std::string& value) {
  return "<cib><configuration><resources><group><primitive id='old' class='ocf' provider='" +
         provider + "' type='" + type +
         "'><instance_attributes><nvpair name='nic' value='eth0'/><nvpair name='ip' value='" +
         value + "'/></instance_attributes></primitive></group></resources></configuration></cib>";
}

TEST(ConflictingResources, AreIPaddr2WithTheSameAddress) {
  const auto found = [](const std::string& text, const char* address = "10.0.0.100") {
    return conflicting_resources(text, ip(address)).value();
  };
  EXPECT_THAT(found(cib("heartbeat", "IPaddr2", "10.0.0.100")), ElementsAre("old"));
  EXPECT_THAT(found(cib("heartbeat", "IPaddr2", "FD77:0::100"), "fd77::100"), ElementsAre("old"));
  EXPECT_THAT(found(cib("heartbeat", "IPaddr2", "10.0.0.101")), IsEmpty());
  EXPECT_THAT(found(cib("loadshare", "ClusterIP", "10.0.0.100")), IsEmpty());
  EXPECT_THAT(found("<cib/>"), IsEmpty());
  EXPECT_EQ(conflicting_resources("<cib", ip("10.0.0.100")), std::nullopt);
}

}  // namespace
}  // namespace loadshare::checks
