// SPDX-License-Identifier: GPL-2.0-or-later
#include "pacemaker/cluster_resource.h"

#include <charconv>
#include <pugixml.hpp>
#include <string_view>

#include "loadshare/error.h"

namespace loadshare::pacemaker {
namespace {

constexpr unsigned last_instance = 1023;  // as many buckets as options.cpp takes

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
  const auto digits = id.substr(name.size() + 1);
  const auto* last = digits.data() + digits.size();
  unsigned instance = 0;
  const auto [end, error] = std::from_chars(digits.data(), last, instance);
  if (error != std::errc{} || end != last || instance > last_instance) return std::nullopt;
  return instance + 1;
}

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

std::set<std::string> find_online_nodes(const std::string& monitor) {
  const auto document = parsed(monitor, "crm_mon");
  std::set<std::string> names;
  for (const auto& found : document.select_nodes("//nodes/node[@online='true']")) {
    names.insert(found.node().attribute("name").value());
  }
  return names;
}

}  // namespace loadshare::pacemaker
