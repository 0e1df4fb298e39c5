// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel sends of chains and sets: good, broken and of other tables.
#include "kernel/nftables/reader.h"

#include <gtest/gtest.h>
#include <libnftnl/common.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <array>
#include <cstring>
#include <functional>

#include "kernel/nftables/handles.h"
#include "kernel/nftables/ruleset.h"

namespace loadshare::nftables {
namespace {

/// A message in a buffer of its own size, so that the sanitizer sees who reads on. Malformed ones
/// are not tested: libnftnl ends the process on them.
class Message {
 public:
  Message(std::uint16_t type, const std::function<void(nlmsghdr*)>& build) {
    alignas(nlmsghdr) std::array<char, 4096> room{};
    auto* header = nftnl_nlmsg_build_hdr(room.data(), type, NFPROTO_IPV4, 0, 1);
    build(header);
    bytes_.assign(room.data(), room.data() + header->nlmsg_len);
  }
  const nlmsghdr& header() const { return *reinterpret_cast<const nlmsghdr*>(bytes_.data()); }

 private:
  std::vector<char> bytes_;
};

Message a_chain(const char* table, const std::vector<std::uint8_t>& user_data, bool base = false) {
  return {NFT_MSG_NEWCHAIN, [&](nlmsghdr* header) {
            const ChainHandle chain(nftnl_chain_alloc());
            nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, table);
            nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, "cluster-10.0.0.100");
            nftnl_chain_set_data(chain.get(), NFTNL_CHAIN_USERDATA, user_data.data(),
                                 static_cast<std::uint32_t>(user_data.size()));
            if (base) {
              nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_HOOKNUM, NF_INET_PRE_ROUTING);
              nftnl_chain_set_s32(chain.get(), NFTNL_CHAIN_PRIO, -300);
              nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_POLICY, NF_DROP);
            }
            nftnl_chain_nlmsg_build_payload(header, chain.get());
          }};
}

const std::vector<std::uint8_t> hello{NFTNL_UDATA_CHAIN_COMMENT, 6, 'h', 'e', 'l', 'l', 'o', 0};

TEST(ParseChain, ReadsNameCommentAndHook) {
  const auto plain = parse_chain(a_chain(table_name, hello).header());
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->name, "cluster-10.0.0.100");
  EXPECT_EQ(plain->comment, "hello");
  EXPECT_EQ(plain->hook, std::nullopt);

  const auto base = parse_chain(a_chain(table_name, hello, true).header());
  ASSERT_TRUE(base);
  EXPECT_EQ(base->hook, std::uint32_t{NF_INET_PRE_ROUTING});
  EXPECT_EQ(base->priority, -300);
  EXPECT_EQ(base->policy, std::uint32_t{NF_DROP});
}

TEST(ParseChain, PassesOverOtherTables) {
  EXPECT_FALSE(parse_chain(a_chain("filter", hello).header()));
}

TEST(ParseChain, ReadsNoCommentWhereTheUserDataIsBroken) {
  for (const std::vector<std::uint8_t>& broken :
       {std::vector<std::uint8_t>{NFTNL_UDATA_CHAIN_COMMENT},
        {NFTNL_UDATA_CHAIN_COMMENT, 200, 'x'},
        {NFTNL_UDATA_CHAIN_COMMENT, 0},
        {77, 2, 1, 2},
        {77, 255}}) {
    const auto chain = parse_chain(a_chain(table_name, broken).header());
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->comment, "");
  }
}

TEST(ParseChain, FindsTheCommentBehindOtherUserData) {
  const std::vector<std::uint8_t> data{77, 2, 1, 2, NFTNL_UDATA_CHAIN_COMMENT, 3, 'h', 'i', 0};
  EXPECT_EQ(parse_chain(a_chain(table_name, data).header())->comment, "hi");
}

// One a message: libnftnl numbers what it builds, the kernel does not, and only that can be read.
Message an_element(std::uint8_t last_octet, const char* chain) {
  return {NFT_MSG_NEWSETELEM, [&](nlmsghdr* header) {
            const SetHandle set(nftnl_set_alloc());
            nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, table_name);
            nftnl_set_set_str(set.get(), NFTNL_SET_NAME, address_map_name);
            auto* element = nftnl_set_elem_alloc();
            const std::uint8_t key[] = {10, 0, 0, last_octet};
            nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key, sizeof key);
            if (chain != nullptr) {
              nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_VERDICT,
                                     static_cast<std::uint32_t>(NFT_GOTO));
              nftnl_set_elem_set_str(element, NFTNL_SET_ELEM_CHAIN, chain);
            }
            nftnl_set_elem_add(set.get(), element);
            nftnl_set_elems_nlmsg_build_payload(header, set.get());
          }};
}

TEST(ParseElements, ReadsKeysAndWhereTheyGo) {
  EXPECT_EQ(parse_elements(an_element(1, nullptr).header()),
            (std::vector<Element>{{{10, 0, 0, 1}, "", 0}}));
  EXPECT_EQ(parse_elements(an_element(2, "cluster-10.0.0.2").header()),
            (std::vector<Element>{{{10, 0, 0, 2}, "cluster-10.0.0.2", 0}}));
}

TEST(ParseElements, FindsNothingInAMessageWithoutElements) {
  const Message message(NFT_MSG_NEWSETELEM, [](nlmsghdr* header) {
    const SetHandle set(nftnl_set_alloc());
    nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, table_name);
    nftnl_set_elems_nlmsg_build_payload(header, set.get());
  });
  EXPECT_TRUE(parse_elements(message.header()).empty());
}

}  // namespace
}  // namespace loadshare::nftables
