// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/nftables/expression.h"

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <bit>
#include <cstring>
#include <memory>
#include <optional>

namespace loadshare::nftables {
namespace {

static_assert(static_cast<int>(Header::network) == NFT_PAYLOAD_NETWORK_HEADER);
static_assert(static_cast<int>(Header::transport) == NFT_PAYLOAD_TRANSPORT_HEADER);
static_assert(static_cast<int>(Meta::protocol) == NFT_META_PROTOCOL);
static_assert(static_cast<int>(Meta::interface_name) == NFT_META_IIFNAME);
static_assert(static_cast<int>(Meta::l4_protocol) == NFT_META_L4PROTO);
static_assert(static_cast<int>(Meta::packet_type) == NFT_META_PKTTYPE);
static_assert(static_cast<int>(Connection::state) == NFT_CT_STATE);
static_assert(static_cast<int>(Connection::direction) == NFT_CT_DIRECTION);

/// Builds one expression, attribute by attribute.
class Encoder {
 public:
  explicit Encoder(const char* name) : expression_(nftnl_expr_alloc(name)) {}

  Encoder& number(std::uint16_t attribute, std::uint32_t value) {
    nftnl_expr_set_u32(expression_, attribute, value);
    return *this;
  }
  Encoder& long_number(std::uint16_t attribute, std::uint64_t value) {
    nftnl_expr_set_u64(expression_, attribute, value);
    return *this;
  }
  Encoder& at(std::uint16_t attribute, Register which) {
    return number(attribute, NFT_REG32_00 + which);
  }
  Encoder& bytes(std::uint16_t attribute, const std::vector<std::uint8_t>& value) {
    nftnl_expr_set(expression_, attribute, value.data(), static_cast<std::uint32_t>(value.size()));
    return *this;
  }
  Encoder& text(std::uint16_t attribute, const std::string& value) {
    nftnl_expr_set_str(expression_, attribute, value.c_str());
    return *this;
  }
  nftnl_expr* done() const { return expression_; }

