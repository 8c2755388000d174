#include "tools/gantry/commands/show_progress.hpp"

#include "tools/gantry/stream/lines.hpp"
#include "tools/gantry/terminal/progress.hpp"
#include "tools/gantry/terminal/terminal.hpp"

namespace gantry::cli {

result<void> show_progress(context& with, http::response& answer, std::ostream& to, bool is_terminal,
                           progress_shown how) {
  auto size = window_size_of(with.io.out_fd).value_or(window_size{24, 80});
  progress_display display(to, is_terminal ? progress_display::surface::terminal : progress_display::surface::plain,
                           size.columns);
  json_lines documents(answer);
  for (;;) {
    GANTRY_LET(auto document, documents.next());
    if (document.is_discarded()) return {};
    if (how == progress_shown::errors && !document.contains("error")) continue;
    GANTRY_TRY(display.show(document));
  }
}

} // namespace gantry::cli
