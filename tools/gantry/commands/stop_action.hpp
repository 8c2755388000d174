#pragma once

#include <optional>

#include "tools/gantry/commands/common.hpp"

namespace gantry::cli {

/// What stops containers, whether or not they start again: `stop` and `restart`.
class stop_action : public container_action {
public:
  using container_action::container_action;
  void declare(option_set& app) override;

protected:
  result<void> extend(std::string& target) const override;

private:
  std::optional<int> seconds_;
  std::string signal_;
};

} // namespace gantry::cli