 private:
  nftnl_expr* expression_;
};

nftnl_expr* encode_verdict(std::uint32_t verdict) {
  return Encoder("immediate")
      .number(NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT)
      .number(NFTNL_EXPR_IMM_VERDICT, verdict)
      .done();
}

struct Encode {
  nftnl_expr* operator()(const LoadPayload& load) const {
    return Encoder("payload")
        .number(NFTNL_EXPR_PAYLOAD_BASE, static_cast<std::uint32_t>(load.header))
        .number(NFTNL_EXPR_PAYLOAD_OFFSET, load.offset)
        .number(NFTNL_EXPR_PAYLOAD_LEN, load.size)
        .at(NFTNL_EXPR_PAYLOAD_DREG, load.to)
        .done();
  }
  nftnl_expr* operator()(const LoadMeta& load) const {
    return Encoder("meta")
        .number(NFTNL_EXPR_META_KEY, static_cast<std::uint32_t>(load.key))
        .at(NFTNL_EXPR_META_DREG, load.to)
        .done();
  }
  nftnl_expr* operator()(const StoreMeta& store) const {
    return Encoder("meta")
        .number(NFTNL_EXPR_META_KEY, static_cast<std::uint32_t>(store.key))
        .at(NFTNL_EXPR_META_SREG, store.from)
        .done();
  }
  nftnl_expr* operator()(const LoadConnection& load) const {
    return Encoder("ct")
        .number(NFTNL_EXPR_CT_KEY, static_cast<std::uint32_t>(load.key))
        .at(NFTNL_EXPR_CT_DREG, load.to)
        .done();
  }
  nftnl_expr* operator()(const LoadValue& load) const {
    return Encoder("immediate")
        .at(NFTNL_EXPR_IMM_DREG, load.to)
        .bytes(NFTNL_EXPR_IMM_DATA, load.bytes)
        .done();
  }
  nftnl_expr* operator()(const Mask& mask) const {
    return Encoder("bitwise")
        .at(NFTNL_EXPR_BITWISE_SREG, mask.at)
        .at(NFTNL_EXPR_BITWISE_DREG, mask.at)
        .number(NFTNL_EXPR_BITWISE_LEN, static_cast<std::uint32_t>(mask.mask.size()))
        .bytes(NFTNL_EXPR_BITWISE_MASK, mask.mask)
        .bytes(NFTNL_EXPR_BITWISE_XOR, std::vector<std::uint8_t>(mask.mask.size(), 0))
        .done();
  }
  nftnl_expr* operator()(const ToHostOrder& order) const {
    return Encoder("byteorder")
        .at(NFTNL_EXPR_BYTEORDER_SREG, order.at)
        .at(NFTNL_EXPR_BYTEORDER_DREG, order.at)
        .number(NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON)
        .number(NFTNL_EXPR_BYTEORDER_LEN, 4)
        .number(NFTNL_EXPR_BYTEORDER_SIZE, 4)
        .done();
  }
  nftnl_expr* operator()(const Hash& hash) const {
    // Without a seed in the message the kernel would draw one, and 0 counts only when it is said.
    return Encoder("hash")
        .at(NFTNL_EXPR_HASH_SREG, hash.from)
        .at(NFTNL_EXPR_HASH_DREG, hash.to)
        .number(NFTNL_EXPR_HASH_LEN, hash.size)
        .number(NFTNL_EXPR_HASH_MODULUS, hash.total)
        .number(NFTNL_EXPR_HASH_SEED, hash.seed)
        .number(NFTNL_EXPR_HASH_OFFSET, 1)
        .number(NFTNL_EXPR_HASH_TYPE, NFT_HASH_JENKINS)
        .done();
  }
  nftnl_expr* operator()(const Compare& compare) const {
    return Encoder("cmp")
        .at(NFTNL_EXPR_CMP_SREG, compare.from)
        .number(NFTNL_EXPR_CMP_OP, compare.equal ? NFT_CMP_EQ : NFT_CMP_NEQ)
        .bytes(NFTNL_EXPR_CMP_DATA, compare.bytes)
        .done();
  }
  nftnl_expr* operator()(const FindInSet& find) const {
    return Encoder("lookup")
        .at(NFTNL_EXPR_LOOKUP_SREG, find.from)
        .text(NFTNL_EXPR_LOOKUP_SET, find.set)
        .done();
  }
  nftnl_expr* operator()(const AddToSet& add) const {
    return Encoder("dynset")
        .at(NFTNL_EXPR_DYNSET_SREG_KEY, add.from)
        .text(NFTNL_EXPR_DYNSET_SET_NAME, add.set)
        .number(NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_ADD)
        .long_number(NFTNL_EXPR_DYNSET_TIMEOUT, static_cast<std::uint64_t>(add.lifetime.count()))
        .done();
  }
  nftnl_expr* operator()(const DeleteFromSet& remove) const {
    return Encoder("dynset")
        .at(NFTNL_EXPR_DYNSET_SREG_KEY, remove.from)
        .text(NFTNL_EXPR_DYNSET_SET_NAME, remove.set)
        .number(NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_DELETE)
        .done();
  }
  nftnl_expr* operator()(const FollowMap& follow) const {
    return Encoder("lookup")
        .at(NFTNL_EXPR_LOOKUP_SREG, follow.from)
        .text(NFTNL_EXPR_LOOKUP_SET, follow.map)
        .number(NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT)
        .done();
  }
  nftnl_expr* operator()(const Accept&) const { return encode_verdict(NF_ACCEPT); }
  nftnl_expr* operator()(const Drop&) const { return encode_verdict(NF_DROP); }
  nftnl_expr* operator()(const GoTo& jump) const {
    auto* expression = encode_verdict(static_cast<std::uint32_t>(NFT_GOTO));
    nftnl_expr_set_str(expression, NFTNL_EXPR_IMM_CHAIN, jump.chain.c_str());
    return expression;
  }
  nftnl_expr* operator()(const Counter& counter) const {
    return Encoder("counter").long_number(NFTNL_EXPR_CTR_PACKETS, counter.packets).done();
  }
  nftnl_expr* operator()(const TransparentProxy& proxy) const {
    // Some address or port must be given; the rule is never reached.
    return Encoder("tproxy")
        .number(NFTNL_EXPR_TPROXY_FAMILY, proxy.family)
        .at(NFTNL_EXPR_TPROXY_REG_PORT, 0)
        .done();
  }
  nftnl_expr* operator()(const Foreign&) const { return nullptr; }
};

/// Reads the attributes of one expression; what is missing reads as zero or empty.
class Decoder {
 public:
  explicit Decoder(const nftnl_expr& expression) : expression_(expression) {}

