// SPDX-License-Identifier: GPL-2.0-or-later
// What Pacemaker prints: recorded from a cluster of three nodes (2.1.5), one of them in standby,
// and what may come instead.
#include "pacemaker/cluster_resource.h"

#include <fstream>
#include <sstream>

#include "builders.h"

namespace loadshare::test {
namespace {

using pacemaker::find_instances;
using pacemaker::find_stop_records;
using pacemaker::resource_name;
using pacemaker::states_clone_max;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::string recorded(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(UNIT_TEST_DATA "/" + name).rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

std::string monitor() { return recorded("crm_mon-2.1.xml"); }
std::string resources() { return recorded("cib-resources-2.1.xml"); }

std::optional<std::string> name_of(const std::string& address, const std::string& space = "") {
  return resource_name(resources(), ip(address), space);
}

TEST(ClusterResource, IsFoundByItsAddress) {
  EXPECT_EQ(name_of("10.77.0.100"), "cluster-ip");
  EXPECT_EQ(name_of("10.77.0.101"), "second-ip") << "the address is in its template";
  EXPECT_EQ(name_of("fd77::102"), "single-ip") << "written as fd77:0::102";
  EXPECT_EQ(name_of("10.77.0.103"), std::nullopt) << "IPaddr2's";
  EXPECT_EQ(name_of("10.77.0.104"), std::nullopt);
}

TEST(ClusterResource, IsThatOfTheNetworkNamespace) {
  EXPECT_EQ(name_of("10.77.0.100", "blue"), std::nullopt);
  auto two = resources();
  const std::string ip_line = R"(<nvpair name="ip" value="10.77.0.101")";
  two.insert(two.find(ip_line), R"(<nvpair name="network_namespace" value="blue"/>)");
  two.replace(two.find("value=\"10.77.0.101\""), 19, "value=\"10.77.0.100\"");
  EXPECT_EQ(resource_name(two, ip("10.77.0.100"), ""), "cluster-ip");
  EXPECT_EQ(resource_name(two, ip("10.77.0.100"), "blue"), "second-ip");
}

TEST(ClusterResource, HasInstancesOnNodes) {
  EXPECT_THAT(find_instances(monitor(), "cluster-ip").nodes,
              ElementsAre(Pair(1, ElementsAre("node1")), Pair(2, ElementsAre("node2")),
                          Pair(3, ElementsAre("node1")), Pair(4, ElementsAre("node1")),
                          Pair(5, ElementsAre("node2")), Pair(6, ElementsAre("node2"))));
}

TEST(ClusterResource, LeavesOutWhatIsStopped) {
  EXPECT_THAT(find_instances(monitor(), "second-ip").nodes,
              ElementsAre(Pair(1, ElementsAre("node1")), Pair(2, ElementsAre("node2"))));
}

TEST(ClusterResource, ThatIsNoCloneIsBucketOne) {
  EXPECT_THAT(find_instances(monitor(), "single-ip").nodes,
              ElementsAre(Pair(1, ElementsAre("node1"))));
}

// Written by hand: in a group, on two nodes at once, with attributes of tomorrow.
TEST(ClusterResource, IsFoundInWhateverIsAroundIt) {
  const std::string text = R"(<?xml version="1.0"?>
    <pacemaker-result api-version="3.0" request="crm_mon"><resources>
      <clone id="web-clone" unique="true"><group id="web:0" number_resources="2">
        <resource id="cluster-ip:0" role="Started" tomorrow="yes" nodes_running_on="2">
          <node name="node1"/><news/><node name="node2"/></resource>
        <resource id="cluster-ip-2:0"><node name="node3"/></resource>
        <resource id="cluster-ip:"><node name="node3"/></resource>
        <resource id="cluster-ip:x"><node name="node3"/></resource>
        <resource id="cluster-ip:1x"><node name="node3"/></resource>
        <resource id="cluster-ip:-1"><node name="node3"/></resource>
        <resource id="cluster-ip:1024"><node name="node3"/></resource>
        <resource id="cluster-ip:99999999999"><node name="node3"/></resource>
      </group></clone></resources></pacemaker-result>)";
  EXPECT_THAT(find_instances(text, "cluster-ip").nodes,
              ElementsAre(Pair(1, ElementsAre("node1", "node2"))));
}

// In the words of cibadmin of Pacemaker 2.1.5, with what it may say besides.
TEST(StopRecords, AreThoseOfTheClonesInstances) {
  const std::string text = R"(<xpath-query>
    <lrm_rsc_op id="ip:0_last_0" operation_key="ip:0_stop_0" operation="stop" on_node="node1"
      call-id="31" rc-code="0" op-status="0" interval="0" last-rc-change="1700000000"
      exec-time="20" tomorrow="yes"/>
    <lrm_rsc_op operation_key="ip:11_stop_0" on_node="node2" last-rc-change="1700000009"/>
    <lrm_rsc_op operation_key="ip-2:0_stop_0" on_node="node1" last-rc-change="1700000000"/>
    <lrm_rsc_op operation_key="ip:x_stop_0" on_node="node1" last-rc-change="1700000000"/>
    <lrm_rsc_op operation_key="ip:1024_stop_0" on_node="node1" last-rc-change="1700000000"/>
    <lrm_rsc_op operation_key="ip:2_start_0" on_node="node1" last-rc-change="1700000000"/>
    <lrm_rsc_op operation_key="_stop_0" on_node="node1" last-rc-change="1700000000"/>
    <lrm_rsc_op on_node="node1"/><other operation_key="ip:3_stop_0"/>
    </xpath-query>)";
  const auto records = find_stop_records(text, "ip");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].bucket, 1u);
  EXPECT_EQ(records[0].node, "node1");
  EXPECT_EQ(records[0].when.time_since_epoch(), std::chrono::seconds(1700000000));
  EXPECT_EQ(records[1].bucket, 12u);
  EXPECT_EQ(records[1].node, "node2");
}

