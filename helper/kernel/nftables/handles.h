// SPDX-License-Identifier: GPL-2.0-or-later
// libnftnl's objects, freed by themselves.
#pragma once

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>

#include <memory>

namespace loadshare::nftables {

template <auto Release>
struct ReleaseWith {
  template <class T>
  void operator()(T* held) const {
    Release(held);
  }
};

using TableHandle = std::unique_ptr<nftnl_table, ReleaseWith<nftnl_table_free>>;
using ChainHandle = std::unique_ptr<nftnl_chain, ReleaseWith<nftnl_chain_free>>;
using RuleHandle = std::unique_ptr<nftnl_rule, ReleaseWith<nftnl_rule_free>>;
using SetHandle = std::unique_ptr<nftnl_set, ReleaseWith<nftnl_set_free>>;

}  // namespace loadshare::nftables