  std::string name() const { return nftnl_expr_get_str(&expression_, NFTNL_EXPR_NAME); }
  bool has(std::uint16_t attribute) const { return nftnl_expr_is_set(&expression_, attribute); }
  std::uint32_t number(std::uint16_t attribute) const {
    return has(attribute) ? nftnl_expr_get_u32(&expression_, attribute) : 0;
  }
  std::uint64_t long_number(std::uint16_t attribute) const {
    return has(attribute) ? nftnl_expr_get_u64(&expression_, attribute) : 0;
  }
  // The kernel shows every fourth register by its old, 16-byte name.
  Register at(std::uint16_t attribute) const {
    const auto shown = number(attribute);
    if (shown >= NFT_REG_1 && shown <= NFT_REG_4) return (shown - NFT_REG_1) * 4;
    return shown - NFT_REG32_00;
  }
  std::vector<std::uint8_t> bytes(std::uint16_t attribute) const {
    if (!has(attribute)) return {};
    std::uint32_t size = 0;
    const auto* data =
        static_cast<const std::uint8_t*>(nftnl_expr_get(&expression_, attribute, &size));
    return {data, data + size};
  }
  std::string text(std::uint16_t attribute) const {
    const char* found = has(attribute) ? nftnl_expr_get_str(&expression_, attribute) : nullptr;
    return found != nullptr ? found : "";
  }