// cibadmin prints no list around a single match.
TEST(StopRecords, CanBeOne) {
  const auto records = find_stop_records(
      R"(<lrm_rsc_op operation_key="ip:4_stop_0" on_node="n" last-rc-change="7"/>)", "ip");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].bucket, 5u);
}

TEST(StopRecords, WithoutATimeAreOfLongAgo) {
  for (const char* time : {"", R"( last-rc-change="")", R"( last-rc-change="soon")"}) {
    const auto records = find_stop_records(
        R"(<lrm_rsc_op operation_key="ip:4_stop_0" on_node="n")" + std::string(time) + "/>", "ip");
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].when.time_since_epoch(), std::chrono::seconds(0)) << time;
  }
}

TEST(StopRecords, OfSomethingElseAreAnErrorOrNone) {
  EXPECT_THAT(find_stop_records("<html/>", "ip"), IsEmpty());
  for (const std::string text : {"", "not XML", "<a"}) {
    EXPECT_THAT(outcome_of([&] { find_stop_records(text, "ip"); }),
                Fails(ExitCode::generic_error, "cibadmin"));
  }
}

TEST(ClusterResource, OfSomethingElseIsAnErrorOrNothing) {
  for (const std::string text : {"", "not XML", "<a", "<a></b>", "\xff\xfe"}) {
    EXPECT_THAT(outcome_of([&] { find_instances(text, "cluster-ip"); }),
                Fails(ExitCode::generic_error, "crm_mon"))
        << text;
    EXPECT_THAT(outcome_of([&] { resource_name(text, ip("10.77.0.100"), ""); }),
                Fails(ExitCode::generic_error, "cibadmin"))
        << text;
  }
  EXPECT_THAT(find_instances("<html/>", "cluster-ip").nodes, IsEmpty());
  EXPECT_EQ(resource_name("<html/>", ip("10.77.0.100"), ""), std::nullopt);
}

TEST(ClusterResource, CutShortAnywhereIsAnError) {
  const auto whole = monitor(), all = resources();
  const auto end = whole.rfind("</pacemaker-result>");
  for (std::size_t size = 0; size <= end; size += 17) {
    EXPECT_THAT(outcome_of([&] { find_instances(whole.substr(0, size), "cluster-ip"); }),
                Fails(ExitCode::generic_error, ""))
        << size;
  }
  for (std::size_t size = 0; size <= all.rfind("</resources>"); size += 17) {
    EXPECT_THAT(outcome_of([&] { resource_name(all.substr(0, size), ip("10.77.0.100"), ""); }),
                Fails(ExitCode::generic_error, ""))
        << size;
  }
}

// cib.xml with these meta attributes of the clone and of the primitive in it.
std::string configuration(const std::string& of_clone, const std::string& of_primitive = "") {
  return "<cib><configuration><resources><clone id=\"vip-clone\">" + of_clone +
         "<primitive id=\"vip\" class=\"ocf\" provider=\"loadshare\" type=\"ClusterIP\" "
         "template=\"common\">" +
         of_primitive + "</primitive></clone></resources></configuration></cib>";
}

std::string set(const std::string& inside, const std::string& attributes = "id=\"m\"") {
  return "<meta_attributes " + attributes + ">" + inside + "</meta_attributes>";
}

const std::string six = R"(<nvpair id="n" name="clone-max" value="6"/>)";
const std::string eight = R"(<nvpair id="n" name="clone-max" value="8"/>)";

TEST(CloneMax, IsReadFromTheConfiguration) {
  EXPECT_TRUE(states_clone_max(resources(), "cluster-ip", "6"));
  EXPECT_FALSE(states_clone_max(resources(), "cluster-ip", "3"));
  EXPECT_TRUE(states_clone_max(resources(), "second-ip", "3")) << "the other clone's is its own";
  EXPECT_FALSE(states_clone_max(resources(), "single-ip", "1")) << "no clone";
  EXPECT_FALSE(states_clone_max(resources(), "no-such", "6"));
}

TEST(CloneMax, IsBelievedOnlyWhereNothingSpeaksAgainstIt) {
  EXPECT_TRUE(states_clone_max(configuration(set(six)), "vip", "6"));
  EXPECT_TRUE(states_clone_max(configuration(set(six) + set(six)), "vip", "6"));
  EXPECT_FALSE(states_clone_max(configuration(set(six) + set(eight)), "vip", "6"));
  EXPECT_FALSE(states_clone_max(configuration(set(six), set(eight)), "vip", "6"));
  EXPECT_FALSE(states_clone_max(configuration(set(six + "<rule id=\"r\"/>")), "vip", "6"));
  EXPECT_FALSE(states_clone_max(configuration(set(six) + set("", "id-ref=\"x\"")), "vip", "6"));
  EXPECT_FALSE(states_clone_max(configuration(set(six + R"(<nvpair id-ref="y"/>)")), "vip", "6"));
  EXPECT_FALSE(states_clone_max(configuration(""), "vip", "6"));
}

TEST(CloneMax, IsNotReadFromWhatIsNoConfiguration) {
  for (const auto* text : {"", "<cib", "<cib/>", "clone-max 6"}) {
    EXPECT_FALSE(states_clone_max(text, "vip", "6")) << text;
  }
}

}  // namespace
}  // namespace loadshare::test
