// SPDX-License-Identifier: GPL-2.0-or-later
#include "pacemaker/cluster_resource.h"

#include <pugixml.hpp>
#include <string_view>

#include "loadshare/error.h"

namespace loadshare::pacemaker {
namespace {

pugi::xml_document parsed(const std::string& text, const std::string& program) {
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size())) {
    throw Error(ExitCode::generic_error, "what " + program + " prints is not XML");
  }
  return document;
}

pugi::xml_node with_id(const pugi::xml_document& document, const char* element,
                       std::string_view id) {
  return document.find_node([&](const pugi::xml_node& node) {
    return std::string_view(node.name()) == element && node.attribute("id").value() == id;
  });
}

/// A primitive, and the template that fills in what it leaves out.
struct Definition {
  pugi::xml_node primitive, inherited;

  std::string_view attribute(const char* name) const {
    const auto own = primitive.attribute(name);
    return (own ? own : inherited.attribute(name)).value();
  }

  std::string_view parameter(const char* name) const {
    const auto own = value_in(primitive, name);
    return (own ? own : value_in(inherited, name)).value();
  }

 private:
  static pugi::xml_attribute value_in(const pugi::xml_node& node, const char* name) {
    for (const auto& set : node.children("instance_attributes")) {
      const auto pair = set.find_child_by_attribute("nvpair", "name", name);
      if (pair) return pair.attribute("value");
    }
    return {};
  }
};

bool is_cluster_ip(const Definition& definition) {
  return definition.attribute("class") == "ocf" &&
         definition.attribute("provider") == "loadshare" &&
         definition.attribute("type") == "ClusterIP";
}

// "cluster-ip:2" is the third instance of cluster-ip; without a number it is the only one.
std::optional<unsigned> bucket_of_instance(std::string_view id, std::string_view name) {
  if (id == name) return 1;
  if (id.size() <= name.size() + 1 || !id.starts_with(name) || id[name.size()] != ':') {
    return std::nullopt;
  }
  return loadshare::bucket_of_instance(id.substr(name.size() + 1));
}

/// What the meta attributes of some elements say of one name.
class MetaAttribute {
 public:
  MetaAttribute(const char* name, const std::string& wanted) : name_(name), wanted_(wanted) {}

  void read(const pugi::xml_node& element) {
    for (const auto& set : element.children("meta_attributes")) {
      doubtful_ = doubtful_ || set.attribute("id-ref") || set.child("rule");
      for (const auto& pair : set.children("nvpair")) read_pair(pair);
    }
  }

  bool is_beyond_doubt() const { return found_ && !doubtful_; }

 private:
  void read_pair(const pugi::xml_node& pair) {
    doubtful_ = doubtful_ || pair.attribute("id-ref");
    if (std::string_view(pair.attribute("name").value()) != name_) return;
    found_ = true;
    doubtful_ = doubtful_ || pair.attribute("value").value() != wanted_;
  }

  std::string_view name_;
  std::string_view wanted_;
  bool found_ = false;
  bool doubtful_ = false;
};

}  // namespace

std::optional<std::string> resource_name(const std::string& resources, const IpAddress& address,
                                         const std::string& network_namespace) {
  const auto document = parsed(resources, "cibadmin");
  for (const auto& found : document.select_nodes("//primitive")) {
    const auto primitive = found.node();
    const Definition definition{
        primitive, with_id(document, "template", primitive.attribute("template").value())};
    if (!is_cluster_ip(definition)) continue;
    if (parse_ip_address(std::string(definition.parameter("ip"))) != address) continue;
    if (definition.parameter("network_namespace") != network_namespace) continue;
    return primitive.attribute("id").value();
  }
  return std::nullopt;
}

ClusterResource find_instances(const std::string& monitor, const std::string& name) {
  const auto document = parsed(monitor, "crm_mon");
  ClusterResource resource{name, {}};
  for (const auto& found : document.select_nodes("//resource")) {
    const auto bucket = bucket_of_instance(found.node().attribute("id").value(), name);
    if (!bucket) continue;
    for (const auto& node : found.node().children("node")) {
      resource.nodes[*bucket].insert(node.attribute("name").value());
    }
  }
  return resource;
}

std::vector<StopRecord> find_stop_records(const std::string& operations, const std::string& clone) {
  const auto document = parsed(operations, "cibadmin");
  std::vector<StopRecord> records;
  for (const auto& found : document.select_nodes("//lrm_rsc_op")) {
    const auto operation = found.node();
    // "cluster-ip:2_stop_0"
    std::string_view key = operation.attribute("operation_key").value();
    constexpr std::string_view ending = "_stop_0";
    if (!key.ends_with(ending)) continue;
    key.remove_suffix(ending.size());
    const auto bucket = bucket_of_instance(key, clone);
    if (!bucket) continue;
    const std::chrono::seconds since_1970{operation.attribute("last-rc-change").as_llong()};
    records.push_back({*bucket, operation.attribute("on_node").value(),
                       std::chrono::system_clock::time_point(since_1970)});
  }
  return records;
}

bool states_clone_max(const std::string& configuration, const std::string& resource,
                      const std::string& clone_max) {
  pugi::xml_document document;
  if (!document.load_buffer(configuration.data(), configuration.size())) return false;
  const auto primitive = with_id(document, "primitive", resource);
  MetaAttribute found("clone-max", clone_max);
  found.read(with_id(document, "template", primitive.attribute("template").value()));
  // The primitive, then perhaps a group, then the clone: each may say it.
  for (auto element = primitive; element; element = element.parent()) found.read(element);
  return found.is_beyond_doubt();
}

}  // namespace loadshare::pacemaker
