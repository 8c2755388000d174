#pragma once

#include <string>
#include <utility>
#include <vector>

#include "messages/caf.hpp"

namespace gantry {

/// Asks an actor for the figures that it owns. Answered from memory, and nobody else is asked.
struct read_metrics {};

/// What is counted or measured, under a name that follows Prometheus's conventions ("gantry_pulls_total").
struct metric {
  enum class kind : std::uint8_t { counter, gauge };
  struct sample {
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;
  };

  std::string name, help;
  kind what = kind::gauge;
  std::vector<sample> samples;
};

/// Of one actor. Those of several (launchers) that name the same are added up.
struct metrics {
  std::vector<metric> all;

  void add(std::string name, std::string help, metric::kind what, std::vector<metric::sample> samples) {
    all.push_back({std::move(name), std::move(help), what, std::move(samples)});
  }
  void count(std::string name, std::string help, std::uint64_t value) {
    add(std::move(name), std::move(help), metric::kind::counter, {{{}, static_cast<double>(value)}});
  }
  void gauge(std::string name, std::string help, std::uint64_t value) {
    add(std::move(name), std::move(help), metric::kind::gauge, {{{}, static_cast<double>(value)}});
  }
};

/// One sample for each entry of a map, its key under `label`.
template<class Map>
std::vector<metric::sample> samples_by(const std::string& label, const Map& values) {
  std::vector<metric::sample> made;
  made.reserve(values.size());
  for (const auto& [key, value] : values) made.push_back({{{label, std::string(key)}}, static_cast<double>(value)});
  return made;
}

/// metered: who owns figures.
using metered_actor = caf::typed_actor<replies_to<read_metrics>::with<metrics>>;

} // namespace gantry

GANTRY_MESSAGE(gantry::read_metrics)
GANTRY_MESSAGE(gantry::metrics)
