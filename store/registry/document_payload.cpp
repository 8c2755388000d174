#include <algorithm>
#include <utility>

#include "messages/domain/manifest.hpp"
#include "store/hash.hpp"
#include "store/registry/error_body.hpp"
#include "store/registry/payload.hpp"

namespace gantry::store {

namespace {

/// A body kept in memory, up to a limit.
class bounded_body {
public:
  explicit bounded_body(std::size_t limit) : limit_(limit) {}

  void clear() { bytes_.clear(); }
  bool add(const response_head& head, std::span<const char> bytes) {
    if (head.length.value_or(0) > limit_ || bytes.size() > limit_ - bytes_.size()) return false;
    bytes_.append(bytes.data(), bytes.size());
    return true;
  }
  [[nodiscard]] std::size_t limit() const { return limit_; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

private:
  std::size_t limit_;
  std::string bytes_;
};

class manifest_fetch final : public payload {
public:
  manifest_fetch(const reference& of, callback<fetched_manifest> done)
      : target_(of.target()), pinned_(of.content), done_(std::move(done)) {}

  [[nodiscard]] std::string path() const override { return "manifests/" + target_; }
  [[nodiscard]] std::string subject() const override { return "manifest " + target_; }

  std::vector<std::string> begin() override {
    body_.clear();
    std::vector<std::string> headers;
    for (const auto* type :
         {media_type::oci_index, media_type::oci_manifest, media_type::docker_list, media_type::docker_manifest})
      headers.push_back(std::string("Accept: ") + type);
    return headers;
  }

  taken receive(const response_head& head, std::span<const char> bytes) override {
    return body_.add(head, bytes) ? taken::all : taken::stop;
  }

  [[nodiscard]] error refusal() const override {
    return {errc::corrupt, fmt::format("larger than the limit of {} bytes", body_.limit()), 0};
  }

  result<void> complete(const response_head& head) override {
    auto algo = pinned_.empty() ? digest::algorithm::sha256 : pinned_.algo();
    found_ = {body_.bytes(), head.content_type, digest_of(body_.bytes(), algo)};
    if (!pinned_.empty() && found_.content != pinned_)
      return gantry::fail(errc::corrupt,
                          "the {} bytes that came have the digest {}: the registry or a proxy changed it",
                          found_.bytes.size(), found_.content.str());
    return check_header(head.content_digest);
  }

  void succeed() override { done_(std::move(found_)); }
  void fail(error reason) override { done_(tl::unexpected<error>(std::move(reason))); }

private:
  /// The registry's own word on the digest, when it gives one, must be true.
  [[nodiscard]] result<void> check_header(const std::string& header) const {
    if (header.empty()) return {};
    auto said = digest::parse(header);
    if (said && digest_of(found_.bytes, said->algo()) == *said) return {};
    return gantry::fail(errc::corrupt, "the registry calls its digest {}, but it is {}", printable(header, 150),
                        found_.content.str());
  }

  std::string target_;
  digest pinned_;
  callback<fetched_manifest> done_;
  bounded_body body_{max_manifest_bytes};
  fetched_manifest found_;
};

class document_fetch final : public payload {
public:
  document_fetch(const descriptor& what, std::size_t limit, callback<std::string> done)
      : content_(what.content), size_(what.size), limit_(limit), done_(std::move(done)),
        body_(static_cast<std::size_t>(std::min<std::uint64_t>(what.size, limit))) {}

  [[nodiscard]] std::string path() const override { return "blobs/" + content_.str(); }
  [[nodiscard]] std::string subject() const override { return "config " + content_.str(); }

  std::vector<std::string> begin() override {
    body_.clear();
    return {};
  }

  taken receive(const response_head& head, std::span<const char> bytes) override {
    return size_ <= limit_ && body_.add(head, bytes) ? taken::all : taken::stop;
  }

  [[nodiscard]] error refusal() const override {
    if (size_ > limit_) return {errc::exhausted, fmt::format("{} bytes, over the limit of {}", size_, limit_), 0};
    return {errc::corrupt, fmt::format("the registry sends more than the {} bytes that the descriptor says", size_), 0};
  }

  result<void> complete(const response_head&) override {
    if (body_.bytes().size() != size_)
      return gantry::fail(errc::corrupt,
                          "expected {} bytes, got {}: the registry or a proxy truncated it; pulling again may help",
                          size_, body_.bytes().size());
    auto found = digest_of(body_.bytes(), content_.algo());
    if (found == content_) return {};
    return gantry::fail(errc::corrupt,
                        "the {} bytes that came have the digest {}: the registry or a proxy changed them", size_,
                        found.str());
  }

  void succeed() override { done_(body_.take()); }
  void fail(error reason) override { done_(tl::unexpected<error>(std::move(reason))); }

private:
  digest content_;
  std::uint64_t size_;
  std::size_t limit_;
  callback<std::string> done_;
  bounded_body body_;
};

} // namespace

std::unique_ptr<payload> manifest_payload(const reference& of, callback<fetched_manifest> done) {
  return std::make_unique<manifest_fetch>(of, std::move(done));
}

std::unique_ptr<payload> document_payload(const descriptor& what, std::size_t limit, callback<std::string> done) {
  return std::make_unique<document_fetch>(what, limit, std::move(done));
}

} // namespace gantry::store