 private:
  const nftnl_expr& expression_;
};

using Decoded = std::optional<Expression>;

Decoded decode_payload(const Decoder& from) {
  if (!from.has(NFTNL_EXPR_PAYLOAD_DREG)) return std::nullopt;
  return LoadPayload{static_cast<Header>(from.number(NFTNL_EXPR_PAYLOAD_BASE)),
                     from.number(NFTNL_EXPR_PAYLOAD_OFFSET), from.number(NFTNL_EXPR_PAYLOAD_LEN),
                     from.at(NFTNL_EXPR_PAYLOAD_DREG)};
}

Decoded decode_meta(const Decoder& from) {
  const auto key = static_cast<Meta>(from.number(NFTNL_EXPR_META_KEY));
  if (from.has(NFTNL_EXPR_META_SREG)) return StoreMeta{key, from.at(NFTNL_EXPR_META_SREG)};
  return LoadMeta{key, from.at(NFTNL_EXPR_META_DREG)};
}

Decoded decode_immediate(const Decoder& from) {
  if (!from.has(NFTNL_EXPR_IMM_VERDICT)) {
    return LoadValue{from.bytes(NFTNL_EXPR_IMM_DATA), from.at(NFTNL_EXPR_IMM_DREG)};
  }
  switch (static_cast<int>(from.number(NFTNL_EXPR_IMM_VERDICT))) {
    case NF_ACCEPT:
      return Accept{};
    case NF_DROP:
      return Drop{};
    case NFT_GOTO:
      return GoTo{from.text(NFTNL_EXPR_IMM_CHAIN)};
    default:
      return std::nullopt;
  }
}

Decoded decode_bitwise(const Decoder& from) {
  const auto mask = from.bytes(NFTNL_EXPR_BITWISE_MASK);
  const bool plain =
      from.number(NFTNL_EXPR_BITWISE_OP) == NFT_BITWISE_BOOL &&
      from.at(NFTNL_EXPR_BITWISE_SREG) == from.at(NFTNL_EXPR_BITWISE_DREG) &&
      from.bytes(NFTNL_EXPR_BITWISE_XOR) == std::vector<std::uint8_t>(mask.size(), 0);
  if (!plain) return std::nullopt;
  return Mask{from.at(NFTNL_EXPR_BITWISE_DREG), mask};
}

Decoded decode_byteorder(const Decoder& from) {
  const bool ours = from.number(NFTNL_EXPR_BYTEORDER_OP) == NFT_BYTEORDER_HTON &&
                    from.number(NFTNL_EXPR_BYTEORDER_LEN) == 4 &&
                    from.number(NFTNL_EXPR_BYTEORDER_SIZE) == 4 &&
                    from.at(NFTNL_EXPR_BYTEORDER_SREG) == from.at(NFTNL_EXPR_BYTEORDER_DREG);
  if (!ours) return std::nullopt;
  return ToHostOrder{from.at(NFTNL_EXPR_BYTEORDER_DREG)};
}

Decoded decode_hash(const Decoder& from) {
  const bool ours = from.number(NFTNL_EXPR_HASH_TYPE) == NFT_HASH_JENKINS &&
                    from.number(NFTNL_EXPR_HASH_OFFSET) == 1 && from.has(NFTNL_EXPR_HASH_SEED);
  if (!ours) return std::nullopt;
  return Hash{from.at(NFTNL_EXPR_HASH_SREG), from.number(NFTNL_EXPR_HASH_LEN),
              from.at(NFTNL_EXPR_HASH_DREG), from.number(NFTNL_EXPR_HASH_SEED),
              from.number(NFTNL_EXPR_HASH_MODULUS)};
}

Decoded decode_compare(const Decoder& from) {
  const auto operation = from.number(NFTNL_EXPR_CMP_OP);
  if (operation != NFT_CMP_EQ && operation != NFT_CMP_NEQ) return std::nullopt;
  return Compare{from.at(NFTNL_EXPR_CMP_SREG), operation == NFT_CMP_EQ,
                 from.bytes(NFTNL_EXPR_CMP_DATA)};
}

Decoded decode_lookup(const Decoder& from) {
  if (from.number(NFTNL_EXPR_LOOKUP_FLAGS) != 0) return std::nullopt;
  const auto set = from.text(NFTNL_EXPR_LOOKUP_SET);
  const auto key = from.at(NFTNL_EXPR_LOOKUP_SREG);
  if (!from.has(NFTNL_EXPR_LOOKUP_DREG)) return FindInSet{key, set};
  if (from.number(NFTNL_EXPR_LOOKUP_DREG) != NFT_REG_VERDICT) return std::nullopt;
  return FollowMap{key, set};
}

Decoded decode_connection(const Decoder& from) {
  const auto key = static_cast<Connection>(from.number(NFTNL_EXPR_CT_KEY));
  if (!from.has(NFTNL_EXPR_CT_DREG) || from.has(NFTNL_EXPR_CT_DIR)) return std::nullopt;
  return LoadConnection{key, from.at(NFTNL_EXPR_CT_DREG)};
}

Decoded decode_dynset(const Decoder& from) {
  const auto key = from.at(NFTNL_EXPR_DYNSET_SREG_KEY);
  const auto set = from.text(NFTNL_EXPR_DYNSET_SET_NAME);
  const auto operation = from.number(NFTNL_EXPR_DYNSET_OP);
  if (operation == NFT_DYNSET_OP_DELETE) return DeleteFromSet{key, set};
  if (operation != NFT_DYNSET_OP_ADD) return std::nullopt;
  const auto lifetime = from.long_number(NFTNL_EXPR_DYNSET_TIMEOUT);
  return AddToSet{key, set, std::chrono::milliseconds(lifetime)};
}

Decoded decode_counter(const Decoder& from) {
  return Counter{from.long_number(NFTNL_EXPR_CTR_PACKETS)};
}

Decoded decode_tproxy(const Decoder& from) {
  return TransparentProxy{from.number(NFTNL_EXPR_TPROXY_FAMILY)};
}

struct Kind {
  const char* name;
  Decoded (*decode)(const Decoder&);
};
constexpr Kind kinds[] = {
    {"payload", decode_payload}, {"meta", decode_meta},           {"immediate", decode_immediate},
    {"bitwise", decode_bitwise}, {"byteorder", decode_byteorder}, {"hash", decode_hash},
    {"cmp", decode_compare},     {"lookup", decode_lookup},       {"tproxy", decode_tproxy},
    {"counter", decode_counter}, {"ct", decode_connection},       {"dynset", decode_dynset},
};

}  // namespace

nftnl_expr* encode(const Expression& expression) { return std::visit(Encode{}, expression); }

Expression decode(const nftnl_expr& expression) {
  const Decoder from(expression);
  for (const auto& kind : kinds) {
    if (from.name() != kind.name) continue;
    if (auto decoded = kind.decode(from)) return *decoded;
  }
  return Foreign{from.name()};
}

void encode(const Rule& rule, nftnl_rule& to) {
  for (const auto& expression : rule) {
    if (auto* encoded = encode(expression)) nftnl_rule_add_expr(&to, encoded);
  }
}

Rule decode(nftnl_rule& rule) {
  Rule decoded;
  const std::unique_ptr<nftnl_expr_iter, decltype(&nftnl_expr_iter_destroy)> iterator(
      nftnl_expr_iter_create(&rule), nftnl_expr_iter_destroy);
  while (const auto* expression = nftnl_expr_iter_next(iterator.get())) {
    decoded.push_back(decode(*expression));
  }
  return decoded;
}

}  // namespace loadshare::nftables
