#include <algorithm>
#include <utility>

#include "store/registry/content_range.hpp"
#include "store/registry/error_body.hpp"
#include "store/registry/payload.hpp"

namespace gantry::store {

namespace {

class blob_fetch final : public payload {
public:
  blob_fetch(std::shared_ptr<ingest> into, std::function<void(std::uint64_t)> progress, callback<void> done)
      : into_(std::move(into)), progress_(std::move(progress)), done_(std::move(done)) {}

  [[nodiscard]] std::string path() const override { return "blobs/" + into_->what().content.str(); }
  [[nodiscard]] std::string subject() const override { return "layer " + into_->what().content.str(); }

  std::vector<std::string> begin() override {
    offset_ = ranges_ ? into_->size_on_disk() : 0;
    judged_ = false;
    skip_ = 0;
    refusal_ = {};
    // identity: a proxy that compresses would break size, digest and offset.
    std::vector<std::string> headers{"Accept-Encoding: identity"};
    if (offset_ > 0) headers.push_back(fmt::format("Range: bytes={}-", offset_));
    return headers;
  }

  taken receive(const response_head& head, std::span<const char> bytes) override {
    if (into_->must_pause()) return taken::pause;
    if (!judged_ && !judge(head)) return taken::stop;
    auto known = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
    skip_ -= known;
    bytes = bytes.subspan(known);
    if (bytes.empty()) return taken::all;
    if (auto added = into_->append(bytes); !added) {
      refusal_ = std::move(added.error());
      return taken::stop;
    }
    tell();
    return taken::all;
  }

  [[nodiscard]] error refusal() const override { return refusal_; }

  result<void> complete(const response_head&) override {
    if (into_->size_on_disk() == into_->what().size) return {};
    // Complete for HTTP, but not for us: a body that ends with its connection looks so when the connection breaks.
    return gantry::fail(errc::unavailable,
                        "expected {} bytes, got {}: the registry or a proxy truncated it; pulling again may help",
                        into_->what().size, into_->size_on_disk());
  }

  bool without_range() override { return std::exchange(ranges_, false) && offset_ > 0; }
  [[nodiscard]] std::uint64_t progress() const override { return into_->size_on_disk(); }
  [[nodiscard]] bool ready() const override { return into_->size_on_disk() == into_->what().size; }

  void succeed() override {
    auto finished = into_->finish();
    if (!finished) return fail(std::move(finished.error()));
    into_->on_wake({});
    if (progress_) progress_(into_->size_on_disk());
    into_.reset(); // first: whoever is told may begin the same blob again
    done_({});
  }

  void fail(error reason) override {
    into_->on_wake({});
    into_->fail(reason);
    into_.reset();
    done_(tl::unexpected<error>(std::move(reason)));
  }

private:
  /// Before the first byte: where does this body begin?
  bool judge(const response_head& head) {
    judged_ = true;
    auto size = into_->what().size;
    switch (judge_resumption(head.status, head.content_range, offset_, size)) {
    case resumption::append:
      skip_ = into_->size_on_disk() - offset_;
      return true;
    // What is on disk stays: the reader may have read it, and all of it is verified in the end.
    case resumption::skip:
      skip_ = into_->size_on_disk();
      return true;
    case resumption::whole:
      break;
    }
    ranges_ = false;
    refusal_ = {errc::unavailable,
                fmt::format("asked for the bytes from {} of {}, the registry answered {} with Content-Range \"{}\"",
                            offset_, size, head.status, printable(head.content_range, 80)),
                0};
    return false;
  }

  void tell() {
    auto now = std::chrono::steady_clock::now();
    if (!progress_ || now - told_ < progress_interval) return;
    told_ = now;
    progress_(into_->size_on_disk());
  }

  std::shared_ptr<ingest> into_;
  std::function<void(std::uint64_t)> progress_;
  callback<void> done_;
  std::chrono::steady_clock::time_point told_;
  error refusal_;
  std::uint64_t offset_ = 0;
  std::uint64_t skip_ = 0;
  bool judged_ = false;
  bool ranges_ = true;
};

} // namespace

std::unique_ptr<payload> blob_payload(std::shared_ptr<ingest> into, std::function<void(std::uint64_t)> progress,
                                      callback<void> done) {
  return std::make_unique<blob_fetch>(std::move(into), std::move(progress), std::move(done));
}

} // namespace gantry::store
