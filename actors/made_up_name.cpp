#include "actors/made_up_name.hpp"

#include <array>
#include <random>

namespace gantry {

std::string made_up_name(unsigned attempt) {
  static constexpr std::array left{
      "agile",  "amber", "ample",  "bold",  "brave",  "bright", "brisk",  "calm",   "candid",  "clear",  "clever",
      "cosmic", "crisp", "deft",   "eager", "early",  "exact",  "fair",   "fine",   "firm",    "fleet",  "fresh",
      "gentle", "glad",  "golden", "grand", "happy",  "hardy",  "honest", "humble", "keen",    "kind",   "light",
      "lively", "loyal", "lucid",  "merry", "mighty", "modest", "nimble", "noble",  "patient", "plain",  "proud",
      "quick",  "quiet", "rapid",  "ready", "robust", "serene", "sharp",  "silent", "sleek",   "smooth", "solid",
      "steady", "stout", "sunny",  "swift", "tidy",   "vivid",  "warm",   "wise",   "young"};
  static constexpr std::array right{
      "anchor",  "ballast", "barge",   "beacon",   "berth",   "bollard", "bowline", "bridge",  "buoy",    "cable",
      "capstan", "cargo",   "carrack", "chart",    "cleat",   "clipper", "compass", "coaster", "crane",   "current",
      "cutter",  "davit",   "deck",    "derrick",  "dock",    "ferry",   "fender",  "fjord",   "frigate", "galley",
      "gangway", "harbor",  "hatch",   "hawser",   "helm",    "hoist",   "hull",    "jetty",   "keel",    "ketch",
      "lagoon",  "lantern", "ledger",  "lighter",  "mast",    "mooring", "oar",     "pier",    "pilot",   "port",
      "quay",    "rigging", "rudder",  "schooner", "sextant", "sloop",   "spar",    "strait",  "tender",  "tide",
      "trawler", "tugboat", "wharf",   "winch"};
  thread_local std::mt19937 random{std::random_device{}()};
  std::string name = std::string(left[random() % left.size()]) + "_" + right[random() % right.size()];
  if (attempt > 0) name += std::to_string(random() % 10'000);
  return name;
}

} // namespace gantry
